package engine

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/engine/proto"
)

// A worker that takes more than there is for it ends, and what is said of it is
// about memory and not about a signal.
func TestRun_SaysThatMemoryRanOut(t *testing.T) {
	o := run(t, "takes all memory")
	o.ready(t)
	_, err := o.Generate(t.Context(), proto.Generate{}, func([]proto.Event) error { return nil })
	if !errors.Is(err, ErrDown) {
		t.Errorf("the request ended with %v", err)
	}
	reason := <-o.down
	start, ok := errors.AsType[*StartError](reason)
	if !ok || start.Kind != proto.FailMemory || !strings.Contains(start.Message, "ran out of memory") || !strings.Contains(start.Hint(), "n_ctx") {
		t.Errorf("the worker ended with %#v", reason)
	}
	o.ready(t)
}

func TestLastWord_TellsMemoryFromTheRest(t *testing.T) {
	for _, c := range []struct {
		how, last, short string
		kills            bool
		kind             proto.FailKind
		want             string
	}{
		{"exit status 7", "the engine broke", "", false, proto.FailEngine, "exit status 7: the engine broke"},
		{"exit status 7", "", "", true, proto.FailEngine, "exit status 7"},
		{"signal: killed", "", "", false, proto.FailEngine, "signal: killed"},
		{"signal: killed", "", "", true, proto.FailMemory, "memory ran out, and the system killed it"},
		{"signal: aborted", "goroutine 1", "failed to allocate buffer", false, proto.FailMemory, "it ran out of memory (signal: aborted): failed to allocate buffer"},
	} {
		e := lastWord(c.how, c.last, c.short, c.kills)
		if e.Kind != c.kind || !strings.Contains(e.Message, c.want) || e.Hint() == "" {
			t.Errorf("%+v: %#v", c, e)
		}
	}
}

func TestTail_KeepsWhoAskedForMemory(t *testing.T) {
	for text, want := range map[string]string{
		"all is well\n":                        "",
		"x: out of memory\ngoroutine 1\n\n":    "x: out of memory",
		"what():  std::bad_alloc\nSIGABRT\n":   "what():  std::bad_alloc",
		"mmap: Cannot allocate memory":         "mmap: Cannot allocate memory",
		"failed to allocate CPU buffer\nbye\n": "failed to allocate CPU buffer",
		strings.Repeat("long", 20_000) + "\nx": "",
	} {
		tail := newTail(slog.New(slog.DiscardHandler))
		tail.copy(strings.NewReader(text))
		if _, short := tail.last(); short != want {
			t.Errorf("of %.40q it keeps %q, want %q", text, short, want)
		}
	}
}
