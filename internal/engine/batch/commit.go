package batch

import (
	"time"

	"github.com/inferd/inferd/wire"
)

// commit takes the computed step over: what was fed is in the cache, and
// each slot that has fed all it had gets its next tokens.
func (l *Loop) commit(now time.Time) {
	for i, sh := range l.shares {
		s := sh.slot
		wasReading := s.reading()
		s.cached += sh.n
		if wasReading && s.req.Progress && s.written() == 0 {
			l.out.Prefill(s.req.ID, s.cached, len(s.req.Prompt))
			l.outlet.urgent = true
		}
		if wasReading && !s.reading() && s.read.IsZero() {
			s.read = now
			l.share(s)
		}
		if s.pending() == 0 {
			l.write(sh, l.rows[i])
		}
	}
}

// write samples a slot's next token, and goes on through the guesses for as
// long as they hold.
func (l *Loop) write(sh share, row int) {
	s := sh.slot
	held := 0
	for {
		t, alive := l.sample(s, row+held)
		if !alive || held == len(sh.draft) || t != sh.draft[held] {
			break
		}
		// The guess is the token, and is in the cache already.
		s.cached++
		held++
	}
	if len(l.shares) == 1 && len(l.readers) == 0 { // else the time is not this slot's alone
		s.guess.result(len(sh.draft), held, l.took)
	}
	if len(sh.draft) > held && !s.gone {
		l.model.Remove(s.seq, s.cached)
	}
}

// sample gives s its next token, and ends it where that is the last.
func (l *Loop) sample(s *slot, row int) (t Token, alive bool) {
	t, err := s.req.Sampler.Sample(l.model.Logits(row), len(s.tokens))
	if err != nil {
		l.end(s, s.failure(err))
		return t, false
	}
	s.last = time.Now()
	if s.first.IsZero() {
		s.first = s.last
		l.outlet.urgent = true
	}
	if l.vocab.IsEOG(t) {
		s.answer.finish()
		l.show(s)
		return t, l.goesOn(s, true)
	}
	s.tokens = append(s.tokens, t)
	s.piece = l.vocab.Piece(s.piece[:0], t)
	s.answer.push(s.piece)
	l.show(s)
	return t, l.goesOn(s, false)
}

// goesOn ends s where its last token was the last of all; ended says that it
// was the one that ends an answer.
func (l *Loop) goesOn(s *slot, ended bool) bool {
	var r Result
	switch a := &s.answer; {
	case a.malformed != nil:
		r = s.failure(a.malformed)
	case a.stopped:
		r = s.result(wire.StopEnd)
		r.StopString = true
	case ended:
		r = s.result(wire.StopEnd)
		r.ToolUse = a.called
	case s.written() >= s.limit:
		r = s.result(wire.StopLength)
	default:
		return true
	}
	l.end(s, r)
	return false
}

func (s *slot) failure(err error) Result {
	r := s.result(wire.StopError)
	r.Err = err
	return r
}

// rollBack undoes an aborted batch: any part of it may be in the cache.
func (l *Loop) rollBack() {
	for _, sh := range l.shares {
		if !l.model.Remove(sh.slot.seq, sh.slot.cached) { // can't be cut: from the start again
			l.model.Remove(sh.slot.seq, 0)
			sh.slot.cached = 0
		}
	}
}

// failed ends every request of a batch that the model refused. Which of them
// was at fault is not known, and the state of their sequences neither.
func (l *Loop) failed(err error) {
	for _, sh := range l.shares {
		sh.slot.spoilt = true
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
