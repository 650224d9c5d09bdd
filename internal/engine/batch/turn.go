package batch

import "time"

// turn computes what every slot needs next and deals with what came of it. It
// reports whether there was anything to do.
//
// The answers come first: their tokens are on their way before the prompts
// are read.
func (l *Loop) turn() bool {
	l.catchUp()
	l.verify()
	var reading int
	l.writers, l.readers, reading = plan(l.writers, l.readers, l.slots, l.cfg.Batch, &l.pacer)
	if len(l.writers)+len(l.readers) == 0 {
		return false
	}
	l.draft()
	l.steps, l.spare = writingSteps(l.steps[:0], l.spare[:0], l.writers, l.cfg.Batch, l.canSpare)
	l.steps, l.spare = l.reshape(l.steps, l.spare, time.Now())
	took, whole := l.run(l.steps)
	if whole && len(l.writers) > 0 && len(l.guesses) == 0 {
		l.pacer.wrote(took)
	}
	if !whole || reading == 0 {
		return true
	}
	l.flush(l.pacer.reading(reading))
	l.steps = readingSteps(l.steps[:0], l.readers)
	if took, whole = l.run(l.steps); whole {
		l.pacer.read(reading, took)
	}
	return true
}

// run computes steps. It reports how long they took, and whether all of them
// were computed.
func (l *Loop) run(steps []step) (took time.Duration, whole bool) {
	for i := range steps {
		t, ok := l.compute(&steps[i])
		if !ok {
			return 0, false
		}
		took += t
	}
	return took, true
}

// compute computes one step.
func (l *Loop) compute(st *step) (took time.Duration, ok bool) {
	l.shares = append(l.shares[:0], st.shares...)
	for len(l.shares) > 0 {
		l.fill(st.spare)
		began := time.Now()
		status, err := l.decode()
		now := time.Now()
		l.took = now.Sub(began)
		for _, seq := range st.spare {
			l.model.Remove(seq, l.holds(seq))
		}
		switch {
		case err != nil:
			l.failed(err)
			return 0, false
		case status == Decoded:
			if len(l.entries) == len(l.shares)+len(st.spare) {
				l.shaper.observe(len(l.entries), l.took, now)
			}
			l.commit(now)
			return l.took, true
		case status == Aborted:
			l.rollBack()
			return 0, false
		case len(st.spare) > 0: // Full
			st.spare = nil
		default:
			l.shrink()
		}
	}
	return 0, false
}

// draft lets the one answer that is being written guess ahead. With others
// beside it the machine is busy enough: guesses would only slow them down.
func (l *Loop) draft() {
	l.guesses = l.guesses[:0]
	if l.cfg.NoDraft || !l.cfg.Cuts || len(l.writers) != 1 || len(l.readers) > 0 {
		return
	}
	sh := &l.writers[0]
	// The last token that may be written is sampled, never guessed.
	room := min(l.cfg.Batch-1, sh.slot.limit-sh.slot.written()-1)
	if room > 0 && sh.slot.pending() == 1 {
		l.guesses = sh.slot.guess.propose(l.guesses, sh.slot.tokens, room)
		sh.draft = l.guesses
	}
}

// fill lays the shares out as entries, the spare sequences in their places
// among them.
func (l *Loop) fill(spare []int) {
	l.entries, l.rows = l.entries[:0], l.rows[:0]
	for _, sh := range l.shares {
		s := sh.slot
		spare = l.fillSpare(spare, s.seq)
		for at := s.cached; at < s.cached+sh.n; at++ {
			// Only the last token of all has a successor to be sampled.
			l.entries = append(l.entries, Entry{Token: s.tokens[at], Seq: int32(s.seq), Pos: int32(at), Logits: at == len(s.tokens)-1})
		}
		l.rows = append(l.rows, len(l.entries)-1)
		for i, t := range sh.draft {
			l.entries = append(l.entries, Entry{Token: t, Seq: int32(s.seq), Pos: int32(len(s.tokens) + i), Logits: true})
		}
	}
	l.fillSpare(spare, l.cfg.Slots)
}

// fillSpare lays the spare sequences before seq out, and returns the others.
// Which token they get does not matter: one that the step computes anyway.
func (l *Loop) fillSpare(spare []int, seq int) []int {
	s := l.shares[0].slot
	for len(spare) > 0 && spare[0] < seq {
		l.entries = append(l.entries, Entry{Token: s.tokens[s.cached], Seq: int32(spare[0]), Pos: int32(l.holds(spare[0]))})
		spare = spare[1:]
	}
	return spare
}

// canSpare reports whether a sequence may be fed a token that is forgotten
// again.
func (l *Loop) canSpare(seq int) bool { return l.cfg.Cuts && l.holds(seq) < l.cfg.Context }

// holds is how many tokens are in a sequence, by the books.
func (l *Loop) holds(seq int) int {
	for _, s := range l.slots {
		if s.seq == seq {
			return s.cached
		}
	}
	if e := l.prefixes.idle[seq]; e != nil {
		return len(e.tokens)
	}
	return 0
}

// decode computes the entries, with the step open for aborts meanwhile.
func (l *Loop) decode() (Status, error) {
	l.ids = l.ids[:0]
	for _, sh := range l.shares {
		l.ids = append(l.ids, sh.slot.req.ID)
	}
	l.inbox.Open(l.ids)
	defer l.inbox.Close()
	return l.model.Decode(l.entries)
}
