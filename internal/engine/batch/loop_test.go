package batch

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/inferd/inferd/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testCleaner is what a test and a property check have in common.
type testCleaner interface{ Cleanup(func()) }

// startLoop starts a loop that ends with the test.
func startLoop(t testCleaner, m *fakeModel, cfg Config) (*Loop, *record) {
	out := newRecord(m.t)
	m.most = cfg.Batch
	l := New(m, fakeWords{}, out, cfg)
	hook := m.onBatch
	m.onBatch = func(entries []Entry) {
		l.check(m)
		if hook != nil {
			hook(entries)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return l, out
}

func request(t testing.TB, id uint64, prompt []Token, most int) *Request {
	return &Request{ID: id, Prompt: prompt, MaxTokens: most, Sampler: &greedy{t: t}, Submitted: time.Now()}
}

func promptOf(n, salt int) []Token {
	p := make([]Token, n)
	for i := range p {
		p[i] = Token(1 + (i*7+salt*13)%(fakeVocab-1))
	}
	return p
}

func TestLoop_AnswersAsTheModelAlone(t *testing.T) {
	m := newFake(t, 4096)
	l, out := startLoop(t, m, Config{Slots: 3, Context: 256, Batch: 16})
	const n = 20
	for id := uint64(1); id <= n; id++ {
		l.Submit(request(t, id, promptOf(1+int(id)*5, int(id)), 40))
	}
	for range n {
		<-out.ended
	}
	for id := uint64(1); id <= n; id++ {
		p := promptOf(1+int(id)*5, int(id))
		want, ended := alone(p, 40)
		if got := out.text[id]; got != spell(want) {
			t.Errorf("request %d: got %q, want %q", id, got, spell(want))
		}
		stop := wire.StopLength
		if ended {
			stop = wire.StopEnd
		}
		r := out.ends[id]
		if r.Stop != stop || r.Usage.PromptTokens != len(p) || r.Usage.CompletionTokens != len(want) {
			t.Errorf("request %d: result %+v, want %s with %d and %d tokens", id, r, stop, len(p), len(want))
		}
	}
}

// While a long prompt is read, the answer that was being written goes on.
func TestLoop_WritesWhileItReads(t *testing.T) {
	m := newFake(t, 4096)
	between, most := 0, 0 // steps of the writer while the other is at its prompt
	m.onBatch = func(entries []Entry) {
		reader := len(m.seqs[1-int(entries[0].Seq)])
		if len(entries) == 1 && reader > 0 && reader < 200 {
			between++
		}
		most = max(most, len(entries))
	}
	l, out := startLoop(t, m, Config{Slots: 2, Context: 512, Batch: 32})
	out.onText = func(id uint64) {
		if id == 1 && out.tokens[1] == 1 {
			l.Submit(request(t, 2, promptOf(200, 2), 5))
		}
	}
	l.Submit(request(t, 1, promptOf(4, 1), 60))
	<-out.ended
	if want, _ := alone(promptOf(4, 1), 60); len(want) < 12 {
		t.Fatalf("the first answer has only %d tokens: choose another prompt", len(want))
	}
	<-out.ended
	if between < 5 || most > 32 {
		t.Errorf("%d tokens were written meanwhile, and the largest step has %d tokens; want some, and at most 32", between, most)
	}
}

func TestLoop_BoundsTheAnswerByTheContext(t *testing.T) {
	m := newFake(t, 1024)
	l, out := startLoop(t, m, Config{Slots: 1, Context: 24, Batch: 8})
	p := promptOf(20, 3)
	l.Submit(request(t, 1, p, 1000))
	<-out.ended
	want, ended := alone(p, 4)
	r := out.ends[1]
	if !ended && (r.Stop != wire.StopLength || r.Usage.CompletionTokens != len(want)) {
		t.Errorf("result %+v, want a stop by length after %d tokens", r, len(want))
	}
}

func TestLoop_CutsAtStopStringsAcrossTokens(t *testing.T) {
	m := newFake(t, 1024)
	l, out := startLoop(t, m, Config{Slots: 1, Context: 256, Batch: 32})
	p := longAnswer(6)
	whole, _ := alone(p, 30)
	text := spell(whole)
	cut := text[7:10] // the end of one token, all of the next
	r := request(t, 1, p, 30)
	r.Stop = []string{cut}
	l.Submit(r)
	<-out.ended
	if want := text[:strings.Index(text, cut)]; out.text[1] != want || out.ends[1].Stop != wire.StopEnd {
		t.Errorf("got %q (%s), want %q", out.text[1], out.ends[1].Stop, want)
	}
}

func TestLoop_CancelsAtEveryStage(t *testing.T) {
	for _, stage := range []string{"waiting", "reading", "writing", "in a batch", "after the end"} {
		t.Run(stage, func(t *testing.T) {
			m := newFake(t, 4096)
			var l *Loop
			l, out := startLoop(t, m, Config{Slots: 1, Context: 1024, Batch: 8})
			m.onBatch = func(entries []Entry) {
				at := entries[len(entries)-1].Pos
				if stage == "reading" && at == 15 || stage == "writing" && at == 65 || stage == "in a batch" && at == 31 {
					l.Cancel(1)
				}
			}
			p := longAnswer(64)
			switch stage {
			case "waiting":
				l.Submit(request(t, 2, longAnswer(64), 100))
				l.Submit(request(t, 1, p, 100))
				l.Cancel(1)
			default:
				l.Submit(request(t, 1, p, 100))
			}
			for id := range out.ended {
				if id == 1 {
					break
				}
			}
			l.Cancel(1)
			// The slot is free: another request gets through it.
			l.Submit(request(t, 3, promptOf(3, 9), 4))
			for id := range out.ended {
				if id == 3 {
					break
				}
			}
			out.mu.Lock()
			defer out.mu.Unlock()
			if stage != "after the end" && out.ends[1].Stop != wire.StopCancelled {
				t.Errorf("stopped as %q", out.ends[1].Stop)
			}
			if want, _ := alone(promptOf(3, 9), 4); out.text[3] != spell(want) {
				t.Errorf("the next request got %q, want %q", out.text[3], spell(want))
			}
		})
	}
}

// longAnswer is a prompt of n tokens whose answer is long.
func longAnswer(n int) []Token {
	for salt := range 1000 {
		if a, ended := alone(promptOf(n, salt), 60); !ended && len(a) == 60 {
			return promptOf(n, salt)
		}
	}
	panic("no such prompt")
}

func TestLoop_PausesOnlyTheSlowOne(t *testing.T) {
	m := newFake(t, 4096)
	l, out := startLoop(t, m, Config{Slots: 2, Context: 512, Batch: 32})
	p := longAnswer(10)
	paused := make(chan struct{})
	out.onText = func(id uint64) {
		if id == 1 && out.tokens[1] == 3 {
			l.Pause(1)
			close(paused)
		}
	}
	l.Submit(request(t, 1, p, 50))
	<-paused
	l.Submit(request(t, 2, p, 50))
	if id := <-out.ended; id != 2 {
		t.Fatalf("request %d ended first, expected 2: the paused one must wait", id)
	}
	out.mu.Lock()
	seen := out.tokens[1]
	out.mu.Unlock()
	if seen > 5 {
		t.Errorf("the paused request wrote %d tokens", seen)
	}
	l.Resume(1)
	<-out.ended
	if out.text[1] != out.text[2] {
		t.Errorf("the paused request wrote %q, the other %q", out.text[1], out.text[2])
	}
}

func TestLoop_EndsARequestWhoseLogitsAreBroken(t *testing.T) {
	m := newFake(t, 1024)
	l, out := startLoop(t, m, Config{Slots: 2, Context: 512, Batch: 32})
	r := request(t, 1, longAnswer(5), 50)
	r.Sampler = &greedy{t: t, fail: ErrLogits, after: 3}
	l.Submit(r)
	l.Submit(request(t, 2, longAnswer(5), 10))
	<-out.ended
	<-out.ended
	if !errors.Is(out.ends[1].Err, ErrLogits) || out.ends[2].Err != nil {
		t.Errorf("ends: %+v and %+v", out.ends[1], out.ends[2])
	}
}

func TestLoop_ReportsPrefill(t *testing.T) {
	m := newFake(t, 1024)
	l, out := startLoop(t, m, Config{Slots: 1, Context: 512, Batch: 10})
	r := request(t, 1, promptOf(25, 1), 2)
	r.Progress = true
	l.Submit(r)
	<-out.ended
	if want := []int{10, 20, 25}; !slices.Equal(out.prefill[1], want) {
		t.Errorf("prefill reports %v, want %v", out.prefill[1], want)
	}
}

func TestLoop_EndsWhatHasNoRoomAndServesOn(t *testing.T) {
	m := newFake(t, 30)
	l, out := startLoop(t, m, Config{Slots: 2, Context: 512, Batch: 64})
	l.Submit(request(t, 1, promptOf(40, 1), 5))
	l.Submit(request(t, 2, promptOf(5, 2), 5))
	<-out.ended
	<-out.ended
	if !errors.Is(out.ends[1].Err, ErrNoRoom) {
		t.Errorf("the request that can't fit ended with %+v", out.ends[1])
	}
	if want, _ := alone(promptOf(5, 2), 5); out.text[2] != spell(want) {
		t.Errorf("the other one got %q, want %q", out.text[2], spell(want))
	}
}

// check holds the loop's books against the model's: every sequence belongs to
// one slot or to nobody, and holds what the books say, no more and no less.
func (l *Loop) check(m *fakeModel) {
	owner := map[int]string{}
	claim := func(seq int, who string, tokens []Token) {
		if owner[seq] != "" {
			m.t.Errorf("sequence %d belongs to %s and to %s", seq, owner[seq], who)
		}
		owner[seq] = who
		if !slices.Equal(m.seqs[seq], tokens) {
			m.t.Errorf("sequence %d of %s holds %v, the books say %v", seq, who, m.seqs[seq], tokens)
		}
	}
	for _, s := range l.slots {
		claim(s.seq, "a slot", s.tokens[:s.cached])
	}
	for _, seq := range l.free {
		var tokens []Token
		if e := l.prefixes.idle[seq]; e != nil {
			tokens = e.tokens
		}
		claim(seq, "nobody", tokens)
	}
	if len(owner) != l.cfg.Slots {
		m.t.Errorf("%d sequences are accounted for, of %d", len(owner), l.cfg.Slots)
	}
	bytes := 0
	for e := range l.prefixes.saved {
		bytes += len(e.state)
	}
	if bytes != l.prefixes.bytes || bytes > l.prefixes.budget {
		m.t.Errorf("saved states have %d bytes, the books say %d, the budget is %d", bytes, l.prefixes.bytes, l.prefixes.budget)
	}
}

// Whatever comes and goes, every request ends once, with the text that it
// would have alone or, if cancelled, the beginning of it.
func TestLoop_RandomTraffic(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newFake(t, 1<<20)
		if rapid.Bool().Draw(rt, "repetitive") {
			m.next = echo
		}
		const room = 400
		l, out := startLoop(rt, m, Config{
			Slots: rapid.IntRange(1, 12).Draw(rt, "slots"), Context: room, Batch: rapid.IntRange(1, 40).Draw(rt, "batch"),
			Cuts: rapid.Bool().Draw(rt, "cuts"), HostBytes: rapid.SampledFrom([]int{0, 300, 5000}).Draw(rt, "host bytes"),
			NoDraft: rapid.Bool().Draw(rt, "no draft"),
		})
		type job struct {
			prompt    []Token
			most      int
			cancelled bool
		}
		jobs := map[uint64]*job{}
		n := rapid.IntRange(1, 25).Draw(rt, "requests")
		for id := uint64(1); id <= uint64(n); id++ {
			// Few beginnings, so that requests share them.
			j := &job{prompt: append(promptOf(rapid.IntRange(1, 250).Draw(rt, "beginning"), rapid.IntRange(0, 3).Draw(rt, "salt")),
				promptOf(rapid.IntRange(0, 40).Draw(rt, "rest"), rapid.IntRange(0, 50).Draw(rt, "salt"))...),
				most: rapid.IntRange(1, 60).Draw(rt, "max")}
			jobs[id] = j
			r := request(t, id, j.prompt, j.most)
			r.User = uint32(rapid.IntRange(0, 1).Draw(rt, "user"))
			l.Submit(r)
			victim := rapid.Uint64Range(1, id).Draw(rt, "victim")
			switch rapid.IntRange(0, 5).Draw(rt, "meddle") {
			case 0:
				jobs[victim].cancelled = true
				l.Cancel(victim)
			case 1, 2:
				l.Pause(victim)
			}
		}
		for id := range jobs {
			l.Resume(id)
		}
		for range n {
			<-out.ended
		}
		for id, j := range jobs {
			full := spell(aloneWith(m.next, j.prompt, min(j.most, room-len(j.prompt))))
			switch got := out.text[id]; {
			case out.ends[id].Stop == wire.StopCancelled && j.cancelled:
				if !strings.HasPrefix(full, got) {
					rt.Errorf("request %d: cancelled with %q, which does not begin %q", id, got, full)
				}
			case got != full:
				rt.Errorf("request %d: got %q, want %q", id, got, full)
			}
		}
	})
}

// echo is a model that repeats what it read eight tokens before, now and then
// with a change.
func echo(history []Token) Token {
	if len(history) < 8 || next(history)%9 == 0 {
		return next(history)
	}
	return history[len(history)-8]
}

func aloneWith(next func([]Token) Token, prompt []Token, most int) (out []Token) {
	history := append([]Token(nil), prompt...)
	for len(out) < most {
		t := next(history)
		if t == fakeEOG {
			break
		}
		out, history = append(out, t), append(history, t)
	}
	return out
}
