package batch

import (
	"time"

	"github.com/inferd/inferd/wire"
)

// turn computes one batch and deals with what came of it. It reports whether
// there was anything to do.
func (l *Loop) turn() bool {
	l.shares = plan(l.shares, l.slots, l.cfg.Batch)
	for len(l.shares) > 0 {
		l.fill()
		status, err := l.decode()
		switch {
		case err != nil:
			l.failed(err)
			return true
		case status == Decoded:
			l.commit()
			return true
		case status == Aborted:
			l.rollBack()
			return true
		}
		l.shrink() // Full
	}
	return false
}

// fill lays the shares out as entries.
func (l *Loop) fill() {
	l.entries, l.rows = l.entries[:0], l.rows[:0]
	for _, sh := range l.shares {
		s := sh.slot
		for i := range sh.n {
			at := s.cached + i
			l.entries = append(l.entries, Entry{
				Token: s.tokens[at], Seq: int32(s.seq), Pos: int32(at),
				// Only the last token of all has a successor to be sampled.
				Logits: at == len(s.tokens)-1,
			})
		}
		l.rows = append(l.rows, len(l.entries)-1)
	}
}

// decode computes the entries, with the step open for aborts meanwhile.
func (l *Loop) decode() (Status, error) {
	l.mu.Lock()
	for _, sh := range l.shares {
		l.step[sh.slot.req.ID] = true
	}
	// A cancel that came in before the step was open has its note in the
	// inbox and is seen after this batch; the next one will not hold it.
	l.mu.Unlock()

	status, err := l.model.Decode(l.entries)

	l.mu.Lock()
	clear(l.step)
	l.model.Abort(false)
	l.mu.Unlock()
	return status, err
}

// commit takes the computed batch over: what was fed is in the cache, and
// each slot that has fed all it had gets its next token.
func (l *Loop) commit() {
	now := time.Now()
	for i, sh := range l.shares {
		s := sh.slot
		wasReading := s.reading()
		s.cached += sh.n
		if wasReading && s.req.Progress {
			l.out.Prefill(s.req.ID, min(s.cached, len(s.req.Prompt)), len(s.req.Prompt))
		}
		if s.pending() > 0 {
			continue
		}
		if wasReading {
			s.read = now
		}
		l.sample(s, l.rows[i])
	}
}

// sample gives s its next token and ends it where that is the last.
func (l *Loop) sample(s *slot, row int) {
	t, err := s.req.Sampler.Sample(l.model.Logits(row), len(s.tokens))
	if err != nil {
		l.end(s, s.failure(err))
		return
	}
	s.last = time.Now()
	if s.first.IsZero() {
		s.first = s.last
	}
	if l.vocab.IsEOG(t) {
		l.end(s, s.result(wire.StopEnd))
		return
	}
	s.tokens = append(s.tokens, t)
	text, tokens, stopped := s.push(l.vocab, t)
	if text != "" {
		l.out.Text(s.req.ID, tokens, text)
	}
	switch {
	case stopped:
		l.end(s, s.result(wire.StopEnd))
	case s.written() >= s.limit:
		l.end(s, s.result(wire.StopLength))
	}
}

func (s *slot) failure(err error) Result {
	r := s.result(wire.StopError)
	r.Err = err
	return r
}

// rollBack undoes an aborted batch: any part of it may be in the cache.
func (l *Loop) rollBack() {
	for _, sh := range l.shares {
		l.model.Remove(sh.slot.seq, sh.slot.cached)
	}
}

// failed ends every request of a batch that the model refused. Which of them
// was at fault is not known, and the state of their sequences neither.
func (l *Loop) failed(err error) {
	for _, sh := range l.shares {
		l.end(sh.slot, sh.slot.failure(err))
	}
}

// shrink makes room where the cache had none for the batch: the youngest
// prompt's share goes first, and where only one request is left that still
// does not fit, that one ends.
func (l *Loop) shrink() {
	last := len(l.shares) - 1
	s := l.shares[last].slot
	l.shares = l.shares[:last]
	if last == 0 {
		l.end(s, s.failure(ErrNoRoom))
	}
}
