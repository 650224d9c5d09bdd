package host

import (
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
	chain   *llama.Sampler // nil where no stage is on
	grammar *llama.Sampler // nil without one
	cand    *llama.Candidates
}

// newSampler makes a request's sampler. cand is scratch that the samplers of
// one loop share: only one of them works at a time.
func newSampler(m *llama.Model, p wire.Params, seed uint32, cand *llama.Candidates) (*sampler, error) {
	s := &sampler{greedy: p.Temperature == 0, seed: seed, cand: cand}
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

// Sample implements batch.Sampler.
func (s *sampler) Sample(logits []float32, at int) (batch.Token, error) {
	if broken(logits) {
		return 0, batch.ErrLogits
	}
	t := s.pick(logits, at, false)
	if s.grammar != nil {
		// Checking the one token that was chosen is far cheaper than
		// masking the vocabulary, and it passes most of the time.
		s.cand.Only(t, 0)
		s.grammar.Apply(s.cand)
		if _, logit := s.cand.At(0); math.IsInf(float64(logit), -1) {
			t = s.pick(logits, at, true)
		}
		s.grammar.Accept(t)
	}
	if s.chain != nil {
		s.chain.Accept(t)
	}
	return t, nil
}

// pick chooses a token, out of those that the grammar allows if masked.
func (s *sampler) pick(logits []float32, at int, masked bool) batch.Token {
	if s.chain == nil && !masked {
		return argmax(logits)
	}
	s.cand.Reset(logits)
	if masked {
		s.grammar.Apply(s.cand)
	}
	if s.chain != nil {
		s.chain.Apply(s.cand)
	}
	logit := func(i int) float32 { _, l := s.cand.At(i); return l }
	if s.greedy {
		best := 0
		for i := range s.cand.Len() {
			if logit(i) > logit(best) {
				best = i
			}
		}
		t, _ := s.cand.At(best)
		return t
	}
	t, _ := s.cand.At(choose(draw(s.seed, at), s.cand.Len(), logit))
	return t
}

// Close implements batch.Sampler.
func (s *sampler) Close() {
	for _, n := range []*llama.Sampler{s.chain, s.grammar} {
		if n != nil {
			n.Close()
		}
	}
}

// argmax is the likeliest token; the first of equals.
func argmax(logits []float32) batch.Token {
	best := 0
	for i, l := range logits {
		if l > logits[best] {
			best = i
		}
	}
	return batch.Token(best)
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
