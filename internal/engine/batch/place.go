package batch

import "fmt"

// worthSaving is the number of tokens from which a state is worth a copy into
// host memory, or out of it: below, computing again is as quick.
const worthSaving = 64

// settle finds a sequence for a request with these tokens, and as much of them
// in it already as it can. It returns the sequence, how many tokens are in the
// cache, and why it is not all of them.
//
// There must be a free sequence.
func (l *Loop) settle(user uint32, tokens []Token) (seq, have int, miss string) {
	// One token at least is computed: its row of logits is not kept.
	hit, n := l.prefixes.tree(user).longest(tokens[:len(tokens)-1])
	if hit != nil && !l.cfg.Cuts && n < len(hit.tokens) {
		hit, n = nil, 0 // it can't be cut where the two part
	}
	known := n
	switch {
	case hit == nil:
		seq = l.vacate()
	case hit.where != idle:
		seq, have = l.copyIn(hit, n)
	case l.cfg.HostBytes == 0 && n < worthSaving && len(hit.tokens)-n >= worthSaving:
		seq = l.vacate() // more would be lost than gained
	default:
		seq, have = hit.seq, n
		l.takeOver(hit, n)
	}
	l.free = remove(l.free, seq)
	return seq, have, l.explain(user, tokens, max(have, known))
}

// leaveEnough forgets a token more where one alone of the prompt would be left to
// read: see least.
func (l *Loop) leaveEnough(s *slot) {
	if s.cached > 0 && s.unread() == 1 && l.cfg.Cuts && l.model.Remove(s.seq, s.cached-1) {
		s.cached--
	}
}

// takeOver makes an idle sequence's first n tokens the start of a request. The
// rest of it is saved where it is worth it.
func (l *Loop) takeOver(e *entry, n int) {
	if l.worth(e, len(e.tokens)-n) {
		l.save(e)
	}
	l.prefixes.drop(e)
	l.model.Remove(e.seq, n)
}

// copyIn empties a sequence and copies the first n tokens of an entry that is
// elsewhere into it.
func (l *Loop) copyIn(e *entry, n int) (seq, have int) {
	if n < worthSaving {
		return l.vacate(), 0
	}
	state := l.stateOf(e)
	seq = l.vacate()
	return seq, l.restore(seq, state, n)
}

// stateOf is a copy of an entry's state.
func (l *Loop) stateOf(e *entry) []byte {
	l.prefixes.touch(e)
	if e.where == saved {
		return e.state
	}
	return l.model.Save(e.seq)
}

// restore makes the first n tokens of a state the content of a sequence, whose
// own is dropped. It returns what is in it then: n, or nothing.
func (l *Loop) restore(seq int, state []byte, n int) (have int) {
	l.model.Remove(seq, 0)
	if !l.model.Restore(seq, state) || !l.model.Remove(seq, n) {
		l.model.Remove(seq, 0)
		return 0
	}
	return n
}

// vacate empties the free sequence that is missed least, and returns it. What
// was in it is saved where that is worth it.
func (l *Loop) vacate() int {
	seq, content := l.prefixes.oldestIdle(l.free)
	if content != nil {
		if l.worth(content, len(content.tokens)) {
			l.save(content)
		}
		l.prefixes.drop(content)
		l.model.Remove(seq, 0)
	}
	return seq
}

// save copies an idle entry's state into host memory.
func (l *Loop) save(e *entry) {
	if l.prefixes.budget == 0 {
		l.prefixes.mourn(e)
		return
	}
	state := l.model.Save(e.seq)
	e.large = len(state) > l.prefixes.budget
	switch {
	case len(state) == 0:
	case e.large:
		l.prefixes.mourn(e)
	default:
		copied := &entry{user: e.user, tokens: e.tokens, where: saved, seq: -1, state: state}
		if l.cfg.Cuts {
			l.prefixes.dropBeginnings(copied)
		}
		l.prefixes.keep(copied)
	}
}

// explain says why a request has to compute what it has to: for its receipt.
// known is how many of its tokens were remembered, used or not.
func (l *Loop) explain(user uint32, tokens []Token, known int) string {
	switch {
	case known == len(tokens)-1:
		return ""
	case known > 0:
		return fmt.Sprintf("diverged_at:%d", known)
	case !l.cfg.Cuts:
		return "not_cacheable"
	case l.prefixes.wasHere(user, tokens):
		return "evicted"
	}
	return "first_seen"
}

// remember makes the content of a sequence that has just become free findable.
func (l *Loop) remember(s *slot) {
	if s.shared != nil {
		l.prefixes.drop(s.shared)
		s.shared = nil
	}
	l.free = append(l.free, s.seq)
	if s.cached == 0 || s.spoilt {
		l.model.Remove(s.seq, 0)
		return
	}
	l.model.Remove(s.seq, s.cached) // what was fed but not taken over
	l.prefixes.add(&entry{user: s.req.User, tokens: s.tokens[:s.cached], where: idle, seq: s.seq})
}

// share makes a prompt that has just been read findable for others, while its
// request goes on.
func (l *Loop) share(s *slot) {
	if !l.cfg.Cuts || len(s.req.Prompt) < worthSaving || s.shared != nil {
		return
	}
	s.shared = &entry{user: s.req.User, tokens: s.req.Prompt, where: running, seq: s.seq}
	l.prefixes.add(s.shared)
}

func remove(from []int, seq int) []int {
	for i, s := range from {
		if s == seq {
			return append(from[:i], from[i+1:]...)
		}
	}
	return from
}
