package llama

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// ChainOptions are the settings of a sampler chain, in the order in which they
// apply. A value that is off leaves its stage out.
type ChainOptions struct {
	RepeatPenalty    float32 // 1 is off
	FrequencyPenalty float32 // 0 is off
	PresencePenalty  float32 // 0 is off
	PenaltyWindow    int     // tokens that the penalties look back on
	TopK             int     // 0 is off
	TopP             float32 // 1 is off
	MinP             float32 // 0 is off
	Temperature      float32 // must be above 0 here: greedy needs no chain
}

// Penalizes reports whether any penalty is on.
func (o ChainOptions) Penalizes() bool {
	return o.RepeatPenalty != 1 || o.FrequencyPenalty != 0 || o.PresencePenalty != 0
}

// Candidates is a set of tokens that may come next. Its memory is reused from
// step to step.
type Candidates struct {
	data []tokenData
	arr  tokenDataArray
}

// Reset makes every token with its logit a candidate.
func (c *Candidates) Reset(logits []float32) {
	if cap(c.data) < len(logits) {
		c.data = make([]tokenData, len(logits))
	}
	c.data = c.data[:len(logits)]
	for i, l := range logits {
		c.data[i] = tokenData{ID: int32(i), Logit: l}
	}
	c.sync()
}

// Set makes these tokens the candidates. Both slices are of one length, and not
// empty.
func (c *Candidates) Set(ids []Token, logits []float32) {
	c.data = c.data[:0]
	for i, t := range ids {
		c.data = append(c.data, tokenData{ID: t, Logit: logits[i]})
	}
	c.sync()
}

// Only makes t the one candidate.
func (c *Candidates) Only(t Token, logit float32) {
	c.data = append(c.data[:0], tokenData{ID: t, Logit: logit})
	c.sync()
}

func (c *Candidates) sync() {
	c.arr = tokenDataArray{Data: &c.data[0], Size: uint64(len(c.data)), Selected: -1}
}

// Len is the number of candidates left.
func (c *Candidates) Len() int { return int(c.arr.Size) }

// At is a candidate and its logit.
func (c *Candidates) At(i int) (Token, float32) { return c.data[i].ID, c.data[i].Logit }

// Sampler narrows candidates down and remembers what was chosen. Close frees
// it.
type Sampler struct {
	lib *Library
	ptr uintptr
}

// NewChain makes the chain of the stages that are on. The final draw is not
// part of it.
func (m *Model) NewChain(o ChainOptions) *Sampler {
	l := m.lib
	chain := l.chainInit(chainParams{NoPerf: true})
	if o.Penalizes() {
		l.chainAdd(chain, l.penalties(int32(m.nv), int32(o.PenaltyWindow), o.RepeatPenalty, o.FrequencyPenalty, o.PresencePenalty))
	}
	if o.TopK > 0 {
		l.chainAdd(chain, l.topK(int32(o.TopK)))
	}
	if o.TopP < 1 {
		l.chainAdd(chain, l.topP(o.TopP, 1))
	}
	if o.MinP > 0 {
		l.chainAdd(chain, l.minP(o.MinP, 1))
	}
	if o.Temperature > 0 && o.Temperature != 1 {
		l.chainAdd(chain, l.temp(o.Temperature))
	}
	return &Sampler{lib: l, ptr: chain}
}

// NewGrammar makes the sampler that keeps an answer inside a GBNF grammar,
// which must have passed the caller's bounds: a deep one crashes the parser.
func (m *Model) NewGrammar(gbnf string) (*Sampler, error) {
	m.lib.log.takeErrors()
	p := m.lib.grammar(m.vocab, gbnf, "root")
	if p == 0 {
		return nil, fmt.Errorf("grammar does not compile: %s", m.lib.log.takeErrors())
	}
	return &Sampler{lib: m.lib, ptr: p}, nil
}

// Apply narrows the candidates. The stages may move them, never into memory
// of their own.
func (s *Sampler) Apply(c *Candidates) {
	// Directly, since it runs for every token: the typed call allocates.
	purego.SyscallN(s.lib.hot.apply, s.ptr, uintptr(unsafe.Pointer(&c.arr)))
	runtime.KeepAlive(c)
}

// Accept tells the sampler which token was chosen. A grammar must have let it
// pass: it aborts the process otherwise.
func (s *Sampler) Accept(t Token) { purego.SyscallN(s.lib.hot.accept, s.ptr, uintptr(t)) }

// Close frees the sampler.
func (s *Sampler) Close() {
	if s.ptr != 0 {
		s.lib.samplerFree(s.ptr)
		s.ptr = 0
	}
}
