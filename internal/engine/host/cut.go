package host

import (
	"slices"

	"github.com/inferd/inferd/internal/engine/batch"
)

// cutter picks the tokens that can still be chosen out of a whole vocabulary,
// before the sampler chain sees any: the chain then works on some dozens
// instead of many thousands. Its memory is reused.
type cutter struct {
	ids    []batch.Token // a heap by logit: the least likely is first
	logits []float32
}

// cut keeps the k likeliest of the tokens that are not in recent, and all that
// are. What a chain makes of these is what it would make of the whole row:
// penalties change only tokens that were written before, so the k likeliest
// after them are among these. It reports false for a row that holds a NaN.
func (c *cutter) cut(logits []float32, k int, recent []batch.Token) bool {
	// That many hold k which are not recent, whichever of them are.
	k = min(k+len(recent), len(logits))
	c.ids, c.logits = c.ids[:0], c.logits[:0]
	for i, l := range logits[:k] {
		if l != l {
			return false
		}
		c.ids, c.logits = append(c.ids, batch.Token(i)), append(c.logits, l)
	}
	for j := k/2 - 1; j >= 0; j-- {
		c.sink(j)
	}
	if !c.scan(logits, k) {
		return false
	}
	c.include(logits, recent)
	return true
}

// scan goes through the row from k on and puts what is likelier than the least
// of the heap in its place.
func (c *cutter) scan(logits []float32, k int) bool {
	least := c.logits[0]
	i := k
	// Nearly all are less, so eight are looked at in one go. The comparison is
	// the wrong way round on purpose: a NaN is not less or equal either.
	for ; i+8 <= len(logits); i += 8 {
		b := logits[i : i+8 : i+8]
		if b[0] <= least && b[1] <= least && b[2] <= least && b[3] <= least &&
			b[4] <= least && b[5] <= least && b[6] <= least && b[7] <= least {
			continue
		}
		for j, l := range b {
			if !c.offer(batch.Token(i+j), l) {
				return false
			}
		}
		least = c.logits[0]
	}
	for ; i < len(logits); i++ {
		if !c.offer(batch.Token(i), logits[i]) {
			return false
		}
	}
	return true
}

// offer takes a token in if it is likelier than the least; false for a NaN.
func (c *cutter) offer(t batch.Token, l float32) bool {
	if l > c.logits[0] {
		c.ids[0], c.logits[0] = t, l
		c.sink(0)
	}
	return l == l
}

// include adds those tokens that are not in yet.
func (c *cutter) include(logits []float32, tokens []batch.Token) {
	for _, t := range tokens {
		if !slices.Contains(c.ids, t) {
			c.ids, c.logits = append(c.ids, t), append(c.logits, logits[t])
		}
	}
}

// sink restores the heap's order below i.
func (c *cutter) sink(i int) {
	for {
		least := i
		for _, kid := range [2]int{2*i + 1, 2*i + 2} {
			if kid < len(c.logits) && c.logits[kid] < c.logits[least] {
				least = kid
			}
		}
		if least == i {
			return
		}
		c.ids[i], c.ids[least] = c.ids[least], c.ids[i]
		c.logits[i], c.logits[least] = c.logits[least], c.logits[i]
		i = least
	}
}
