package server

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestActivity_WaitEndsWhenTheLoadIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newActivity()
		one, two := a.admitted(), a.admitted()
		ended := make(chan error, 1)
		go func() {
			ended <- a.wait(t.Context(), func(l load) bool { return l.admitted == 0 })
		}()
		synctest.Wait()
		one()
		synctest.Wait()
		if len(ended) > 0 {
			t.Fatal("ended with a request left")
		}
		two()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestActivity_WaitEndsWithItsContext(t *testing.T) {
	a := newActivity()
	defer a.admitted()()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrShutdown)
	if err := a.wait(ctx, func(l load) bool { return l.admitted == 0 }); err != ErrShutdown {
		t.Errorf("got %v", err)
	}
}

func TestActivity_QuietMeansAWholePeriodWithoutConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newActivity()
		time.Sleep(time.Hour) // what was before does not count
		begun := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- a.waitQuiet(t.Context(), time.Minute) }()

		time.Sleep(59 * time.Second)
		gone := a.connected()
		time.Sleep(time.Hour)
		a.connected()() // another one comes and goes meanwhile
		gone()
		time.Sleep(59 * time.Second)
		a.connected()()

		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got, want := time.Since(begun), time.Hour+3*time.Minute-2*time.Second; got != want {
			t.Errorf("quiet after %v, want %v", got, want)
		}
	})
}
