package host

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/model"
	"github.com/inferd/inferd/wire"
)

// real loads the built-in model into the real engine.
func real(t *testing.T, slots int) *loaded {
	t.Helper()
	ld, err := load(proto.Load{EngineRoot: enginetest.Root(t), Slots: slots},
		Options{Builtin: Builtin{Name: model.Name, GGUF: model.GGUF}}, func(proto.Loading) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ld.lm.ctx.Close()
		ld.model.Close()
	})
	return ld
}

// bare is the greedy text that the library alone gives, in a context of its
// own, one token at a time.
func bare(t *testing.T, m *llama.Model, prompt []batch.Token, most int) string {
	t.Helper()
	c, err := m.NewContext(llama.ContextOptions{Cells: 1024, Batch: batchTokens, MaxSeqs: 1, Threads: 1, Split: true, Flash: llama.FlashOff})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var text []byte
	at, feed := 0, prompt
	for range most {
		var e []llama.Entry
		for i, k := range feed {
			e = append(e, llama.Entry{Token: k, Pos: int32(at + i), Logits: i == len(feed)-1})
		}
		if s, err := c.Decode(e); err != nil || s != llama.Decoded {
			t.Fatal(s, err)
		}
		at += len(feed)
		next := likeliest(c.Logits(len(feed) - 1))
		if m.IsEOG(next) {
			break
		}
		text = m.Piece(text, next)
		feed = []batch.Token{next}
	}
	return string(text)
}

// told collects what a loop reports.
type told struct {
	mu     sync.Mutex
	text   map[uint64]string
	ends   map[uint64]batch.Result
	ended  chan uint64
	cached int
}

func (o *told) Part(id uint64, _ int, e prompt.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text[id] += e.Text
}
func (o *told) Prefill(uint64, int, int) {}
func (o *told) Flush()                   {}
func (o *told) End(id uint64, r batch.Result) {
	o.mu.Lock()
	o.ends[id] = r
	o.cached += r.Usage.CachedTokens
	o.mu.Unlock()
	o.ended <- id
}

// Requests of all lengths with shared beginnings, cancels, slow readers, cache
// hits, saved states, parking and guesses: each answer is the bare engine's,
// token for token, or where it was cancelled the beginning of it.
func TestLoop_TheRealEngineAnswersAsTheBareOne(t *testing.T) {
	t.Run("more than there is room for", func(t *testing.T) { answersAsTheBareOne(t, 3) })
	t.Run("many side by side", func(t *testing.T) { answersAsTheBareOne(t, 9) })
}

