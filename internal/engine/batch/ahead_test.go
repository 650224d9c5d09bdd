package batch

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAhead_NewcomersDoNotWaitForCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFake(t, 1<<20)
		l, out := startLoop(t, m, Config{Slots: 1, Context: 4096, Batch: 64, Cuts: true, HostBytes: 5000})
		first := promptOf(300, 1)
		ask(t, l, out, 1, 1, first, 1)
		ask(t, l, out, 2, 1, join(first, promptOf(20, 2)), 1)
		synctest.Wait()
		if n := m.copies(); n != 0 {
			t.Errorf("%d copies while a conversation goes on", n)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := m.copies(); n != 1 {
			t.Errorf("%d copies in a quiet hour, want one", n)
		}
		saves := 0 // before the last step
		books := m.onBatch
		m.onBatch = func(entries []Entry) {
			saves = m.copies()
			books(entries)
		}
		ask(t, l, out, 3, 1, promptOf(300, 3), 1)
		synctest.Wait()
		if saves != 1 {
			t.Errorf("%d copies before a newcomer's first step, want the one from before", saves)
		}
		if u := ask(t, l, out, 4, 1, first, 1).Usage; u.CachedTokens < 290 {
			t.Errorf("what was copied: %+v", u)
		}
	})
}

// Each turn of a conversation is copied in the pause behind it. One copy has all
// that the earlier ones had.
func TestAhead_AConversationIsKeptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFake(t, 1<<20)
		l, out := startLoop(t, m, Config{Slots: 1, Context: 4096, Batch: 64, Cuts: true, HostBytes: 2000})
		other, talk := promptOf(300, 9), promptOf(300, 1)
		ask(t, l, out, 1, 1, other, 1)
		for id := range uint64(8) {
			talk = join(talk, promptOf(80, int(id)))
			ask(t, l, out, 10+id, 1, talk, 1)
			time.Sleep(2 * quiet)
		}
		synctest.Wait()
		if n := m.copies(); n != 9 {
			t.Errorf("%d copies, want one of each turn and the other's", n)
		}
		if u := ask(t, l, out, 2, 1, other, 1).Usage; u.CachedTokens < 290 {
			t.Errorf("the other's was driven out: %+v", u)
		}
	})
}

func TestAhead_DoesNotTryAgainWhatIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFake(t, 1<<20)
		l, out := startLoop(t, m, Config{Slots: 1, Context: 4096, Batch: 64, Cuts: true, HostBytes: 200})
		ask(t, l, out, 1, 1, promptOf(300, 1), 1)
		time.Sleep(time.Hour)
		synctest.Wait()
		ask(t, l, out, 2, 1, promptOf(300, 2), 1)
		synctest.Wait()
		if n := m.copies(); n != 1 {
			t.Errorf("%d copies of a state that does not fit, want one", n)
		}
	})
}
