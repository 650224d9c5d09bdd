package gguf

import (
	"fmt"
	"strings"
)

// ChatML is the template of models with a made-up tokenizer: the plain loop
// over the messages.
const ChatML = `{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`

// The kinds of tokens. The numbers are the file's.
const (
	tokenNormal  int32 = 1
	tokenUnknown int32 = 2
	tokenControl int32 = 3
	tokenByte    int32 = 6
)

var controls = []string{"<|im_start|>", "<|im_end|>", "<|pad|>", "<|sep|>"}

// common are words that a made-up tokenizer has whole, so that English text
// has about as many tokens as with a real one.
var common = strings.Fields(`
	the of and to in is it you that he was for on are as with his they at be this have from or one had by
	word but not what all were we when your can said there use an each which she do how their if will up
	other about out many then them these so some her would make like him into time has look two more write
	go see number no way could people my than first water been call who oil its now find long down day did
	get come made may part over new sound take only little work know place year live me back give most very
	after thing our just name good sentence man think say great where help through much before line right
	too mean old any same tell boy follow came want show also around form three small set put end does
	another well large must big even such because turn here why ask went men read need land different home`)

// tokenizer adds the vocabulary and the template.
func (m *modelWriter) tokenizer() error {
	c := m.c
	if from := c.TokenizerFrom; from != nil {
		for _, v := range from.Metadata {
			if strings.HasPrefix(v.Key, "tokenizer.") && (v.Key != keyTemplate || c.ChatTemplate == "") {
				m.w.Add(v.Key, v)
			}
		}
		if c.ChatTemplate != "" {
			m.w.Add(keyTemplate, c.ChatTemplate)
		}
		return nil
	}
	v := vocabulary{size: c.Vocab, ids: map[string]int{}}
	switch c.Tokenizer {
	case "spm":
		v.spm(&m.w)
	case "bpe":
		v.bpe(&m.w)
	default:
		return fmt.Errorf("random model with tokenizer %q, allowed are spm and bpe", c.Tokenizer)
	}
	if len(v.tokens) > c.Vocab {
		return fmt.Errorf("random model with a vocabulary of %d, allowed for %s is %d and more", c.Vocab, c.Tokenizer, len(v.tokens))
	}
	if c.ChatTemplate == "" {
		c.ChatTemplate = ChatML
	}
	m.w.Add(keyTemplate, c.ChatTemplate)
	return nil
}

// vocabulary is a list of different tokens.
type vocabulary struct {
	size   int
	ids    map[string]int
	tokens []string
	kinds  []int32
	scores []float32
}

// add adds a token and returns its number; one that is there already stays as
// it is.
func (v *vocabulary) add(text string, kind int32, score float32) int {
	if id, ok := v.ids[text]; ok {
		return id
	}
	id := len(v.tokens)
	v.ids[text] = id
	v.tokens, v.kinds, v.scores = append(v.tokens, text), append(v.kinds, kind), append(v.scores, score)
	return id
}

// spm is a vocabulary in SentencePiece's manner, where the token with the
// higher score is merged first.
func (v *vocabulary) spm(w *Writer) {
	const space = "\u2581" // what it writes for one
	v.add("<unk>", tokenUnknown, 0)
	v.add("<s>", tokenControl, 0)
	v.add("</s>", tokenControl, 0)
	for _, s := range controls {
		v.add(s, tokenControl, 0)
	}
	for b := range 256 {
		v.add(fmt.Sprintf("<0x%02X>", b), tokenByte, 0)
	}
	for _, word := range common { // merged letter by letter
		letters := []rune(space + word)
		for n := 2; n <= len(letters); n++ {
			v.add(string(letters[:n]), tokenNormal, -float32(len(v.tokens)))
		}
	}
	v.add(space, tokenNormal, -1e6)
	for c := ' ' + 1; c < 0x7f; c++ {
		v.add(string(c), tokenNormal, -1e6-float32(c))
	}
	for i := 0; len(v.tokens) < v.size; i++ {
		v.add(space+syllables(i), tokenNormal, -2e6-float32(i))
	}
	w.Add("tokenizer.ggml.model", "llama")
	w.Add(keyTokens, v.tokens)
	w.Add("tokenizer.ggml.scores", v.scores)
	w.Add("tokenizer.ggml.token_type", v.kinds)
	v.special(w, "<s>", "</s>", "<|im_end|>")
	w.Add("tokenizer.ggml.unknown_token_id", uint32(v.ids["<unk>"]))
	w.Add("tokenizer.ggml.add_bos_token", true)
	w.Add("tokenizer.ggml.add_space_prefix", true)
}

// bpe is a vocabulary in the manner of GPT-2, with a list of merges.
func (v *vocabulary) bpe(w *Writer) {
	bytes := byteLetters()
	for _, letter := range bytes {
		v.add(string(letter), tokenNormal, 0)
	}
	var merges []string
	for _, word := range common {
		letters := []rune(string(bytes[' ']) + word)
		for n := 2; n <= len(letters); n++ {
			text := string(letters[:n])
			if _, ok := v.ids[text]; !ok {
				v.add(text, tokenNormal, 0)
				merges = append(merges, string(letters[:n-1])+" "+string(letters[n-1]))
			}
		}
	}
	const end = "<|endoftext|>"
	for i := 0; len(v.tokens) < v.size-len(controls)-1; i++ {
		v.add(string(bytes[' '])+syllables(i), tokenNormal, 0)
	}
	v.add(end, tokenControl, 0)
	for _, s := range controls {
		v.add(s, tokenControl, 0)
	}
	w.Add("tokenizer.ggml.model", "gpt2")
	w.Add("tokenizer.ggml.pre", "gpt-2")
	w.Add(keyTokens, v.tokens)
	w.Add("tokenizer.ggml.token_type", v.kinds)
	w.Add("tokenizer.ggml.merges", merges)
	v.special(w, end, end, "<|im_end|>")
	w.Add("tokenizer.ggml.add_bos_token", false)
}

// special names the tokens that begin and end texts and turns, and those that
// fill up and separate. The last key is misspelt in the format.
func (v *vocabulary) special(w *Writer, begin, end, turn string) {
	w.Add("tokenizer.ggml.bos_token_id", uint32(v.ids[begin]))
	w.Add("tokenizer.ggml.eos_token_id", uint32(v.ids[end]))
	w.Add("tokenizer.ggml.eot_token_id", uint32(v.ids[turn]))
	w.Add("tokenizer.ggml.padding_token_id", uint32(v.ids["<|pad|>"]))
	w.Add("tokenizer.ggml.seperator_token_id", uint32(v.ids["<|sep|>"]))
}

// syllables spells a number as a word that is in no text, but can be sampled.
func syllables(n int) string {
	parts := [...]string{"ka", "lo", "mi", "re", "tu", "so", "ne", "vi", "da", "po", "gu", "ze", "fa", "hy", "bri", "cro"}
	var word strings.Builder
	word.WriteString(parts[n%len(parts)])
	for n /= len(parts); n > 0; n /= len(parts) {
		word.WriteString(parts[n%len(parts)])
	}
	return word.String()
}

// byteLetters are the letters that stand for bytes in GPT-2's vocabularies:
// the byte's own where it can be seen, and others for the rest.
func byteLetters() [256]rune {
	var letters [256]rune
	spare := rune(256)
	for b := range letters {
		if r := rune(b); r >= '!' && r <= '~' || r >= '¡' && r <= '¬' || r >= '®' {
			letters[b] = r
			continue
		}
		letters[b] = spare
		spare++
	}
	return letters
}
