package daemon

import (
	"slices"

	"github.com/inferd/inferd/internal/config"
)

// line has the backends of this machine start one after another: each plans
// with the memory that there is when it begins, which must not be what the one
// before is about to take. Only the loop uses it.
type line struct {
	loading *unit   // has begun, and may still take memory
	waiting []*unit // have not begun
}

// startAll starts backends, those that load a model in their order.
func (r *run) startAll(units []*unit) {
	for _, u := range units {
		if u.cfg.Kind == config.KindLlamaCPP {
			r.line.waiting = append(r.line.waiting, u)
		} else {
			r.startUnit(u)
		}
	}
	r.startNext()
}

// startNext starts who is first in line, if it is its turn.
func (r *run) startNext() {
	l := &r.line
	if l.loading != nil || len(l.waiting) == 0 {
		return
	}
	l.loading, l.waiting = l.waiting[0], l.waiting[1:]
	r.startUnit(l.loading)
}

// leaveLine lets the next one begin once e says that its unit takes no more
// memory: it is up, or gone. That one nobody asks about any more is up says
// nothing: it is being ended, and its memory comes back.
func (r *run) leaveLine(e event) {
	u := e.unit
	if u == nil || u != r.line.loading {
		return
	}
	if e.kind == eventEnded || e.kind == eventUp && !u.retired {
		r.line.loading = nil
		r.startNext()
	}
}

// stopUnit ends a unit, which may not have begun.
func (r *run) stopUnit(u *unit) {
	if i := slices.Index(r.line.waiting, u); i >= 0 {
		r.line.waiting = slices.Delete(r.line.waiting, i, i+1)
		close(u.ended)
		return
	}
	u.stop()
}
