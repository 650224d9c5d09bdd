package encode

import (
	"hash/fnv"
	"math"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const fakeSize = 6

// row is what the fake model computes for the last token of a history.
func row(history []Token) []float64 {
	h := fnv.New64a()
	for _, t := range history {
		_, _ = h.Write([]byte{byte(t), byte(t >> 8)})
	}
	x := h.Sum64()
	v := make([]float64, fakeSize)
	for i := range v {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		v[i] = float64(x%2001)/1000 - 1
	}
	v[0] += 2 // a mean of these is never nothing, whose direction nobody knows
	return v
}

// reference is what has to come out for a text, by the definition.
func reference(p Pooling, tokens []Token, dimensions int) []float32 {
	sum := make([]float64, fakeSize)
	for i := range tokens {
		for k, x := range row(tokens[:i+1]) {
			switch {
			case p == Mean:
				sum[k] += x / float64(len(tokens))
			case p == First && i == 0 || p != First && i == len(tokens)-1:
				sum[k] = x
			}
		}
	}
	length := 0.0
	if p != Score && dimensions > 0 {
		sum = sum[:dimensions]
	}
	for _, x := range sum {
		length += x * x
	}
	if p == Score {
		length = 1
	}
	out := make([]float32, len(sum))
	for k := range out {
		out[k] = float32(sum[k] / math.Sqrt(length))
	}
	return out
}

// fakeModel is a model that is a function, and fails the test where the loop
// breaks its rules.
type fakeModel struct {
	t       testing.TB
	pooling Pooling
	most    int // tokens of one batch
	align   int // where texts have to start
	seqs    map[int][]Token
	vectors map[int][]float32
	onBatch func(entries []Entry) error // called inside Decode

	mu      sync.Mutex
	aborted bool
	batches int
	wiped   int
}

func newFake(t testing.TB, p Pooling, most int) *fakeModel {
	return &fakeModel{t: t, pooling: p, most: most, seqs: map[int][]Token{}}
}

func (m *fakeModel) Decode(entries []Entry) (bool, error) {
	if len(entries) == 0 || len(entries) > m.most {
		m.t.Errorf("a batch of %d tokens, allowed are 1 to %d", len(entries), m.most)
	}
	m.mu.Lock()
	m.batches++
	m.mu.Unlock()
	if m.onBatch != nil {
		if err := m.onBatch(entries); err != nil {
			return false, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.aborted {
		return false, nil
	}
	rows := map[int][][]float64{}
	for i, e := range entries {
		if m.align > 0 && e.Seq%2 == 0 && e.Pos == 0 && i%m.align != 0 {
			m.t.Errorf("a text starts at %d, want a multiple of %d", i, m.align)
		}
		if e.Pos != len(m.seqs[e.Seq]) {
			m.t.Errorf("sequence %d goes on at %d, and has %d tokens", e.Seq, e.Pos, len(m.seqs[e.Seq]))
		}
		m.seqs[e.Seq] = append(m.seqs[e.Seq], e.Token)
		rows[e.Seq] = append(rows[e.Seq], row(m.seqs[e.Seq]))
	}
	m.vectors = map[int][]float32{}
	for seq, list := range rows {
		m.vectors[seq] = m.pool(list)
	}
	return true, nil
}

func (m *fakeModel) pool(rows [][]float64) []float32 {
	v := make([]float32, fakeSize)
	for k := range v {
		switch m.pooling {
		case Mean:
			for _, r := range rows {
				v[k] += float32(r[k] / float64(len(rows)))
			}
		case First:
			v[k] = float32(rows[0][k])
		default:
			v[k] = float32(rows[len(rows)-1][k])
		}
	}
	return v
}

func (m *fakeModel) Vector(seq int) []float32 { return m.vectors[seq] }

func (m *fakeModel) Clear(data bool) {
	clear(m.seqs)
	if data {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.wiped++
	}
}

func (m *fakeModel) Abort(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.aborted = on
}

// told collects what a loop reports.
type told struct {
	ended chan uint64
	model *fakeModel // whose batches are counted; may be nil

	mu      sync.Mutex
	order   []uint64 // of the ends
	batches []int    // computed by then
	vectors map[uint64]map[int][]float32
	ends    map[uint64]error
}

func newTold() *told {
	return &told{ended: make(chan uint64, 1000), vectors: map[uint64]map[int][]float32{}, ends: map[uint64]error{}}
}

func (o *told) Vector(id uint64, text int, v []float32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.vectors[id] == nil {
		o.vectors[id] = map[int][]float32{}
	}
	o.vectors[id][text] = v
}

func (o *told) End(id uint64, err error) {
	o.mu.Lock()
	o.ends[id] = err
	o.order = append(o.order, id)
	if o.model != nil {
		o.batches = append(o.batches, o.model.batches)
	}
	o.mu.Unlock()
	o.ended <- id
}

func (o *told) Flush() {}
