package batch

import (
	"fmt"
	"github.com/inferd/inferd/internal/prompt"
	"hash/fnv"
	"sync"
	"testing"
)

const (
	fakeVocab = 64
	fakeEOG   = 0
)

// fakeModel is a model that is a function: the next token follows from all
// tokens before it, whatever was computed beside them. It keeps the sequences
// as the real cache does, and fails the test where the loop breaks its rules.
type fakeModel struct {
	t     testing.TB
	cells int // tokens of all sequences together
	most  int // tokens of one batch; 0 is any number
	seqs  map[int][]Token

	rows    [][]float32
	onBatch func(entries []Entry) // called inside Decode
	onSave  func()
	next    func(history []Token) Token

	mu              sync.Mutex
	aborted         bool
	batches         int
	fed             int // tokens computed
	saves, restores int
}

func newFake(t testing.TB, cells int) *fakeModel {
	return &fakeModel{t: t, cells: cells, seqs: map[int][]Token{}, next: next}
}

// next is the function: the token that follows a history.
func next(history []Token) Token {
	h := fnv.New64a()
	for _, t := range history {
		_, _ = fmt.Fprintf(h, "%d,", t)
	}
	v := h.Sum64()
	if v%23 == 0 {
		return fakeEOG
	}
	return Token(1 + (v>>8)%(fakeVocab-1))
}

func (m *fakeModel) used() int {
	n := 0
	for _, s := range m.seqs {
		n += len(s)
	}
	return n
}

func (m *fakeModel) Decode(entries []Entry) (Status, error) {
	m.batches++
	if m.most > 0 && len(entries) > m.most {
		m.t.Errorf("a batch of %d tokens, at most %d are allowed", len(entries), m.most)
	}
	m.rectangle(entries)
	if m.onBatch != nil {
		m.onBatch(entries)
	}
	if m.used()+len(entries) > m.cells {
		return Full, nil
	}
	m.mu.Lock()
	stop := m.aborted
	m.mu.Unlock()
	m.rows = m.rows[:0]
	for i, e := range entries {
		if stop && i == len(entries)/2 {
			return Aborted, nil // half of it is in the cache
		}
		seq := m.seqs[int(e.Seq)]
		if int(e.Pos) != len(seq) {
			m.t.Errorf("sequence %d: token at position %d, expected %d", e.Seq, e.Pos, len(seq))
		}
		seq = append(seq, e.Token)
		m.seqs[int(e.Seq)] = seq
		m.fed++
		var row []float32
		if e.Logits {
			row = make([]float32, fakeVocab)
			row[m.next(seq)] = 1
		}
		m.rows = append(m.rows, row)
	}
	return Decoded, nil
}

// rectangle checks that the real engine could compute the entries at once: as
// many of each of some sequences, whose numbers rise and leave none out.
func (m *fakeModel) rectangle(entries []Entry) {
	counts := map[int32]int{}
	last := int32(-1)
	for _, e := range entries {
		if counts[e.Seq]++; e.Seq < last {
			m.t.Errorf("sequence %d comes after %d", e.Seq, last)
		}
		last = e.Seq
	}
	for seq, n := range counts {
		if n != counts[last] {
			m.t.Errorf("%d tokens of sequence %d beside %d of %d", n, seq, counts[last], last)
		}
	}
	if first := entries[0].Seq; int(last-first)+1 != len(counts) {
		m.t.Errorf("sequences %d to %d, but only %d of them", first, last, len(counts))
	}
}

func (m *fakeModel) Logits(i int) []float32 {
	if m.rows[i] == nil {
		m.t.Errorf("row %d was not asked for", i)
	}
	return m.rows[i]
}

func (m *fakeModel) Remove(seq, from int) bool {
	if s := m.seqs[seq]; from < len(s) {
		m.seqs[seq] = s[:from:from]
	}
	return true
}

