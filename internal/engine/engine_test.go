package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// workerEnv makes the test binary act as a worker with a script.
const workerEnv = "INFERD_TEST_WORKER_SCRIPT"

func TestMain(m *testing.M) {
	if script := os.Getenv(workerEnv); script != "" {
		if err := actAsWorker(script); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// observed is an engine over a scripted worker, and what it reported.
type observed struct {
	*Engine
	up    chan proto.Ready
	down  chan error
	ended chan error
}

func run(t *testing.T, script string) *observed {
	t.Helper()
	t.Setenv(workerEnv, script)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := &observed{up: make(chan proto.Ready, 100), down: make(chan error, 100), ended: make(chan error, 1)}
	o.Engine = New(Config{WorkerPath: self, Load: proto.Load{Slots: 2}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Events: Events{
			Loading: func(proto.Loading) {},
			Up:      func(r proto.Ready) { o.up <- r },
			Down:    func(err error) { o.down <- err },
		}})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { o.ended <- o.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-o.ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return o
}

func (o *observed) ready(t *testing.T) {
	t.Helper()
	select {
	case <-o.up:
	case err := <-o.ended:
		o.ended <- nil
		t.Fatalf("the engine ended: %v", err)
	}
}

func TestGenerate_PausesTheWorkerForASlowReader(t *testing.T) {
	o := run(t, "flood")
	o.ready(t)
	total := 0
	end, err := o.Generate(t.Context(), proto.Generate{}, func(ev []proto.Event) error {
		for _, e := range ev {
			total += len(e.Text)
		}
		return nil
	})
	if err != nil || end.Stop != wire.StopEnd || total != floodPieces*floodSize {
		t.Errorf("%+v, %v: %d bytes came through, want %d", end, err, total, floodPieces*floodSize)
	}
}

// sink is a worker's link that keeps what was written.
type sink struct{ bytes.Buffer }

func (*sink) Close() error { return nil }

func TestCall_PausesAboveItsBoundAndResumesOnce(t *testing.T) {
	out := new(sink)
	c := &call{w: &worker{conn: out}, id: 9, wake: make(chan struct{}, 1)}
	piece := proto.Event{Request: 9, Kind: proto.EventText, Tokens: 1, Text: make([]byte, 1000)}
	var b batch
	for round := range 3 {
		for range 3 * pauseAbove / len(piece.Text) {
			c.put(piece)
		}
		b = c.take(b)
		c.take(batch{})
		if want := 3 * pauseAbove / len(piece.Text); len(b.events) != want {
			t.Errorf("round %d: %d events, want %d", round, len(b.events), want)
		}
	}
	var got []proto.Kind
	for r := proto.NewReader(&out.Buffer, 100); ; {
		k, _, err := r.Next()
		if err != nil {
			break
		}
		got = append(got, k)
	}
	p, r := proto.KindPause, proto.KindResume
	if want := []proto.Kind{p, r, p, r, p, r}; !slices.Equal(got, want) {
		t.Errorf("the worker was told %v, want %v", got, want)
	}
}

func TestGenerate_EmitErrorCancelsAndComesBack(t *testing.T) {
	o := run(t, "until cancelled")
	o.ready(t)
	boom := errors.New("boom")
	calls := 0
	end, err := o.Generate(t.Context(), proto.Generate{}, func([]proto.Event) error { calls++; return boom })
	if !errors.Is(err, boom) || calls != 1 || end.Stop != wire.StopCancelled {
		t.Errorf("%+v, %v after %d calls", end, err, calls)
	}
}

func TestGenerate_EndsWithTheWorker(t *testing.T) {
	for script, want := range map[string]string{
		"exit in a request":    "exit status 7: the engine broke",
		"garbage in a request": "unexpected kind",
		"huge frame":           "allowed are 0 to",
		"text that is no text": "not UTF-8",
	} {
		t.Run(script, func(t *testing.T) {
			o := run(t, script)
			o.ready(t)
			_, err := o.Generate(t.Context(), proto.Generate{}, func([]proto.Event) error { return nil })
			if !errors.Is(err, ErrDown) || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want ErrDown with %q", err, want)
			}
			<-o.down
			o.ready(t)
			if o.Stats().Restarts != 1 || !o.Ready() {
				t.Errorf("stats %+v", o.Stats())
			}
		})
	}
}

func TestRun_SaysWhyTheFirstWorkerEnded(t *testing.T) {
	for script, want := range map[string]string{
		"exit at once":    "the engine worker ended: exit status 3: no luck today",
		"other version":   "speaks version 99",
		"fails to load":   "no such model",
		"garbage at once": "the engine worker ended",
	} {
		t.Run(script, func(t *testing.T) {
			o := run(t, script)
			err := <-o.ended
			o.ended <- nil
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
			if _, err := o.Generate(t.Context(), proto.Generate{}, nil); !errors.Is(err, ErrDown) {
				t.Errorf("Generate: %v", err)
			}
		})
	}
}

func TestScrub_DropsWhatLoadsOtherLibraries(t *testing.T) {
	got := scrub([]string{"PATH=/bin", "GGML_BACKEND_PATH=/evil.so", "LD_PRELOAD=x", "LD_LIBRARY_PATH=y", "HOME=/h"})
	if want := "GGML_NO_BACKTRACE=1 PATH=/bin HOME=/h"; strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}
