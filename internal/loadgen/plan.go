package loadgen

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Plan is a load of clients that are alike, or of two kinds.
type Plan struct {
	Clients  int
	Requests int // of each client
	// PromptTokens and MaxTokens are the size of an interactive request. A
	// batch request has BatchTimes as much of both.
	PromptTokens int
	MaxTokens    int
	// SharedPrefix is how many of the prompt's tokens all requests begin with.
	SharedPrefix int
	// Interactive and Batch are how the two kinds of clients are mixed: so
	// many of one for so many of the other. Both 0 means interactive ones only.
	Interactive, Batch int
	// Duration is after how long no request begins any more; 0 is no limit.
	Duration time.Duration
	Seed     uint64
}

// BatchTimes is how much larger a batch request is than an interactive one.
const BatchTimes = 4

// The classes of a Plan's clients.
const (
	Interactive = "interactive"
	Batch       = "batch"
)

// Validate says what is wrong with a plan.
func (p Plan) Validate() error {
	for _, c := range []struct {
		what          string
		n, low, upper int
	}{
		{"clients", p.Clients, 1, 1024},
		{"requests", p.Requests, 1, 1 << 20},
		{"prompt tokens", p.PromptTokens, 1, 1 << 20},
		{"max tokens", p.MaxTokens, 1, 1 << 20},
		{"tokens of the shared prefix", p.SharedPrefix, 0, p.PromptTokens},
		{"interactive clients of the mix", p.Interactive, 0, 1024},
		{"batch clients of the mix", p.Batch, 0, 1024},
	} {
		if c.n < c.low || c.n > c.upper {
			return fmt.Errorf("%s: %d is out of range: allowed is %d to %d", c.what, c.n, c.low, c.upper)
		}
	}
	return nil
}

// Load makes the plan's clients. scale says how long a prompt must be.
func (p Plan) Load(scale Scale) []Client {
	shared := ""
	if p.SharedPrefix > 0 {
		shared = Words(p.Seed, scale.Words(p.SharedPrefix)) + " "
	}
	start := time.Now()
	clients := make([]Client, p.Clients)
	for i := range clients {
		class, times := p.class(i), 1
		if class == Batch {
			times = BatchTimes
		}
		own := max(1, scale.Words(times*p.PromptTokens-p.SharedPrefix))
		seeds := rand.New(rand.NewPCG(p.Seed, uint64(i)+1))
		clients[i] = Client{Class: class, Next: func(n int) (Request, bool) {
			if n >= p.Requests || p.Duration > 0 && time.Since(start) >= p.Duration {
				return Request{}, false
			}
			return Request{Prompt: shared + Words(seeds.Uint64(), own), MaxTokens: times * p.MaxTokens}, true
		}}
	}
	return clients
}

// class is the class of client i: the mix, over and over.
func (p Plan) class(i int) string {
	if i%max(1, p.Interactive+p.Batch) < max(p.Interactive, 1-p.Batch) {
		return Interactive
	}
	return Batch
}
