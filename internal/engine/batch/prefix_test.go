package batch

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/inferd/inferd/wire"
)

// ask submits a request and waits for its end.
func ask(t *testing.T, l *Loop, out *record, id uint64, user uint32, prompt []Token, most int) Result {
	t.Helper()
	r := request(t, id, prompt, most)
	r.User = user
	l.Submit(r)
	for got := range out.ended {
		if got == id {
			break
		}
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	return out.ends[id]
}

func join(parts ...[]Token) []Token {
	var all []Token
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestPrefix_IsNotComputedAgain(t *testing.T) {
	m := newFake(t, 1<<20)
	l, out := startLoop(t, m, Config{Slots: 2, Context: 4096, Batch: 64, Cuts: true, HostBytes: 1 << 20})
	system := promptOf(500, 1)
	first := ask(t, l, out, 1, 7, join(system, promptOf(20, 2)), 1)
	if first.Usage.CachedTokens != 0 || first.Usage.CacheMiss != "first_seen" {
		t.Errorf("the first: %+v", first.Usage)
	}
	fed := m.fed
	second := ask(t, l, out, 2, 7, join(system, promptOf(20, 3)), 1)
	if second.Usage.CachedTokens < 500 || second.Usage.CacheMiss != "diverged_at:500" || m.fed-fed > 25 {
		t.Errorf("the second: %+v, computed %d tokens", second.Usage, m.fed-fed)
	}
	fed = m.fed
	again := ask(t, l, out, 3, 7, join(system, promptOf(20, 3)), 1)
	if again.Usage.CachedTokens != 518 || again.Usage.CacheMiss != "" || m.fed-fed != least {
		t.Errorf("the same again: %+v, computed %d tokens", again.Usage, m.fed-fed)
	}
}

func TestPrefix_NeverCrossesUsers(t *testing.T) {
	m := newFake(t, 1<<20)
	l, out := startLoop(t, m, Config{Slots: 2, Context: 4096, Batch: 64, Cuts: true, HostBytes: 1 << 20})
	p := promptOf(300, 1)
	ask(t, l, out, 1, 1, p, 1)
	other := ask(t, l, out, 2, 2, p, 1)
	if other.Usage.CachedTokens != 0 || other.Usage.CacheMiss != "first_seen" {
		t.Errorf("another user's request: %+v; it must not even show that somebody asked", other.Usage)
	}
}

// More prompts than sequences: the rest wait in host memory.
func TestPrefix_HostMemoryHoldsWhatTheSequencesCannot(t *testing.T) {
	m := newFake(t, 1<<20)
	l, out := startLoop(t, m, Config{Slots: 2, Context: 4096, Batch: 64, Cuts: true, HostBytes: 1 << 20})
	id := uint64(0)
	for round := range 3 {
		for app := range 8 {
			id++
			u := ask(t, l, out, id, 1, join(promptOf(300, app), promptOf(10, round)), 1).Usage
			if round > 0 && u.CachedTokens < 300 {
				t.Errorf("round %d, app %d: %+v", round, app, u)
			}
		}
	}
	if m.saves == 0 || m.restores == 0 {
		t.Errorf("%d saves and %d restores", m.saves, m.restores)
	}
}

func TestPrefix_SaysWhatWasEvicted(t *testing.T) {
	m := newFake(t, 1<<20)
	l, out := startLoop(t, m, Config{Slots: 1, Context: 4096, Batch: 64, Cuts: true, HostBytes: 700})
	id := uint64(0)
	for app := range 6 {
		id++
		ask(t, l, out, id, 1, promptOf(300, app), 1)
	}
	if u := ask(t, l, out, 100, 1, promptOf(300, 0), 1).Usage; u.CacheMiss != "evicted" {
		t.Errorf("got %+v", u)
	}
	if u := ask(t, l, out, 101, 1, promptOf(300, 5), 1).Usage; u.CachedTokens < 290 {
		t.Errorf("the youngest: %+v", u)
	}
}

func TestPrefix_ModelsThatCannotBeCut(t *testing.T) {
	m := newFake(t, 1<<20)
	l, out := startLoop(t, m, Config{Slots: 2, Context: 4096, Batch: 64, HostBytes: 1 << 20})
	p := longAnswer(300)
	first := ask(t, l, out, 1, 1, p, 5)
	if first.Usage.CacheMiss != "not_cacheable" {
		t.Errorf("the first: %+v", first.Usage)
	}
	answer, _ := alone(p, 5)
	// All but the last written token are in the state; going on from there needs no cut.
	if u := ask(t, l, out, 2, 1, join(p, answer, promptOf(10, 1)), 1).Usage; u.CachedTokens != 304 {
		t.Errorf("going on: %+v", u)
	}
	if u := ask(t, l, out, 3, 1, join(p[:250], promptOf(30, 4)), 1).Usage; u.CachedTokens != 0 {
		t.Errorf("parting before its end: %+v", u)
	}
}

// Many requests with one long beginning at the same time: one reads it.
func TestPrefix_IsReadOnceByManyAtOnce(t *testing.T) {
	m := newFake(t, 1<<20)
	l, out := startLoop(t, m, Config{Slots: 8, Context: 4096, Batch: 64, Cuts: true, HostBytes: 1 << 20})
	system := promptOf(1000, 1)
	for id := uint64(1); id <= 8; id++ {
		l.Submit(request(t, id, join(system, promptOf(10, int(id))), 4))
	}
	for range 8 {
		<-out.ended
	}
	if m.fed > 1000+8*(10+4)+64 {
		t.Errorf("%d tokens were computed, want little more than 1000", m.fed)
	}
	for id := uint64(1); id <= 8; id++ {
		if want, _ := alone(join(system, promptOf(10, int(id))), 4); out.text[id] != spell(want) {
			t.Errorf("request %d: got %q, want %q", id, out.text[id], spell(want))
		}
	}
}

// And while the one who read it is still writing, it can be copied.
func TestPrefix_OfARunningRequestIsShared(t *testing.T) {
	m := newFake(t, 1<<20)
	l, out := startLoop(t, m, Config{Slots: 2, Context: 4096, Batch: 64, Cuts: true})
	p := longAnswer(400)
	out.onText = func(id uint64) {
		if id == 1 && out.tokens[1] == 5 {
			l.Submit(request(t, 2, join(p, promptOf(5, 1)), 1))
			l.Pause(1)
		}
	}
	l.Submit(request(t, 1, p, 60))
	if id := <-out.ended; id != 2 {
		t.Fatalf("request %d ended first", id)
	}
	l.Resume(1)
	<-out.ended
	if u := out.ends[2].Usage; u.CachedTokens != 400 {
		t.Errorf("got %+v", u)
	}
	if want, _ := alone(p, 60); out.text[1] != spell(want) {
		t.Errorf("the first one: got %q, want %q", out.text[1], spell(want))
	}
}

// A reader that stopped reading does not keep its sequence from others.
func TestLoop_ParksThePausedWhereOthersWait(t *testing.T) {
	m := newFake(t, 1<<20)
	l, out := startLoop(t, m, Config{Slots: 1, Context: 4096, Batch: 64, Cuts: true, HostBytes: 1 << 20})
	p := longAnswer(200)
	paused := make(chan struct{})
	out.onText = func(id uint64) {
		if id == 1 && out.tokens[1] == 5 {
			l.Pause(1)
			close(paused)
		}
	}
	l.Submit(request(t, 1, p, 50))
	<-paused
	other := ask(t, l, out, 2, 1, promptOf(100, 3), 10)
	if other.Stop == wire.StopCancelled {
		t.Errorf("the other one: %+v", other)
	}
	l.Resume(1)
	<-out.ended
	if want, _ := alone(p, 50); out.text[1] != spell(want) || m.restores == 0 {
		t.Errorf("parked and resumed: got %q, want %q (%d restores)", out.text[1], spell(want), m.restores)
	}
}

// Who waits for another to read what they have in common does not wait for the
// other's slow reader, and the other not for them when it comes back.
func TestPrefix_NobodyFollowsThePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFake(t, 4096)
		l, out := startLoop(t, m, Config{Slots: 2, Context: 512, Batch: 16, Cuts: true, HostBytes: 5000})
		long := promptOf(300, 1)
		steps := 0
		hook := m.onBatch
		m.onBatch = func(entries []Entry) {
			hook(entries)
			switch steps++; steps {
			case 1:
				l.Submit(request(t, 2, long, 5)) // follows
			case 2:
				l.Pause(1)
				l.Submit(request(t, 3, promptOf(10, 2), 5)) // takes its slot
			}
		}
		l.Submit(request(t, 1, long, 5))
		for range 2 {
			if id := <-out.ended; id == 1 {
				t.Error("the paused one has ended")
			}
		}
		l.Resume(1)
		<-out.ended
	})
}

