package host

import (
	"errors"
	"math"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/wire"
)

// penaltyWindow is how many tokens the penalties look back on: llama.cpp's own
// default.
const penaltyWindow = 64

// sampler chooses tokens for one request: llama.cpp's chain narrows the
// candidates down, the last draw is ours.
type sampler struct {
	greedy  bool
	seed    uint32
	keep    int            // tokens that can be chosen at most; 0 is all
	recent  []batch.Token  // what the penalties look back on, if there are any
	chain   *llama.Sampler // nil where no stage is on
	grammar *llama.Sampler // nil without one
	scratch *scratch
}

// scratch is the memory that the samplers of one loop share: only one of them
// works at a time.
type scratch struct {
	cand llama.Candidates
	cut  cutter
}

// newSampler makes a request's sampler.
func newSampler(m *llama.Model, p wire.Params, seed uint32, mem *scratch) (*sampler, error) {
	s := &sampler{greedy: p.Temperature == 0, seed: seed, scratch: mem}
	o := llama.ChainOptions{
		RepeatPenalty:    float32(p.RepeatPenalty),
		FrequencyPenalty: float32(p.FrequencyPenalty),
		PresencePenalty:  float32(p.PresencePenalty),
		PenaltyWindow:    penaltyWindow,
		TopP:             1,
		Temperature:      1,
	}
	if !s.greedy {
		o.TopK, o.TopP, o.MinP = p.TopK, float32(p.TopP), float32(p.MinP)
		o.Temperature = float32(p.Temperature)
		s.keep = min(p.TopK, m.VocabSize())
	} else {
		s.keep = 1
	}
	if o.Penalizes() {
		s.recent = make([]batch.Token, 0, penaltyWindow)
	}
	if !s.greedy || o.Penalizes() {
		s.chain = m.NewChain(o)
	}
	if p.Grammar != "" {
		g, err := m.NewGrammar(p.Grammar)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.grammar = g
	}
	return s, nil
}

// errGrammarEnd means that the grammar lets no token pass, not even the end of
// the answer.
var errGrammarEnd = errors.New("the grammar allows no token here")

// Sample implements batch.Sampler.
func (s *sampler) Sample(logits []float32, at int) (batch.Token, error) {
	t, err := s.pick(logits, at, false)
	if err != nil {
		return 0, err
	}
	if s.grammar != nil {
		// Checking the one token that was chosen is far cheaper than
		// masking the vocabulary, and it passes most of the time.
		s.scratch.cand.Only(t, 0)
		s.grammar.Apply(&s.scratch.cand)
		if _, logit := s.scratch.cand.At(0); barred(logit) {
			if t, err = s.pick(logits, at, true); err != nil {
				return 0, err
			}
		}
		s.grammar.Accept(t)
	}
	s.accept(t)
	return t, nil
}

// accept tells the stages that look back which token was chosen.
func (s *sampler) accept(t batch.Token) {
	if s.recent == nil {
		return
	}
	s.chain.Accept(t)
	if len(s.recent) == penaltyWindow {
		s.recent = append(s.recent[:0], s.recent[1:]...)
	}
	s.recent = append(s.recent, t)
}

// pick chooses a token, out of those that the grammar allows if masked.
func (s *sampler) pick(logits []float32, at int, masked bool) (batch.Token, error) {
	mem := s.scratch
	switch {
	case len(logits) == 0:
		return 0, batch.ErrLogits
	case masked || s.keep == 0:
		if broken(logits) {
			return 0, batch.ErrLogits
		}
		mem.cand.Reset(logits)
	case !mem.cut.cut(logits, s.keep, s.recent):
		return 0, batch.ErrLogits
	case s.chain == nil:
		return mem.cut.ids[0], nil
	default:
		mem.cand.Set(mem.cut.ids, mem.cut.logits)
	}
	if masked {
		s.grammar.Apply(&mem.cand)
	}
	if s.chain != nil {
		s.chain.Apply(&mem.cand)
	}
	t, logit := mem.cand.At(s.draw(at))
	if barred(logit) {
		return 0, errGrammarEnd
	}
	return t, nil
}

// draw chooses among the candidates that are left.
func (s *sampler) draw(at int) int {
	c := &s.scratch.cand
	logit := func(i int) float32 { _, l := c.At(i); return l }
	if !s.greedy {
		return choose(draw(s.seed, at), c.Len(), logit)
	}
	best := 0
	for i := range c.Len() {
		if logit(i) > logit(best) {
			best = i
		}
	}
	return best
}

// barred reports whether a stage took a token out.
func barred(logit float32) bool { return math.IsInf(float64(logit), -1) }

// Close implements batch.Sampler.
func (s *sampler) Close() {
	for _, n := range []*llama.Sampler{s.chain, s.grammar} {
		if n != nil {
			n.Close()
		}
	}
}

// broken reports whether a row can't be sampled from: it is missing, or holds
// a NaN. Broken weights decode without any error.
func broken(logits []float32) bool {
	var sum [4]float32 // four chains, so that the additions overlap
	n := len(logits) &^ 3
	for i := 0; i < n; i += 4 {
		sum[0] += logits[i]
		sum[1] += logits[i+1]
		sum[2] += logits[i+2]
		sum[3] += logits[i+3]
	}
	for _, l := range logits[n:] {
		sum[0] += l
	}
	if total := sum[0] + sum[1] + sum[2] + sum[3]; total == total && len(logits) > 0 {
		return false
	}
	for _, l := range logits { // the sum can also overflow, of opposite infinities
		if l != l {
			return true
		}
	}
	return len(logits) == 0
}
