package batch

import (
	"testing"
	"testing/synctest"
	"time"
)

// written runs a request whose every step takes so long, and returns how many
// writes its answer took and how long a part waited for its write at most.
func written(t *testing.T, step time.Duration) (tokens, writes int, wait time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		m := newFake(t, 4096)
		m.next = func([]Token) Token { return 1 }
		m.onBatch = func([]Entry) { time.Sleep(step) }
		l, out := startLoop(t, m, Config{Slots: 1, Context: 256, Batch: 16})
		var held []time.Time // since when
		out.onText = func(uint64) { held = append(held, time.Now()) }
		out.onFlush = func() {
			if len(held) == 0 {
				return
			}
			if tokens == 0 && len(held) != 1 {
				t.Errorf("the first token waited for %d more", len(held)-1)
			}
			writes, tokens = writes+1, tokens+len(held)
			wait = max(wait, time.Since(held[0]))
			held = held[:0]
		}
		l.Submit(request(t, 1, promptOf(4, 1), 101))
		<-out.ended
		synctest.Wait()
		if len(held) > 0 {
			t.Errorf("%d parts were never written", len(held))
		}
	})
	return tokens, writes, wait
}

func TestOutlet_GathersWhatComesFast(t *testing.T) {
	for _, c := range []struct {
		step   time.Duration
		writes int // of 101 tokens
	}{
		{gather / 8, 2 + 100/8},
		{gather / 2, 1 + 100/2},
		{gather + 1, 101},
		{time.Second, 101},
	} {
		tokens, writes, wait := written(t, c.step)
		if tokens != 101 || writes > c.writes || wait > gather {
			t.Errorf("steps of %v: %d tokens in %d writes, want 101 in %d at most; one waited %v", c.step, tokens, writes, c.writes, wait)
		}
		if c.step > gather && wait != 0 {
			t.Errorf("steps of %v: a token waited %v for nothing", c.step, wait)
		}
	}
}

// A prompt that will take long to read is nothing to wait for.
func TestOutlet_WritesBeforeALongPromptIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFake(t, 4096)
		m.next = func([]Token) Token { return 1 }
		m.onBatch = func(e []Entry) { time.Sleep(time.Duration(len(e)) * gather / 10) }
		l, out := startLoop(t, m, Config{Slots: 2, Context: 2048, Batch: 256})
		since := map[uint64]time.Time{}
		out.onText = func(id uint64) {
			if since[id].IsZero() {
				since[id] = time.Now()
			}
			if id == 1 && out.tokens[1] == 20 {
				l.Submit(request(t, 2, promptOf(900, 2), 5))
			}
		}
		out.onFlush = func() {
			for id, at := range since {
				if wait := time.Since(at); wait > gather {
					t.Errorf("request %d: a part waited %v", id, wait)
				}
			}
			clear(since)
		}
		l.Submit(request(t, 1, promptOf(4, 1), 200))
		<-out.ended
		<-out.ended
	})
}

// Whoever comes in may drive out a state, which is copied first: what was
// written before is on its way by then.
func TestOutlet_WritesBeforeANewcomerIsLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFake(t, 4096)
		m.next = func([]Token) Token { return 1 }
		m.onBatch = func([]Entry) { time.Sleep(gather / 8) }
		m.onSave = func() { time.Sleep(time.Second) }
		l, out := startLoop(t, m, Config{Slots: 2, Context: 2048, Batch: 256, Cuts: true, HostBytes: 5000})
		var since time.Time
		out.onText = func(id uint64) {
			if since.IsZero() {
				since = time.Now()
			}
			if id == 2 && out.tokens[2] == 37 {
				l.Submit(request(t, 3, promptOf(300, 3), 1)) // in the first one's place
			}
		}
		out.onFlush = func() {
			if wait := time.Since(since); !since.IsZero() && wait > gather {
				t.Errorf("a part waited %v", wait)
			}
			since = time.Time{}
		}
		ask(t, l, out, 1, 1, promptOf(300, 1), 1)
		l.Submit(request(t, 2, promptOf(4, 2), 100))
		<-out.ended
		<-out.ended
	})
}
