package inbox

import (
	"slices"
	"sync"
	"testing"
)

// flag is a model's abort.
type flag struct{ on bool }

func (f *flag) set(on bool) { f.on = on }

func TestBox_BreaksOffAStepThatNobodyWaitsFor(t *testing.T) {
	var f flag
	b := New[int](f.set)
	b.Open([]uint64{1, 2})
	b.Cancel(1, -1)
	if f.on {
		t.Error("broken off while another waits for it")
	}
	b.Cancel(3, -3)
	if f.on {
		t.Error("broken off by a request that is not in it")
	}
	b.Cancel(2, -2)
	if !f.on {
		t.Error("not broken off although nobody waits for it")
	}
	b.Close()
	if f.on {
		t.Error("still broken off after its end")
	}
	if got := b.Take(); !slices.Equal(got, []int{-1, -3, -2}) {
		t.Errorf("notes %v", got)
	}
}

// A cancel that comes between two steps of a turn is seen by the second.
func TestBox_DoesNotBeginAStepForTheCancelled(t *testing.T) {
	var f flag
	b := New[int](f.set)
	b.Cancel(1, -1)
	b.Open([]uint64{1})
	if !f.on {
		t.Error("a step begins that nobody waits for")
	}
	b.Close()
	b.Open([]uint64{1, 2})
	if f.on {
		t.Error("the step of another does not begin")
	}
	b.Close()
	b.Take()
	b.Open([]uint64{1})
	if f.on {
		t.Error("a cancel that was taken still counts")
	}
}

func TestBox_WakesItsOwner(t *testing.T) {
	b := New[int](func(bool) {})
	var putting sync.WaitGroup
	const n = 100
	for i := range n {
		putting.Go(func() {
			if i%2 == 0 {
				b.Put(i)
			} else {
				b.Cancel(uint64(i), i)
			}
		})
	}
	for got := 0; got < n; {
		<-b.Wake()
		got += len(b.Take())
	}
	putting.Wait()
	if left := b.Take(); len(left) != 0 {
		t.Errorf("%v came twice", left)
	}
}
