package encode

import (
	"context"

	"github.com/inferd/inferd/internal/engine/inbox"
)

// Loop runs requests through a model. Submit and Cancel are safe for
// concurrent use.
type Loop struct {
	model Model
	out   Output
	cfg   Config

	// The loop's own: only Run touches these.
	jobs    []*job // in order of arrival
	turn    int    // whose turn it is to be first in a batch
	entries []Entry
	ids     []uint64 // whose batch is computed

	inbox *inbox.Box[note]
}

// note is a message to the loop: a request to run, or the number of one to
// cancel.
type note struct {
	req    *Request
	cancel uint64
}

// New makes a loop. Run runs it.
func New(m Model, out Output, cfg Config) *Loop {
	return &Loop{model: m, out: out, cfg: cfg, inbox: inbox.New[note](m.Abort)}
}

// Submit hands a request over. The loop reports its end exactly once.
func (l *Loop) Submit(r *Request) { l.inbox.Put(note{req: r}) }

// Cancel ends a request early. An unknown one, or one that has just ended, is
// no fault.
func (l *Loop) Cancel(id uint64) { l.inbox.Cancel(id, note{cancel: id}) }

// Run turns the loop until ctx ends. Requests that run then are dropped
// without a word: the process is about to end.
func (l *Loop) Run(ctx context.Context) {
	for {
		l.readInbox()
		worked := l.compute()
		l.out.Flush()
		if worked && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-l.inbox.Wake():
		}
	}
}

// readInbox applies the notes that came in since the last batch.
func (l *Loop) readInbox() {
	for _, n := range l.inbox.Take() {
		if n.req != nil {
			l.admit(n.req)
			continue
		}
		if j := l.find(n.cancel); j != nil {
			l.end(j, ErrCancelled)
		}
	}
}

func (l *Loop) find(id uint64) *job {
	for _, j := range l.jobs {
		if j.req.ID == id {
			return j
		}
	}
	return nil
}

func (l *Loop) admit(r *Request) {
	j := newJob(r)
	l.jobs = append(l.jobs, j)
	if j.open == 0 {
		l.end(j, nil)
	}
}

// end takes a request out and reports it.
func (l *Loop) end(j *job, err error) {
	for i, o := range l.jobs {
		if o == j {
			l.jobs = append(l.jobs[:i], l.jobs[i+1:]...)
			if l.turn > i {
				l.turn--
			}
			break
		}
	}
	j.ended = true
	l.out.End(j.req.ID, err)
}
