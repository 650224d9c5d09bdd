package batch

import "fmt"

// counter is a model that can say how many tokens a sequence holds.
type counter interface {
	// End is the position after the last token of a sequence; 0 if empty.
	End(seq int) int
}

// verify holds the loop's books against the model's: every sequence belongs to
// one slot or to nobody, and holds as many tokens as the books say. A mistake
// there gives wrong answers long before it gives an error, so it is a panic;
// but it takes a call for every sequence, so it is made only where the race
// detector is on, in tests.
func (l *Loop) verify() {
	m, ok := l.model.(counter)
	if !checked || !ok {
		return
	}
	seen := make(map[int]bool, l.cfg.Slots)
	claim := func(seq, tokens int, who string) {
		if seen[seq] {
			panic(fmt.Sprintf("batch: sequence %d has two owners, one of them %s", seq, who))
		}
		seen[seq] = true
		if n := m.End(seq); n != tokens {
			panic(fmt.Sprintf("batch: sequence %d of %s holds %d tokens, the books say %d", seq, who, n, tokens))
		}
	}
	for _, s := range l.slots {
		claim(s.seq, s.cached, "a slot")
	}
	for _, seq := range l.free {
		tokens := 0
		if e := l.prefixes.idle[seq]; e != nil {
			tokens = len(e.tokens)
		}
		claim(seq, tokens, "nobody")
	}
	if len(seen) != l.cfg.Slots {
		panic(fmt.Sprintf("batch: %d sequences are accounted for, of %d", len(seen), l.cfg.Slots))
	}
}
