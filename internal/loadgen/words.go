package loadgen

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// vocabulary are everyday words, so that a model's tokenizer treats them as it
// does most text.
var vocabulary = strings.Fields(`
	apple autumn basket bear bell bird boat book bottle box branch bread bridge brother
	bucket butter button cabin candle castle cat chair cheese cherry circle city clock cloud
	coat coin corner cotton cousin cup dinner doctor dog door dress drum duck evening farm
	father feather field finger fire fish flag floor flower forest fork fox friend frog
	garden gate glass goat gold grass hammer hand harbour hat hill honey horse house island
	jacket juice kettle key kitchen kite ladder lake lamp leaf lemon letter light lion map
	market meadow milk mirror monkey moon morning mother mountain mouse music needle nest
	night ocean onion orange oven owl paper parade pencil penguin pepper piano picture pillow
	pocket pond potato puddle quilt rabbit radio rain ribbon ring river road roof rope rose
	sail salt sand school shadow sheep ship shoe silver sister snow song soup spider spoon
	spring star station stone storm story street sugar summer sun table tail tea teacher
	tiger tower town train tree turtle uncle valley village violin wagon wall water wheel
	whistle wind window winter wolf wood wool yard`)

// Words is n made-up words, always the same ones for a seed.
func Words(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	chosen := make([]string, n)
	for i := range chosen {
		chosen[i] = vocabulary[r.IntN(len(vocabulary))]
	}
	return strings.Join(chosen, " ")
}

// Scale is how words and tokens of a server's model relate. The zero value
// takes a word for a token.
type Scale struct {
	PerWord float64 // tokens that a word has on average
	Around  float64 // tokens that the server puts around a prompt
}

// Words is how many words make a prompt of about so many tokens, one at least.
func (s Scale) Words(tokens int) int {
	perWord := s.PerWord
	if perWord <= 0 {
		perWord = 1
	}
	return max(1, int(math.Round((float64(tokens)-s.Around)/perWord)))
}

// The prompts that Measure asks, in words.
const (
	shortProbe = 8
	longProbe  = 136
)

// Measure finds the scale of a session's model, with two short requests. A
// server that does not count tokens has the zero Scale.
func Measure(ctx context.Context, s Session) (Scale, error) {
	count := func(words int) (float64, error) {
		a, err := s.Ask(ctx, Request{Prompt: Words(math.MaxUint64, words), MaxTokens: 1}, func() {})
		if err != nil {
			return 0, fmt.Errorf("ask for the length of a prompt: %w", err)
		}
		return float64(a.PromptTokens), nil
	}
	short, err := count(shortProbe)
	if err != nil {
		return Scale{}, err
	}
	long, err := count(longProbe)
	if err != nil || long <= short {
		return Scale{}, err
	}
	perWord := (long - short) / (longProbe - shortProbe)
	return Scale{PerWord: perWord, Around: short - shortProbe*perWord}, nil
}
