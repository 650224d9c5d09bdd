package host

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/memplan"
)

// limitedEnv makes the test binary a process under a limit, which takes so many
// MiB.
const limitedEnv = "INFERD_TEST_TAKES_MIB"

func init() {
	if mib := os.Getenv(limitedEnv); mib != "" {
		actAsLimited(mib)
		os.Exit(0)
	}
}

// actAsLimited runs under the limit of a small model's plan.
func actAsLimited(mib string) {
	n, err := strconv.Atoi(mib)
	if err != nil {
		panic(err)
	}
	raiseKillScore()
	limitMemory(tinyPlan(), 0)
	var held [][]byte
	for range n {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = 1
		}
		held = append(held, b)
	}
	score, err := os.ReadFile(killScore)
	if err != nil {
		panic(err)
	}
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_DATA, &lim); err != nil || lim.Cur != lim.Max || len(held) != n {
		panic(err)
	}
	_, _ = os.Stdout.Write(score)
}

func tinyPlan() memplan.Plan {
	var b bytes.Buffer
	f := new(gguf.File)
	err := gguf.WriteModel(&b, gguf.TinyModel())
	if err == nil {
		f, err = gguf.Parse(b.Bytes())
	}
	var p memplan.Plan
	if err == nil {
		p, err = memplan.For(f, memplan.Options{Slots: 1})
	}
	if err != nil {
		panic(err)
	}
	return p
}

func limited(t *testing.T, mib int) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), limitedEnv+"="+strconv.Itoa(mib))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// A worker gets what it is planned for, and not what a leak would take.
func TestLimitMemory_EndsAProcessThatTakesTooMuch(t *testing.T) {
	own, err := os.ReadFile(killScore)
	if err != nil {
		t.Fatal(err)
	}
	score, err := strconv.Atoi(strings.TrimSpace(string(own)))
	if err != nil {
		t.Fatal(err)
	}
	out, errs, err := limited(t, int(tinyPlan().Private()>>20))
	if want := strconv.Itoa(min(score+moreLikely, highestScore)); err != nil || strings.TrimSpace(out) != want {
		t.Errorf("within the plan: %v, score %q, want %s\n%.500s", err, out, want, errs)
	}
	_, errs, err = limited(t, 4<<10)
	short := strings.Contains(errs, "out of memory") || strings.Contains(errs, "failed to allocate") // the race detector's
	if _, ok := errors.AsType[*exec.ExitError](err); !ok || !short {
		t.Errorf("beyond the plan: %v\n%.500s", err, errs)
	}
}
