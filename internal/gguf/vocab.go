package gguf

import (
	"fmt"
	"strings"
)

const (
	keyTokens   = "tokenizer.ggml.tokens"
	keyTemplate = "tokenizer.chat_template"
)

// checkVocabulary looks at the tokens, whose texts must all be different, and
// at what comes with each of them. A model without a vocabulary of its own
// says so in "tokenizer.ggml.model".
func (f *File) checkVocabulary() error {
	switch f.text("tokenizer.ggml.model") {
	case "none", "no_vocab":
		return f.atMost("vocab_size", maxTokens)
	}
	tokens, ok := f.Get(keyTokens)
	if !ok || tokens.Type != Array || tokens.Elem != String || tokens.Len == 0 || tokens.Len > maxTokens {
		return f.refuse(keyTokens, fmt.Sprintf("an array of 1 to %d strings", maxTokens))
	}
	for _, key := range []string{"tokenizer.ggml.scores", "tokenizer.ggml.token_type"} {
		if v, ok := f.Get(key); ok && (v.Type != Array || v.Len < tokens.Len) {
			return f.refuse(key, fmt.Sprintf("an array of %d, one for each token", tokens.Len))
		}
	}
	return tokens.checkDistinct()
}

// checkDistinct refuses texts that are there twice.
func (v Value) checkDistinct() error {
	seen := make(map[string]int, v.Len)
	i := 0
	return v.eachString(func(b []byte) error {
		text, _, _ := strings.Cut(string(b), "\x00") // where the engine takes it to end
		if text == "" {                              // the engine gives it a name
			text = fmt.Sprintf("[EMPTY_%d]", i)
		}
		if first, again := seen[text]; again {
			return wrong(v.Offset, "tokens %d and %d are both %.64q, and the engine takes different ones only", first, i, text)
		}
		seen[text] = i
		i++
		return nil
	})
}