// Save and Restore keep the tokens themselves as the state, a byte each.
func (m *fakeModel) Save(seq int) []byte {
	var state []byte
	for _, t := range m.seqs[seq] {
		state = append(state, byte(t))
	}
	if m.onSave != nil {
		m.onSave()
	}
	m.mu.Lock()
	m.saves++
	m.mu.Unlock()
	return state
}

// copies is how many states were saved.
func (m *fakeModel) copies() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saves
}

func (m *fakeModel) Restore(seq int, state []byte) bool {
	if len(m.seqs[seq]) != 0 {
		m.t.Errorf("restore into sequence %d, which holds %d tokens", seq, len(m.seqs[seq]))
	}
	m.restores++
	for _, b := range state {
		m.seqs[seq] = append(m.seqs[seq], Token(b))
	}
	return len(state) > 0
}

func (m *fakeModel) Abort(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.aborted = on
}

// fakeWords spells a token as a letter pair, so that stop strings can cross
// tokens.
type fakeWords struct{}

func (fakeWords) Piece(dst []byte, t Token) []byte {
	return append(dst, byte('a'+t%7), byte('A'+t%26))
}
func (fakeWords) IsEOG(t Token) bool { return t == fakeEOG }

// spell is the text of tokens.
func spell(tokens []Token) string {
	var b []byte
	for _, t := range tokens {
		b = fakeWords{}.Piece(b, t)
	}
	return string(b)
}

// greedy takes the likeliest token.
type greedy struct {
	t      testing.TB
	closed bool
	fail   error
	after  int // fail at this many calls
	calls  int
}

func (g *greedy) Sample(logits []float32, _ int) (Token, error) {
	if g.closed {
		g.t.Error("sampled after Close")
	}
	g.calls++
	if g.fail != nil && g.calls > g.after {
		return 0, g.fail
	}
	best := 0
	for i, l := range logits {
		if l > logits[best] {
			best = i
		}
	}
	return Token(best), nil
}

func (g *greedy) Close() {
	if g.closed {
		g.t.Error("sampler closed twice")
	}
	g.closed = true
}

// alone is what a prompt gives when nothing else runs.
func alone(prompt []Token, most int) (out []Token, ended bool) {
	history := append([]Token(nil), prompt...)
	for len(out) < most {
		t := next(history)
		if t == fakeEOG {
			return out, true
		}
		out, history = append(out, t), append(history, t)
	}
	return out, false
}

// record collects what the loop reports.
type record struct {
	t  testing.TB
	mu sync.Mutex
	// by request
	text    map[uint64]string
	parts   map[uint64][]prompt.Event
	tokens  map[uint64]int
	prefill map[uint64][]int
	ends    map[uint64]Result
	ended   chan uint64
	onText  func(id uint64)
	onFlush func()
}

func newRecord(t testing.TB) *record {
	return &record{t: t, text: map[uint64]string{}, parts: map[uint64][]prompt.Event{}, tokens: map[uint64]int{}, prefill: map[uint64][]int{},
		ends: map[uint64]Result{}, ended: make(chan uint64, 1<<16)}
}

func (r *record) Part(id uint64, tokens int, e prompt.Event) {
	r.mu.Lock()
	text := e.Text
	if _, over := r.ends[id]; over || text == "" || tokens < 1 {
		r.t.Errorf("request %d: text %q of %d tokens (ended: %v)", id, text, tokens, over)
	}
	r.text[id] += text
	r.parts[id] = append(r.parts[id], e)
	r.tokens[id] += tokens
	f := r.onText
	r.mu.Unlock()
	if f != nil {
		f(id)
	}
}

func (r *record) Prefill(id uint64, done, _ int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prefill[id] = append(r.prefill[id], done)
}

func (r *record) End(id uint64, res Result) {
	r.mu.Lock()
	if _, twice := r.ends[id]; twice {
		r.t.Errorf("request %d ended twice", id)
	}
	r.ends[id] = res
	r.mu.Unlock()
	r.ended <- id
}

func (r *record) Flush() {
	if r.onFlush != nil {
		r.onFlush()
	}
}
