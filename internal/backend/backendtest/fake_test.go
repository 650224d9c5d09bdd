package backendtest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/wire"
)

// verdict is a testing.TB that keeps what a check complains of. What it does
// not define is nil in the embedded interface: no check may use it.
type verdict struct {
	testing.TB
	context func() context.Context

	// mu guards the fields below.
	mu         sync.Mutex
	complaints []string
	cleanups   []func()
}

func (v *verdict) Helper()                  {}
func (v *verdict) Log(...any)               {}
func (v *verdict) Context() context.Context { return v.context() }

func (v *verdict) Cleanup(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cleanups = append(v.cleanups, f)
}

func (v *verdict) Error(args ...any) { v.Errorf("%s", fmt.Sprint(args...)) }

func (v *verdict) Errorf(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.complaints = append(v.complaints, fmt.Sprintf(format, args...))
}

func (v *verdict) Fatalf(format string, args ...any) {
	v.Errorf(format, args...)
	runtime.Goexit()
}

// judge runs one check on a backend and returns the check's complaints.
func judge(t *testing.T, name string, b backend.Backend) string {
	t.Helper()
	v := &verdict{context: t.Context}
	s := &suite{
		TB: v, patience: time.Second, // by the bubble's clock
		Subject: Subject{
			Backend: b, Request: ask("a short one", 20), Long: ask("a long one", 1<<30),
			Invalid: ask(strings.Repeat("word ", context16), 1), Repeatable: true,
			Typed: typed(),
		},
	}
	var done sync.WaitGroup
	done.Go(func() {
		for _, check := range checks {
			if check.name == name {
				check.run(s)
				return
			}
		}
		v.Errorf("there is no check %s", name)
	})
	done.Wait()
	<-time.After(s.patience) // for complaints that come late
	for _, cleanup := range v.cleanups {
		cleanup()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(v.complaints, "\n")
}

func ask(content string, maxTokens int) *backend.Request {
	return &backend.Request{
		Messages: []wire.Message{{Role: wire.RoleUser, Content: content}},
		Params:   wire.Params{MaxTokens: maxTokens},
	}
}

// typed is a request whose answer has all there is.
func typed() *backend.Request {
	return &backend.Request{
		Chat: &backend.Chat{
			Messages: []wire.V2Message{{Role: wire.RoleUser, Content: []wire.Block{{Type: wire.BlockText, Text: "hello"}}}},
			Tools:    []wire.Tool{{Name: "f", InputSchema: []byte("{}")}},
		},
		Params: wire.Params{MaxTokens: 20},
	}
}

// context16 is the context of the mock under the faulty backends, in tokens.
const context16 = 1 << 16

// generate is the type of Backend.Generate.
type generate func(context.Context, *backend.Request, func([]backend.Event) error) (backend.Result, error)

// faulty is a mock with some of its methods replaced.
type faulty struct {
	*mock.Backend
	name     func() string
	caps     func() backend.Capabilities
	generate generate
}

func newFaulty(damage func(*faulty)) *faulty {
	b := mock.New(mock.Config{
		Tokens: []string{"One", " two", " thrée", " four", "."}, Loop: true, Slots: 2, ContextTokens: context16,
		FirstDelay: 1e6, TokenDelay: 1e6, // in the bubble, where time costs nothing
	})
	f := &faulty{Backend: b, name: b.Name, caps: b.Capabilities, generate: b.Generate}
	damage(f)
	return f
}

func (f *faulty) Name() string                       { return f.name() }
func (f *faulty) Capabilities() backend.Capabilities { return f.caps() }

func (f *faulty) Generate(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
	return f.generate(ctx, req, emit)
}

// onEvent replaces the events of every answer.
func onEvent(change func(e backend.Event) []backend.Event) func(*faulty) {
	return func(f *faulty) {
		f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
			return f.Backend.Generate(ctx, req, func(events []backend.Event) error {
				var changed []backend.Event
				for _, e := range events {
					changed = append(changed, change(e)...)
				}
				return emit(changed)
			})
		}
	}
}

// onEnd replaces the result and the error of every answer.
func onEnd(change func(backend.Result, error) (backend.Result, error)) func(*faulty) {
	return func(f *faulty) {
		f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
			return change(f.Backend.Generate(ctx, req, emit))
		}
	}
}

// onRequest replaces what the mock is asked.
func onRequest(change func(context.Context, *backend.Request) (context.Context, *backend.Request)) func(*faulty) {
	return func(f *faulty) {
		f.generate = func(ctx context.Context, req *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
			ctx, req = change(ctx, req)
			return f.Backend.Generate(ctx, req, emit)
		}
	}
}
