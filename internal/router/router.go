// Package router chooses the backend for each request and keeps the books on
// how each dispatch ended. It never retries and never calls a backend itself:
// the caller of Pick or Await dispatches, and reports back.
package router

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// Errors of Router.Pick. Their text is the message on the wire.
var (
	// ErrNone: no backend can do what the request needs.
	ErrNone = errors.New(wire.MsgNoBackend)
	// ErrNotReady: a backend could, but none that could is ready.
	ErrNotReady = errors.New(wire.MsgBackendNotReady)
)

// UnableError is the ErrNone that a backend has given a reason for.
type UnableError struct{ Why string }

func (e *UnableError) Error() string { return e.Why }

// Is reports that it is an ErrNone.
func (*UnableError) Is(target error) bool { return target == ErrNone }

// Need is what a request needs of its backend.
type Need struct {
	Generate bool
	// V2 is a generation of typed content; the next five are about it.
	V2, Tools, Thinking, Structured bool
	Vision, Audio                   bool
	Embed, Rerank                   bool
}

func (n Need) metBy(c backend.Capabilities) bool {
	for _, one := range []struct{ needed, there bool }{
		{n.Generate, c.Generate}, {n.V2, c.V2}, {n.Tools, c.Tools}, {n.Thinking, c.Thinking}, {n.Structured, c.StructuredOutput},
		{n.Vision, c.Vision}, {n.Audio, c.Audio}, {n.Embed, c.Embed}, {n.Rerank, c.Rerank},
	} {
		if one.needed && !one.there {
			return false
		}
	}
	return true
}

// Router picks among a list of backends, which may be replaced. It is safe for
// concurrent use.
type Router struct {
	// mu guards the fields below.
	mu      sync.Mutex
	entries []*entry         // in order of preference
	books   map[string]*book // by name
	changed chan struct{}    // closed when another Pick may end otherwise
	closed  bool
	expects bool
}

// entry is one backend in the list, or one that has left it while requests run
// there.
type entry struct {
	backend backend.Backend
	book    *book
	running int
	left    bool
	idle    chan struct{} // closed when it has left and nothing runs there
}

// New returns a router over backends, in order of preference. It panics on two
// backends of one name, which the config refuses.
func New(backends []backend.Backend) *Router {
	r := &Router{books: make(map[string]*book), changed: make(chan struct{})}
	r.Set(backends)
	return r
}

// Set replaces the list. A backend that is in it already keeps what runs there.
// It returns, for each that is not in it any more, a channel that is closed when
// nothing runs there. Set panics as New does.
func (r *Router) Set(backends []backend.Backend) (left map[backend.Backend]<-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.entries
	r.entries = nil
	left = make(map[backend.Backend]<-chan struct{})
	names := make(map[string]bool, len(backends))
	for _, b := range backends {
		name := b.Name()
		if names[name] {
			panic(fmt.Sprintf("router: two backends named %q", name))
		}
		names[name] = true
		r.entries = append(r.entries, r.entryLocked(old, b))
	}
	for _, e := range old {
		if indexOf(r.entries, e.backend) < 0 {
			e.left = true
			e.settleLocked()
			left[e.backend] = e.idle
		}
	}
	r.changedLocked()
	return left
}

func (r *Router) entryLocked(old []*entry, b backend.Backend) *entry {
	if i := indexOf(old, b); i >= 0 {
		return old[i]
	}
	name := b.Name()
	if r.books[name] == nil {
		r.books[name] = &book{}
	}
	return &entry{backend: b, book: r.books[name], idle: make(chan struct{})}
}

func indexOf(entries []*entry, b backend.Backend) int {
	for i, e := range entries {
		if e.backend == b {
			return i
		}
	}
	return -1
}

// Expect says whether backends are to come that are not in the list yet. While
// they are, a request that none in the list can serve waits.
func (r *Router) Expect(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expects = on
	r.changedLocked()
}

// Changed says that a backend may have become ready, or can do other things
// than before: whoever waits in Await looks again.
func (r *Router) Changed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changedLocked()
}

func (r *Router) changedLocked() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// Close ends all waiting in Await: nothing becomes ready any more.
func (r *Router) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.changedLocked()
}

// Offers is what a request can hope for: the capabilities of all backends that
// meet n, ready or not, put together. Where they differ in more than what they
// can, the first counts. Of backends that are to come everything is hoped.
func (r *Router) Offers(n Need) backend.Capabilities {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all backend.Capabilities
	if r.expects {
		all = backend.Capabilities{
			Generate: true, V2: true, Tools: true, Thinking: true, StructuredOutput: true,
			Vision: true, Audio: true, Embed: true, Rerank: true,
		}
	}
	for _, e := range slices.Backward(r.entries) {
		c := e.backend.Capabilities()
		if !n.metBy(c) {
			continue
		}
		c.Vision, c.Audio = c.Vision || all.Vision, c.Audio || all.Audio
		c.Tools, c.Thinking = c.Tools || all.Tools, c.Thinking || all.Thinking
		c.StructuredOutput = c.StructuredOutput || all.StructuredOutput
		c.AudioSampleRate = cmp.Or(c.AudioSampleRate, all.AudioSampleRate)
		all = c
	}
	return all
}

// Pick returns the first backend that is ready and can do what n needs, else
// ErrNone or ErrNotReady. The caller calls done once with how the dispatch
// ended, on every path; calls after the first do nothing, so that a deferred
// one can stand in for the paths that a panic takes.
func (r *Router) Pick(n Need) (b backend.Backend, done func(Outcome), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pickLocked(n)
}

// Await is Pick that waits while a backend could do what n needs and none that
// could is ready, until one is. It returns ErrNotReady when the router is
// closed, and the cause of ctx when that ends first.
func (r *Router) Await(ctx context.Context, n Need) (b backend.Backend, done func(Outcome), err error) {
	for {
		r.mu.Lock()
		b, done, err := r.pickLocked(n)
		changed, closed := r.changed, r.closed
		r.mu.Unlock()
		if err == nil || closed || !errors.Is(err, ErrNotReady) {
			return b, done, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}

func (r *Router) pickLocked(n Need) (backend.Backend, func(Outcome), error) {
	candidates := make([]candidate, len(r.entries))
	whyNot := ""
	for i, e := range r.entries {
		c := e.backend.Capabilities()
		candidates[i] = candidate{capable: n.metBy(c), ready: e.backend.Ready()}
		whyNot = cmp.Or(whyNot, c.WhyNot)
	}
	index, why := pick(candidates)
	switch why {
	case noneCapable:
		if r.expects {
			return nil, nil, ErrNotReady
		}
		if whyNot != "" {
			return nil, nil, &UnableError{whyNot}
		}
		return nil, nil, ErrNone
	case noneReady:
		return nil, nil, ErrNotReady
	}
	e := r.entries[index]
	return e.backend, r.beginLocked(e), nil
}
