package batch

import (
	"context"
	"slices"
	"time"

	"github.com/inferd/inferd/internal/engine/inbox"
	"github.com/inferd/inferd/internal/prompt/stop"
	"github.com/inferd/inferd/wire"
)

// Loop runs requests through a model. Submit, Cancel, Pause and Resume are
// safe for concurrent use.
type Loop struct {
	model Model
	vocab Vocabulary
	out   Output
	cfg   Config

	// The loop's own: only Run touches these.
	waiting  []*Request
	parked   []*slot // without a sequence, because they were paused
	slots    []*slot // running, in order of arrival
	free     []int   // sequences that no slot has
	prefixes *prefixes
	pacer    pacer
	shaper   shaper
	outlet   outlet
	writers  []share // of this turn
	readers  []share
	steps    []step  // of the writers, then of the readers
	spare    []int   // what the steps' spare sequences lie in
	shares   []share // of the step that is computed
	entries  []Entry
	rows     []int         // where each share's first row of logits is
	guesses  []Token       // what the shares' drafts lie in
	took     time.Duration // the last step
	ids      []uint64      // whose step that was

	inbox *inbox.Box[note]
}

// note is a message to the loop.
type note struct {
	kind noteKind
	id   uint64
	req  *Request
}

type noteKind uint8

const (
	noteSubmit noteKind = iota
	noteCancel
	notePause
	noteResume
)

// New makes a loop. Run runs it.
func New(m Model, v Vocabulary, out Output, cfg Config) *Loop {
	l := &Loop{model: m, vocab: v, out: out, cfg: cfg, inbox: inbox.New[note](m.Abort),
		prefixes: newPrefixes(cfg.HostBytes), pacer: pacer{most: cfg.Batch}}
	for seq := cfg.Slots - 1; seq >= 0; seq-- {
		l.free = append(l.free, seq)
	}
	return l
}

// Submit hands a request over. Its prompt must leave room in the context for
// at least one token. The loop reports its end exactly once, and closes its
// sampler.
func (l *Loop) Submit(r *Request) { l.inbox.Put(note{kind: noteSubmit, id: r.ID, req: r}) }

// Cancel ends a request early. An unknown one, or one that has just ended, is
// no fault.
func (l *Loop) Cancel(id uint64) { l.inbox.Cancel(id, note{kind: noteCancel, id: id}) }

// Pause stops a request's turns until Resume: its reader is slow.
func (l *Loop) Pause(id uint64) { l.inbox.Put(note{kind: notePause, id: id}) }

// Resume undoes Pause.
func (l *Loop) Resume(id uint64) { l.inbox.Put(note{kind: noteResume, id: id}) }

// Run turns the loop until ctx ends. Requests that run then are dropped
// without a word: the process is about to end.
func (l *Loop) Run(ctx context.Context) {
	for ctx.Err() == nil {
		l.readInbox()
		l.park()
		if len(l.waiting) > 0 {
			l.flush(unknown) // copying states may take longer than parts may wait
		}
		l.admit()
		began := time.Now()
		if l.turn() {
			l.flush(time.Since(began)) // the next turn is much like this one
			continue
		}
		l.flush(unknown)
		l.wait(ctx)
	}
}

// readInbox applies the notes that came in since the last turn.
func (l *Loop) readInbox() {
	for _, n := range l.inbox.Take() {
		switch n.kind {
		case noteSubmit:
			l.waiting = append(l.waiting, n.req)
		case noteCancel:
			l.cancel(n.id)
		case notePause, noteResume:
			if s := l.find(n.id); s != nil {
				s.paused = n.kind == notePause
			}
		}
	}
}

func (l *Loop) find(id uint64) *slot {
	for _, list := range [][]*slot{l.slots, l.parked} {
		for _, s := range list {
			if s.req.ID == id {
				return s
			}
		}
	}
	return nil
}

