package llama

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Pooling is how a context makes one vector of all that a text's tokens came
// out as.
type Pooling int32

// The ways of pooling, but for the zero value with the library's own numbers.
const (
	NoPooling   Pooling = 0 // the context predicts tokens, and makes no vectors
	PoolingMean Pooling = 1
	PoolingCLS  Pooling = 2 // the first token's
	PoolingLast Pooling = 3
	PoolingRank Pooling = 4 // what the classification head makes of it

	// Unpooled leaves a vector for each token: see Context.Row.
	Unpooled Pooling = -1
)

// encodeSymbols are the functions for models that read texts.
type encodeSymbols struct {
	embedSize func(model uintptr) int32
	clsSize   func(model uintptr) uint32
	vectorOf  func(ctx uintptr, seq int32) uintptr
	rowOf     func(ctx uintptr, i int32) uintptr

	eos       func(vocab uintptr) int32
	sep       func(vocab uintptr) int32
	addEOS    func(vocab uintptr) bool
	addSEP    func(vocab uintptr) bool
	tokenText func(vocab uintptr, token int32) string
}

func (s *encodeSymbols) bind(h handles) {
	for name, fn := range map[string]any{
		"llama_model_n_embd_out":   &s.embedSize,
		"llama_model_n_cls_out":    &s.clsSize,
		"llama_get_embeddings_seq": &s.vectorOf,
		"llama_get_embeddings_ith": &s.rowOf,
		"llama_vocab_eos":          &s.eos,
		"llama_vocab_sep":          &s.sep,
		"llama_vocab_get_add_eos":  &s.addEOS,
		"llama_vocab_get_add_sep":  &s.addSEP,
		"llama_vocab_get_text":     &s.tokenText,
	} {
		purego.RegisterLibFunc(fn, h.llama, name)
	}
}

// EmbeddingSize is how many numbers a pooled vector has.
func (m *Model) EmbeddingSize() int { return int(m.lib.encode.embedSize(m.ptr)) }

// Vector is what the last Decode made of a sequence: a vector, or the scores
// of the classification head; nil where the sequence was not in it, or where
// the context pools nothing. It is valid until the next Decode.
//
// A Decode pools the tokens that are in it. The rest of a sequence, from
// Decodes before, is only looked at.
func (c *Context) Vector(seq int) []float32 {
	if c.pooling == NoPooling || c.pooling == Unpooled {
		return nil
	}
	size := c.model.EmbeddingSize()
	if c.pooling == PoolingRank {
		size = int(c.lib.encode.clsSize(c.model.ptr))
	}
	p := c.lib.encode.vectorOf(c.ptr, int32(seq))
	if p == 0 || size < 1 {
		return nil
	}
	return unsafe.Slice(*(**float32)(unsafe.Pointer(&p)), size)
}

// Row is what entry i of the last Decode came out as, in an Unpooled context;
// nil in any other. It is valid until the next Decode.
func (c *Context) Row(i int) []float32 {
	if c.pooling != Unpooled {
		return nil
	}
	p := c.lib.encode.rowOf(c.ptr, int32(i))
	if p == 0 {
		return nil
	}
	return unsafe.Slice(*(**float32)(unsafe.Pointer(&p)), c.model.EmbeddingSize())
}

// TokenizeWhole is Tokenize for a text that stands alone, with the tokens that
// the vocabulary wants around one. Control tokens' text stays text.
func (m *Model) TokenizeWhole(text string) ([]Token, error) {
	return m.tokenize(nil, text, true, false)
}

// Separators are the tokens that a model wants around and between the parts of
// an input, in so far as its vocabulary asks for them; -1 is none.
type Separators struct {
	BOS, EOS, SEP Token
}

// Separators are the model's. A vocabulary without an end of its own uses the
// separator for it.
func (m *Model) Separators() Separators {
	s := Separators{BOS: -1, EOS: -1, SEP: -1}
	if t, wanted := m.BOS(); wanted {
		s.BOS = t
	}
	sep := m.lib.encode.sep(m.vocab)
	if m.lib.encode.addEOS(m.vocab) {
		if s.EOS = m.lib.encode.eos(m.vocab); s.EOS < 0 {
			s.EOS = sep
		}
	}
	if m.lib.encode.addSEP(m.vocab) {
		s.SEP = sep
	}
	return s
}

// ControlTokens are all control tokens, by their text.
func (m *Model) ControlTokens() map[string]Token {
	all := map[string]Token{}
	for t := range Token(m.nv) {
		if text := m.lib.encode.tokenText(m.vocab, t); text != "" && m.IsControl(t) {
			all[text] = t
		}
	}
	return all
}

// Template is the template of a name that came with the model; empty if none
// did. The chat's own has no name.
func (m *Model) Template(name string) string {
	c := append([]byte(name), 0)
	p := m.lib.modelTemplate(m.ptr, uintptr(unsafe.Pointer(&c[0])))
	runtime.KeepAlive(c)
	return goString(*(**byte)(unsafe.Pointer(&p)))
}

// tokenize is Tokenize, with whole adding the tokens around a text.
func (m *Model) tokenize(dst []Token, text string, whole, special bool) ([]Token, error) {
	if len(text) > math.MaxInt32/2 {
		return dst, fmt.Errorf("tokenize: %d bytes of text are more than the engine takes", len(text))
	}
	in := append([]byte(text), 0) // never empty, since its address is taken
	room := make([]Token, len(text)/2+16)
	n := m.lib.tokenize(m.vocab, &in[0], int32(len(text)), &room[0], int32(len(room)), whole, special)
	if n == math.MinInt32 {
		return dst, fmt.Errorf("tokenize: the text has more tokens than the engine can count")
	}
	if n < 0 {
		room = make([]Token, -n)
		n = m.lib.tokenize(m.vocab, &in[0], int32(len(text)), &room[0], int32(len(room)), whole, special)
	}
	if n < 0 {
		return dst, fmt.Errorf("tokenize: the engine answered %d", n)
	}
	return append(dst, room[:n]...), nil
}