func answersAsTheBareOne(t *testing.T, slots int) {
	ld := real(t, slots)
	out := &told{text: map[uint64]string{}, ends: map[uint64]batch.Result{}, ended: make(chan uint64, 1000)}
	loop := batch.New(ld.lm, ld.lm, out, batch.Config{
		Slots: slots, Context: ld.ready.Context, Batch: batchTokens, Cuts: true, HostBytes: 3 << 20, NoDraft: true,
	})
	prompts := prompter{model: ld.model, renderer: ld.format, context: ld.ready.Context}
	beginnings := []string{"", "You are a pirate.", strings.Repeat("The fox likes the sun. ", 30), strings.Repeat("A bear lives here. ", 50)}
	questions := []string{"Tell me a story about a fox.", "Count from 1 to 10.", "What is the capital of France?",
		"Write a story about a girl named Ada.", "Spell house.", "Repeat after me: one two three one two three one two three"}
	rng := rand.New(rand.NewPCG(1, 2))
	want, cancelled := map[uint64]string{}, map[uint64]bool{}
	var mem scratch
	var requests []*batch.Request
	const n = 30
	for id := uint64(1); id <= n; id++ {
		var chat prompt.Conversation
		if b := beginnings[rng.IntN(len(beginnings))]; b != "" {
			chat.Messages = append(chat.Messages, prompt.Message{Role: prompt.RoleSystem, Blocks: []prompt.Block{prompt.Text(b)}})
		}
		question := prompt.Text(questions[rng.IntN(len(questions))])
		chat.Messages = append(chat.Messages, prompt.Message{Role: prompt.RoleUser, Blocks: []prompt.Block{question}})
		tokens, _, err := prompts.tokens(chat)
		if err != nil {
			t.Fatal(err)
		}
		most := 1 + rng.IntN(60)
		want[id] = bare(t, ld.model, tokens, most)
		s, err := newSampler(ld.model, wire.Params{RepeatPenalty: 1, TopP: 1}, 1, &mem)
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, &batch.Request{ID: id, User: uint32(rng.IntN(2)), Prompt: tokens, MaxTokens: most, Sampler: s, Submitted: time.Now()})
	}

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); loop.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	for _, r := range requests {
		loop.Submit(r)
		id := r.ID
		switch victim := 1 + rng.Uint64N(id); rng.IntN(6) {
		case 0:
			cancelled[victim] = true
			loop.Cancel(victim)
		case 1:
			loop.Pause(victim)
		}
	}
	for id := uint64(1); id <= n; id++ {
		loop.Resume(id)
	}
	for range n {
		<-out.ended
	}
	for id, w := range want {
		got, r := out.text[id], out.ends[id]
		if r.Err != nil || r.Stop == wire.StopCancelled && !cancelled[id] {
			t.Errorf("request %d: %+v", id, r)
		}
		if got != w && (r.Stop != wire.StopCancelled || !strings.HasPrefix(w, got)) {
			t.Errorf("request %d (%+v): got %q, the bare engine gives %q", id, r, got, w)
		}
	}
	if out.cached == 0 {
		t.Error("nothing came from the cache: the test tests less than it says")
	}
	t.Logf("%d tokens came from the cache", out.cached)
}

// A long run of random arrivals: nothing is lost, and under the race detector
// the loop checks its books against the engine's before every batch.
func TestLoop_SoakOnTheRealEngine(t *testing.T) {
	ld := real(t, 4)
	out := &told{text: map[uint64]string{}, ends: map[uint64]batch.Result{}, ended: make(chan uint64, 1000)}
	loop := batch.New(ld.lm, ld.lm, out, batch.Config{
		Slots: 4, Context: ld.ready.Context, Batch: batchTokens, Cuts: true, HostBytes: 2 << 20,
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); loop.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })

	rng := rand.New(rand.NewPCG(3, 4))
	var mem scratch
	const n, waves = 400, 40
	open := 0
	for id := uint64(1); id <= n; id++ {
		tokens := make([]batch.Token, 1+rng.IntN(300))
		for i := range tokens {
			tokens[i] = batch.Token(300 + (i*7+rng.IntN(2)*rng.IntN(5))%1000)
		}
		s, err := newSampler(ld.model, wire.Params{Temperature: rng.Float64(), TopP: 0.9, TopK: 40, RepeatPenalty: 1.1}, uint32(id), &mem)
		if err != nil {
			t.Fatal(err)
		}
		loop.Submit(&batch.Request{ID: id, User: uint32(rng.IntN(3)), Prompt: tokens, MaxTokens: 1 + rng.IntN(30), Sampler: s, Submitted: time.Now()})
		open++
		switch victim := 1 + rng.Uint64N(id); rng.IntN(4) {
		case 0:
			loop.Cancel(victim)
		case 1:
			loop.Pause(victim)
			loop.Resume(victim)
		}
		if id%(n/waves) == 0 { // let some of them end before more arrive
			for range rng.IntN(open) {
				<-out.ended
				open--
			}
		}
	}
	for range open {
		<-out.ended
	}
	for id, r := range out.ends {
		if r.Err != nil {
			t.Errorf("request %d: %v", id, r.Err)
		}
	}
	if len(out.ends) != n {
		t.Errorf("%d of %d requests ended", len(out.ends), n)
	}
}