func (l *Loop) cancel(id uint64) {
	if s := l.find(id); s != nil {
		s.cancelled = true
		l.end(s, s.result(wire.StopCancelled))
		return
	}
	for i, r := range l.waiting {
		if r.ID == id {
			l.waiting = slices.Delete(l.waiting, i, i+1)
			r.Sampler.Close()
			l.outlet.urgent = true
			l.out.End(id, Result{Stop: wire.StopCancelled, Usage: wire.Usage{PromptTokens: len(r.Prompt)}})
			return
		}
	}
}

// admit gives free sequences to whoever waits: those that were parked and are
// wanted again first, then new requests, in order.
func (l *Loop) admit() {
	for i := 0; i < len(l.parked) && len(l.free) > 0; {
		s := l.parked[i]
		if s.paused {
			i++
			continue
		}
		l.parked = slices.Delete(l.parked, i, i+1)
		l.begin(s)
	}
	for len(l.free) > 0 && len(l.waiting) > 0 {
		r := l.waiting[0]
		l.waiting = slices.Delete(l.waiting, 0, 1)
		s := &slot{
			req:     r,
			tokens:  append(make([]Token, 0, len(r.Prompt)+min(r.MaxTokens, 256)), r.Prompt...),
			limit:   min(r.MaxTokens, l.cfg.Context-len(r.Prompt)),
			answer:  answer{parser: r.Parser, matcher: stop.New(r.Stop)},
			started: time.Now(),
		}
		l.begin(s)
		s.reused, s.miss = s.cached, s.why
	}
}

// begin gives s a sequence.
func (l *Loop) begin(s *slot) {
	s.seq, s.cached, s.why = l.settle(s.req.User, s.tokens)
	l.leaveEnough(s)
	s.leader = l.leaderOf(s)
	l.slots = append(l.slots, s)
}

// leaderOf finds a slot that is reading a good deal of what s has to read.
func (l *Loop) leaderOf(s *slot) (leader *slot) {
	if !l.cfg.Cuts {
		return nil
	}
	best := s.cached + worthSaving
	for _, o := range l.slots {
		if o.req.User != s.req.User || !o.reading() || o.paused {
			continue
		}
		if n := min(common(o.req.Prompt, s.tokens), len(s.tokens)-1); n >= best {
			leader, best = o, n+1
		}
	}
	return leader
}

// catchUp takes over what the leaders of slots have read for them.
func (l *Loop) catchUp() {
	for _, s := range l.slots {
		if s.leader == nil || s.follows() != nil {
			continue
		}
		s.leader = nil
		hit, n := l.prefixes.tree(s.req.User).longest(s.tokens[:len(s.tokens)-1])
		if hit == nil || n < s.cached+worthSaving {
			continue
		}
		s.cached = l.restore(s.seq, l.stateOf(hit), n)
		miss := l.explain(s.req.User, s.tokens, s.cached)
		l.leaveEnough(s)
		if s.written() == 0 {
			s.reused, s.miss = s.cached, miss
		}
	}
}

// park takes the sequence of a slot whose reader is slow, where others wait
// for one. Its state is remembered like any other's; it comes back when its
// reader has caught up.
func (l *Loop) park() {
	for len(l.free) == 0 && len(l.waiting) > 0 {
		i := slices.IndexFunc(l.slots, func(s *slot) bool { return s.paused })
		if i < 0 {
			return
		}
		s := l.slots[i]
		l.slots = slices.Delete(l.slots, i, i+1)
		l.remember(s)
		s.cached = 0
		l.parked = append(l.parked, s)
	}
}

// show reports the parts that a slot has ready.
func (l *Loop) show(s *slot) {
	for _, e := range s.answer.parts {
		l.out.Part(s.req.ID, s.answer.counted(), e)
	}
}

// end takes a request out of its slot and reports it.
func (l *Loop) end(s *slot, r Result) {
	l.outlet.urgent = true
	if r.Err == nil && !s.cancelled {
		s.answer.flush()
		l.show(s)
	}
	s.gone = true
	if i := slices.Index(l.slots, s); i >= 0 {
		l.slots = slices.Delete(l.slots, i, i+1)
		l.remember(s)
	} else {
		l.parked = slices.DeleteFunc(l.parked, func(o *slot) bool { return o == s })
	}
	s.req.Sampler.Close()
	l.out.End(s.req.ID, r)
}