func TestDraft_GuessesWhatRepeats(t *testing.T) {
	m := newFake(t, 1<<20)
	m.next = func(h []Token) Token { return h[len(h)-8] }
	l, out := startLoop(t, m, Config{Slots: 1, Context: 4096, Batch: 64, Cuts: true})
	u := ask(t, l, out, 1, 1, promptOf(40, 1), 200).Usage
	if u.AcceptedTokens == 0 || u.AcceptedTokens > u.DraftedTokens {
		t.Errorf("%+v in %d batches", u, m.batches)
	}
	if want := spell(aloneWith(m.next, promptOf(40, 1), 200)); out.text[1] != want {
		t.Errorf("got %q, want %q", out.text[1], want)
	}
}

// drafts runs a drafter over an answer on a made-up machine, where a step
// costs one unit and each guessed token some part of it, and returns the units
// spent a token.
func drafts(next func([]Token) Token, guessed float64, n int) float64 {
	return draftsOn(next, func(tokens int) float64 { return 1 + guessed*float64(tokens-1) }, n)
}

// draftsOn takes what a step of so many tokens costs.
func draftsOn(next func([]Token) Token, step func(tokens int) float64, n int) float64 {
	var d drafter
	history := promptOf(40, 1)
	spent := 0.0
	for len(history) < 40+n {
		guess := d.propose(nil, history, mostDraft)
		held := 0
		for {
			t := next(history)
			history = append(history, t)
			if held == len(guess) || t != guess[held] {
				break
			}
			held++
		}
		cost := step(1 + len(guess))
		spent += cost
		d.result(len(guess), held, time.Duration(cost*float64(time.Millisecond)))
	}
	return spent / float64(n)
}

