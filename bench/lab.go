package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/gguf"
)

// lab is what the rows measure with.
type lab struct {
	places  places // absolute
	quick   bool
	samples int // that a row needs
	threads int
	out     io.Writer
	watch   func() (done func() noise)
	// settle is how long an arm waits after another: a server's threads may
	// look out for more work for a while, and that is nobody's noise.
	settle time.Duration

	model string // the benchmark model's file, once it is made
	seed  uint64 // of the last prompt
}

func newLab(o options, out io.Writer) (*lab, error) {
	if runtime.GOOS == "windows" {
		return nil, errors.New("this system has one place for the sockets of all daemons: a daemon can't be measured apart from the user's own")
	}
	if o.threads < 1 || o.threads > 1024 {
		return nil, fmt.Errorf("-threads %d: it must be a number from 1 to 1024", o.threads)
	}
	l := &lab{places: o.places, quick: o.quick, samples: 5, threads: o.threads, out: out, watch: watchNoise, settle: 1500 * time.Millisecond}
	if o.quick {
		l.samples = 3
	}
	for _, path := range []*string{&l.places.inferd, &l.places.engine, &l.places.builtin, &l.places.peer, &l.places.cache} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return nil, err
		}
		*path = abs
	}
	for _, path := range []string{l.places.inferd, l.worker(), l.places.engine, l.places.builtin} {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%w; run it at the top of the repository, after make build engine", err)
		}
	}
	return l, nil
}

// worker is the engine's program.
func (l *lab) worker() string { return filepath.Join(filepath.Dir(l.places.inferd), "inferd-engine") }

// say reports progress.
func (l *lab) say(format string, args ...any) { fmt.Fprintf(l.out, format+"\n", args...) }

// pick is the size of something: in a full run, and in a quick one.
func (l *lab) pick(full, quick int) int {
	if l.quick {
		return quick
	}
	return full
}

// fresh is a seed that no prompt of this run was made from.
func (l *lab) fresh() uint64 {
	l.seed++
	return l.seed
}

// benchModel is the file of the benchmark model. It is made once, of random
// weights, and kept under a name that changes with what it is made of.
func (l *lab) benchModel() (string, error) {
	if l.model != "" {
		return l.model, nil
	}
	config := gguf.BenchModel()
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%+v", config)
	name := fmt.Sprintf("model-%016x.gguf", hash.Sum64())
	dir, err := disk.MakeReal(l.places.cache)
	if err != nil {
		return "", fmt.Errorf("keep the benchmark model: %w", err)
	}
	defer func() { _ = dir.Close() }()
	_, err = dir.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		l.say("   making the benchmark model")
		err = disk.AtomicWrite(dir, name, func(w io.Writer) error { return gguf.WriteModel(w, config) })
	}
	if err != nil {
		return "", fmt.Errorf("make the benchmark model: %w", err)
	}
	l.model = dir.Path(name)
	return l.model, nil
}

// describe is this run, for the results.
func (l *lab) describe(ctx context.Context, args []string) Run {
	processor, kernel, memory := machineFacts()
	return Run{
		Date: time.Now().UTC().Format(time.DateTime) + " UTC", Command: strings.Join(append([]string{"bench"}, args...), " "),
		Commit: commit(ctx), Processor: processor, Cores: runtime.NumCPU(), Kernel: kernel, MemoryMiB: memory,
		Threads: l.threads, Quick: l.quick,
	}
}

// commit is the version that is measured, as far as git knows.
func commit(ctx context.Context) string {
	head, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	changes, err := exec.CommandContext(ctx, "git", "status", "--porcelain").Output()
	if err != nil || len(changes) > 0 {
		return strings.TrimSpace(string(head)) + ", with changes"
	}
	return strings.TrimSpace(string(head))
}
