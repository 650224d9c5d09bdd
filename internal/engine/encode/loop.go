package encode

import (
	"context"
	"sync"
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

	// mu guards the fields below.
	mu    sync.Mutex
	inbox []note
	// step is the set of requests in the batch that is being computed now.
	step map[uint64]bool
	wake chan struct{}
}

// note is a message to the loop: a request to run, or the number of one to
// cancel.
type note struct {
	req    *Request
	cancel uint64
}

// New makes a loop. Run runs it.
func New(m Model, out Output, cfg Config) *Loop {
	return &Loop{model: m, out: out, cfg: cfg, step: map[uint64]bool{}, wake: make(chan struct{}, 1)}
}

// Submit hands a request over. The loop reports its end exactly once.
func (l *Loop) Submit(r *Request) { l.post(note{req: r}) }

// Cancel ends a request early. An unknown one, or one that has just ended, is
// no fault.
func (l *Loop) Cancel(id uint64) { l.post(note{cancel: id}) }

func (l *Loop) post(n note) {
	l.mu.Lock()
	l.inbox = append(l.inbox, n)
	if n.req == nil && l.step[n.cancel] {
		delete(l.step, n.cancel)
		// A batch that somebody waits for goes on: it would have to be computed
		// again.
		if len(l.step) == 0 {
			l.model.Abort(true)
		}
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

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
		case <-l.wake:
		}
	}
}

// readInbox applies the notes that came in since the last batch.
func (l *Loop) readInbox() {
	l.mu.Lock()
	notes := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	for _, n := range notes {
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