func TestDraft_PaysWhereItCan(t *testing.T) {
	repeat := func(h []Token) Token { return h[len(h)-8] }
	circle := func(h []Token) Token { return h[len(h)-2] }
	// Looks like a repetition, and never is one.
	deceive := func(h []Token) Token {
		if len(h)%5 == 4 {
			return Token(1 + len(h)*7%60)
		}
		return Token(1 + len(h)%5)
	}
	for name, c := range map[string]struct {
		next    func([]Token) Token
		guessed float64 // cost of a guessed token
		most    float64 // allowed cost of a token
	}{
		"repetition, cheap batches":     {repeat, 0.1, 0.3},
		"repetition, dear batches":      {repeat, 1.0, 1.05},
		"deception, cheap batches":      {deceive, 0.1, 1.03},
		"deception, dear batches":       {deceive, 1.0, 1.05},
		"a short circle, cheap batches": {circle, 0.1, 0.2},
		"a short circle, dear batches":  {circle, 1.0, 1.05},
		"nothing repeats":               {next, 0.5, 1.05},
	} {
		if got := drafts(c.next, c.guessed, 4000); got > c.most {
			t.Errorf("%s: a token costs %.2f steps, want at most %.2f", name, got, c.most)
		}
	}
}

// Where a few tokens take as long as many, small guesses don't pay and large
// ones do.
func TestDraft_TriesLargerGuessesWhereSmallOnesDoNotPay(t *testing.T) {
	repeat := func(h []Token) Token { return h[len(h)-2] }
	step := func(tokens int) float64 {
		if tokens == 1 {
			return 1
		}
		return 4 + float64(tokens)/8
	}
	if got := draftsOn(repeat, step, 1000); got > 0.6 {
		t.Errorf("a token costs %.2f steps of one, want about half", got)
	}
}

// The tree answers as a look through all entries does.
func TestTree_FindsTheLongestBeginning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tr tree
		var all []*entry
		tokens := rapid.SliceOfN(rapid.Int32Range(0, 2), 0, 12)
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			switch {
			case len(all) > 0 && rapid.IntRange(0, 2).Draw(t, "op") == 0:
				i := rapid.IntRange(0, len(all)-1).Draw(t, "which")
				tr.remove(all[i])
				all = append(all[:i], all[i+1:]...)
			default:
				e := &entry{tokens: tokens.Draw(t, "tokens")}
				tr.insert(e)
				all = append(all, e)
			}
			p := tokens.Draw(t, "prompt")
			want := 0
			for _, e := range all {
				want = max(want, common(e.tokens, p))
			}
			e, n := tr.longest(p)
			if n != want || want > 0 && common(e.tokens, p) != want {
				t.Fatalf("longest(%v) = %v with %d, want %d", p, e, n, want)
			}
		}
		count := 0
		tr.root.each(func(*entry) { count++ })
		if count != len(all) {
			t.Fatalf("the tree holds %d entries, want %d", count, len(all))
		}
		for _, e := range all {
			tr.remove(e)
		}
		if len(tr.root.kids) != 0 || len(tr.root.entries) != 0 {
			t.Fatal("the emptied tree is not empty")
		}
	})
}
