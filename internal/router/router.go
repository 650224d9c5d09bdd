// Package router chooses the backend for each request and keeps the books on
// how each dispatch ended. It never retries and never calls a backend itself:
// the caller of Pick dispatches, and reports back.
package router

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

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

// Router picks among a fixed list of backends. It is safe for concurrent use.
type Router struct {
	entries []*entry // in order of preference
}

// entry is one backend and its own books. They belong to the name, so that
// two backends of one kind never answer for each other.
type entry struct {
	backend  backend.Backend
	running  atomic.Int64
	outcomes [OwnFault + 1]atomic.Uint64 // by Outcome
}

// Stats is how the dispatches to one backend ended so far.
type Stats struct {
	Name string
	// Running is how many were picked and are not done.
	Running int64
	// The rest counts the finished ones by Outcome.
	OK, CallerFault, BackendFault, Cancelled, OwnFault uint64
}

// New returns a router over backends, in order of preference. It panics on two
// backends of one name, which the config refuses.
func New(backends []backend.Backend) *Router {
	r := &Router{}
	names := make(map[string]bool, len(backends))
	for _, b := range backends {
		name := b.Name()
		if names[name] {
			panic(fmt.Sprintf("router: two backends named %q", name))
		}
		names[name] = true
		r.entries = append(r.entries, &entry{backend: b})
	}
	return r
}

// Offers is what a request can hope for: the capabilities of all backends that
// meet n, ready or not, put together. Where they differ in more than what they
// can, the first counts.
func (r *Router) Offers(n Need) backend.Capabilities {
	var all backend.Capabilities
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
	candidates := make([]candidate, len(r.entries))
	for i, e := range r.entries {
		candidates[i] = candidate{
			capable: n.metBy(e.backend.Capabilities()),
			ready:   e.backend.Ready(),
		}
	}
	index, why := pick(candidates)
	switch why {
	case noneCapable:
		return nil, nil, ErrNone
	case noneReady:
		return nil, nil, ErrNotReady
	}
	e := r.entries[index]
	return e.backend, e.begin(), nil
}

// Stats returns the books of every backend, in order of preference.
func (r *Router) Stats() []Stats {
	all := make([]Stats, len(r.entries))
	for i, e := range r.entries {
		all[i] = Stats{
			Name:         e.backend.Name(),
			Running:      e.running.Load(),
			OK:           e.outcomes[OK].Load(),
			CallerFault:  e.outcomes[CallerFault].Load(),
			BackendFault: e.outcomes[BackendFault].Load(),
			Cancelled:    e.outcomes[Cancelled].Load(),
			OwnFault:     e.outcomes[OwnFault].Load(),
		}
	}
	return all
}

// begin books a dispatch and returns the func that books its end.
func (e *entry) begin() (done func(Outcome)) {
	e.running.Add(1)
	var once sync.Once
	return func(o Outcome) {
		if o < OK || o > OwnFault {
			o = OwnFault // so that the books add up
		}
		once.Do(func() {
			e.outcomes[o].Add(1)
			e.running.Add(-1)
		})
	}
}
