package batch

import (
	"context"
	"time"
)

// quiet is how long nobody must have asked anything before a state is saved
// ahead: who goes on with a conversation shall not wait for that.
const quiet = time.Second

// wait waits for notes. Where none come for a while, it saves what the next
// newcomer will drive out of its sequence: a long state takes as long to copy as
// some prompt tokens to compute, and else that would be the newcomer's time.
func (l *Loop) wait(ctx context.Context) {
	var calm <-chan time.Time
	e := l.endangered()
	if e != nil {
		t := time.NewTimer(quiet)
		defer t.Stop()
		calm = t.C
	}
	select {
	case <-ctx.Done():
	case <-l.inbox.Wake():
	case <-calm:
		l.save(e)
	}
}

// endangered is the entry that goes next, if it is worth saving.
func (l *Loop) endangered() *entry {
	if l.prefixes.budget == 0 || len(l.free) == 0 {
		return nil
	}
	if _, e := l.prefixes.oldestIdle(l.free); e != nil && l.worth(e, len(e.tokens)) {
		return e
	}
	return nil
}

// worth reports whether an idle entry, of which so many tokens would be lost, is
// worth a copy in host memory.
func (l *Loop) worth(e *entry, lost int) bool {
	return lost >= worthSaving && !e.large && !l.prefixes.covered(e)
}
