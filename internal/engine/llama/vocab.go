package llama

// Token is an entry of a model's vocabulary.
type Token = int32

// VocabSize is the number of tokens, which is also the length of a row of
// logits.
func (m *Model) VocabSize() int { return m.nv }

// BOS is the token that starts every prompt, where the model wants one.
func (m *Model) BOS() (Token, bool) {
	t := m.lib.bos(m.vocab)
	return t, t >= 0 && m.lib.addBOS(m.vocab)
}

// IsEOG reports whether t ends an answer.
// One goroutine at a time.
func (m *Model) IsEOG(t Token) bool {
	if m.ends == nil {
		m.ends = map[Token]bool{}
	}
	end, known := m.ends[t]
	if !known {
		end = m.lib.isEOG(m.vocab, t)
		m.ends[t] = end
	}
	return end
}

// IsControl reports whether t is a control token, which is no text.
func (m *Model) IsControl(t Token) bool { return m.lib.isControl(m.vocab, t) }

// Tokenize appends the tokens of text to dst. With special set, the text of a
// control token becomes that token; without, it stays text, which is what any
// text from outside needs. No BOS is added.
func (m *Model) Tokenize(dst []Token, text string, special bool) ([]Token, error) {
	if text == "" {
		return dst, nil
	}
	return m.tokenize(dst, text, false, special)
}

// Piece appends the bytes that t stands for to dst; a control token has none.
// The bytes need not be whole characters. One goroutine at a time.
func (m *Model) Piece(dst []byte, t Token) []byte {
	if t < 0 || int(t) >= m.nv { // out of range aborts the process
		return dst
	}
	if m.pieces == nil {
		m.pieces = make([][]byte, m.nv)
	}
	if m.pieces[t] == nil {
		m.pieces[t] = m.pieceOf(t)
	}
	return append(dst, m.pieces[t]...)
}

// pieceOf asks the library, which takes longer than a look-up.
func (m *Model) pieceOf(t Token) []byte {
	buf := make([]byte, 64)
	n := m.lib.piece(m.vocab, t, &buf[0], int32(len(buf)), 0, false)
	if n < 0 {
		buf = make([]byte, -n)
		n = m.lib.piece(m.vocab, t, &buf[0], int32(len(buf)), 0, false)
	}
	return append([]byte{}, buf[:max(n, 0)]...)
}
