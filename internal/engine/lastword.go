package engine

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/inferd/inferd/internal/engine/proto"
)

func ended(why string) *StartError {
	return &StartError{Kind: proto.FailEngine, Message: "the engine worker ended: " + why, Advice: "run: inferd doctor"}
}

// lastWord is what there is to say about a process that ended by itself: how it
// ended, its last line, the one that says that it got no memory, and whether
// the system has killed processes for memory since it started. A signal's
// number tells nobody that memory was short.
func lastWord(how, last, short string, kills bool) *StartError {
	switch {
	case short != "":
		how = "it ran out of memory (" + how + "): " + short
	case kills && strings.Contains(how, "killed"):
		how = "memory ran out, and the system killed it (" + how + ")"
	default:
		if last != "" {
			how += ": " + last
		}
		return ended(how)
	}
	e := ended(how)
	e.Kind = proto.FailMemory
	e.Advice = "a smaller n_ctx, fewer slots or a smaller cache_mib; `inferd models plan` says what takes how much"
	return e
}

// tail hands a process's error output on to the log, a line each, and keeps
// the last one, and the last that says that there was no memory.
type tail struct {
	log interface{ Warn(string, ...any) }

	// mu guards the fields below.
	mu    sync.Mutex
	line  string
	short string
}

// noMemory are the words of those that ask for memory and get none: the Go
// runtime, the engine, the allocators of C and C++, and the loader.
var noMemory = []string{"out of memory", "failed to allocate", "unable to allocate", "bad_alloc", "annot allocate memory"}

func newTail(log interface{ Warn(string, ...any) }) *tail { return &tail{log: log} }

// copy reads until the end.
func (t *tail) copy(r io.Reader) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 4<<10), 64<<10)
	for s.Scan() {
		line := strings.ToValidUTF8(s.Text(), "\uFFFD")
		if strings.TrimSpace(line) == "" {
			continue
		}
		t.mu.Lock()
		t.line = line
		if slices.ContainsFunc(noMemory, func(words string) bool { return strings.Contains(line, words) }) {
			t.short = line
		}
		t.mu.Unlock()
		t.log.Warn("engine worker", "line", line)
	}
	_, _ = io.Copy(io.Discard, r) // after a line too long, so that the worker never blocks
}

func (t *tail) last() (line, short string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.line, t.short
}
