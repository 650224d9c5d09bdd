package daemon

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/inferd/inferd/internal/config"
)

// Errors of Swap beside those of backends.
var (
	// ErrNotRunning: there is no daemon, or no longer.
	ErrNotRunning = errors.New("the daemon does not run")
	errGivenUp    = errors.New("the daemon is stopping")
)

// change is a call of Swap.
type change struct {
	config config.Config
	prints []string // of the config's backends
	done   <-chan struct{}
	cause  func() error
	reply  chan error // has room for the one reply
}

// Swap makes the daemon run the backends of c, in their order, instead of those
// that it runs, and returns when it does, or why it does not. Backends that are
// the same stay as they are. The others are loaded beside those that they
// replace where there is memory for both: no request fails, and the daemon stays
// ready. Else those are drained and ended first, requests wait in line, and the
// daemon is restarting until the new ones are up.
//
// Where a new backend does not come up, or ctx ends before it has, the daemon
// goes on with what it had. The rest of c is of no account. Calls take effect one
// after another, and none before the daemon is ready for the first time.
func (d *Daemon) Swap(ctx context.Context, c config.Config) error {
	ch := &change{
		config: c, prints: d.printsOf(c.Backends),
		done: ctx.Done(), cause: func() error { return context.Cause(ctx) }, reply: make(chan error, 1),
	}
	select {
	case d.swaps <- ch:
		err := <-ch.reply
		if err == nil {
			d.setPrints(c.Backends, ch.prints)
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.ended:
		return ErrNotRunning
	}
}

// swap is a change under way.
type swap struct {
	change  *change
	next    []*unit // the units after it
	coming  []*unit // those of next that must come up
	leaving []*unit // those that are not in next
	loading bool    // the coming ones are started
	cleared bool    // the leaving ones had to go first
	failed  error   // what it is taken back for; nil while it is not
}

// nextSwap is where the next change comes from, once it can be begun.
func (r *run) nextSwap() <-chan *change {
	if r.state == loading || r.swap != nil {
		return nil
	}
	return r.daemon.swaps
}

// swapGivenUp is closed when nobody waits for the change under way.
func (r *run) swapGivenUp() <-chan struct{} {
	if r.swap == nil || r.swap.failed != nil {
		return nil
	}
	return r.swap.change.done
}

// beginSwap finds out what is to change, and begins with it.
func (r *run) beginSwap(c *change) {
	s := &swap{change: c}
	for i, b := range c.config.Backends {
		u := r.find(b, c.prints[i])
		if u == nil {
			u = r.newUnit(b, c.prints[i])
			s.coming = append(s.coming, u)
		}
		s.next = append(s.next, u)
	}
	for _, u := range r.units {
		if u.fixed {
			s.next = append(s.next, u)
		} else if !slices.Contains(s.next, u) {
			s.leaving = append(s.leaving, u)
		}
	}
	if len(s.next) == 0 {
		r.ended(c, errNoBackend)
		return
	}
	r.swap = s
	if len(s.coming) == 0 || len(s.leaving) == 0 {
		r.loadComing()
		return
	}
	// Headers of files are read for it: a disk that hangs must not hold up the
	// loop.
	r.weigh(s, configsOf(r.units), configsOf(s.coming))
}

// weighed goes on with a swap now that it is known whether there is room, unless
// it was given up meanwhile.
func (r *run) weighed(s *swap, fits bool) {
	switch {
	case s != r.swap:
	case fits:
		r.loadComing()
	default:
		r.log.Info("changing backends: the old ones go first, there is no room beside them")
		r.clear()
	}
}

// find is the unit that a backend of the new config already has.
func (r *run) find(b config.Backend, print string) *unit {
	for _, u := range r.units {
		if u.is(b, print) {
			return u
		}
	}
	return nil
}

// loadComing starts the new backends.
func (r *run) loadComing() {
	s := r.swap
	if s == nil || s.loading {
		return
	}
	s.loading = true
	for _, u := range s.coming {
		r.log.Info("loading a backend", slog.String("backend", u.name()))
	}
	r.startAll(s.coming)
	r.advance()
}

// advance ends the swap once all that come are up, or one of them can't be.
func (r *run) advance() {
	s := r.swap
	if s == nil || !s.loading {
		return
	}
	for _, u := range s.coming {
		// What was there before is taken back whole or in part.
		if u.failed != nil && s.failed == nil {
			r.failSwap(&BackendError{Name: u.name(), Err: u.failed})
			return
		}
		if !u.up && u.failed == nil {
			return
		}
	}
	r.commit()
}

// ended notes how a change has ended. Who waits for it hears of it once all that
// follows from it is done.
func (r *run) ended(c *change, err error) {
	r.replies = append(r.replies, func() { c.reply <- err })
}

// reply tells who waits for a change that has ended.
func (r *run) reply() {
	for _, tell := range r.replies {
		tell()
	}
	r.replies = nil
}

// dropSwap answers who waits for a change when the daemon stops.
func (r *run) dropSwap() {
	if r.swap != nil {
		r.ended(r.swap.change, errGivenUp)
	}
	r.reply()
}
