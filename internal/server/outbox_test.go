package server

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inferd/inferd/wire"
)

// sink is a connection that counts what is written, one token a write.
type sink struct {
	net.Conn
	tokens chan struct{} // nil: as many as come

	// mu guards the fields below.
	mu     sync.Mutex
	writes int
	bytes  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	if s.tokens != nil {
		<-s.tokens
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.bytes.Write(p)
}

func (s *sink) SetWriteDeadline(time.Time) error { return nil }

func TestOutbox_WritesWhatHasPiledUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{tokens: make(chan struct{})}
		o := openOutbox(&deadlineConn{Conn: s, timeout: time.Hour}, func(error) {})
		var want []byte
		for range 100 {
			frame := &wire.V1Token{ID: "1", Content: "x"}
			want = frame.Append(want)
			if err := o.add(t.Context(), frame); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // the first is in the hands of the writer
		}
		go func() {
			s.tokens <- struct{}{}
			s.tokens <- struct{}{}
		}()
		if err := o.finish(nil); err != nil {
			t.Fatal(err)
		}
		if s.writes != 2 || !bytes.Equal(s.bytes.Bytes(), want) {
			t.Errorf("%d writes of %d bytes, want 2 of %d", s.writes, s.bytes.Len(), len(want))
		}
	})
}

func TestOutbox_FullBufferPausesUntilItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{tokens: make(chan struct{})}
		o := openOutbox(&deadlineConn{Conn: s, timeout: time.Hour}, func(error) {})
		frame := &wire.V1Token{Content: string(bytes.Repeat([]byte{'x'}, outboxLimit))}
		added := make(chan int, 8)
		go func() {
			for i := range 4 {
				if err := o.add(t.Context(), frame); err != nil {
					t.Error(err)
				}
				added <- i
			}
		}()
		synctest.Wait()
		if len(added) != 2 { // one with the writer, one in the buffer
			t.Errorf("%d frames were taken with nobody reading, want 2", len(added))
		}
		o.offer(frame) // is lost, and does not block
		for range 4 {
			s.tokens <- struct{}{}
			synctest.Wait()
		}
		if err := o.finish(nil); err != nil {
			t.Fatal(err)
		}
		if got, want := s.bytes.Len(), 4*len(frame.Append(nil)); got != want {
			t.Errorf("wrote %d bytes, want %d", got, want)
		}
	})
}

// broken is a connection on which every write fails.
type broken struct{ net.Conn }

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error)        { return 0, errBroken }
func (broken) SetWriteDeadline(time.Time) error { return nil }

func TestOutbox_FailedWriteEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 2)
		o := openOutbox(&deadlineConn{Conn: broken{}, timeout: time.Hour}, func(err error) { failed <- err })
		if err := o.add(t.Context(), &wire.V1Token{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := o.add(t.Context(), &wire.V1Token{}); !errors.Is(err, errBroken) {
			t.Errorf("add after a failed write: %v", err)
		}
		if err := o.finish(&wire.V1Done{}); !errors.Is(err, errBroken) {
			t.Errorf("finish: %v", err)
		}
		if len(failed) != 1 {
			t.Errorf("told %d times of the failure, want once", len(failed))
		}
	})
}

// Buffers go on to other requests: two that share memory would mix the frames
// of one client into those of another.
func TestOutbox_FailedWriteLeavesTwoBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOutbox(&deadlineConn{Conn: broken{}, timeout: time.Hour}, func(error) {})
		o.mu.Lock()
		o.pending, o.spare = make([]byte, 0, 64), make([]byte, 0, 64)
		o.mu.Unlock()
		if err := o.finish(&wire.V1Error{}); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		pending, spare := o.pending[:cap(o.pending)], o.spare[:cap(o.spare)]
		if len(pending) > 0 && len(spare) > 0 && &pending[0] == &spare[0] {
			t.Error("both buffers are the same memory")
		}
	})
}

func TestOutbox_TokensCostNoAllocation(t *testing.T) {
	s := &sink{}
	o := openOutbox(&deadlineConn{Conn: discard{}, timeout: time.Hour}, func(error) {})
	frame := &wire.V1Token{ID: "1", Content: "some text"}
	ctx := t.Context()
	for range 10_000 { // until the buffers have their size
		_ = o.add(ctx, frame)
	}
	allocs := testing.AllocsPerRun(10_000, func() { _ = o.add(ctx, frame) })
	if err := o.finish(nil); err != nil {
		t.Fatal(err)
	}
	if allocs >= 1 {
		t.Errorf("%v allocations a token, want none (%d writes)", allocs, s.writes)
	}
}

// discard is a connection that takes everything at once.
type discard struct{ net.Conn }

func (discard) Write(p []byte) (int, error)      { return len(p), nil }
func (discard) SetWriteDeadline(time.Time) error { return nil }

// timid is a connection that takes one byte a write, and then times out as
// the clock says.
type timid struct {
	net.Conn
	left     int
	deadline time.Time
}

func (c *timid) SetWriteDeadline(d time.Time) error { c.deadline = d; return nil }

func (c *timid) Write(p []byte) (int, error) {
	n := min(1, c.left, len(p))
	c.left -= n
	if n == len(p) {
		return n, nil
	}
	time.Sleep(time.Until(c.deadline))
	return n, &net.OpError{Op: "write", Err: errTimedOut{}}
}

type errTimedOut struct{}

func (errTimedOut) Error() string        { return "timed out" }
func (errTimedOut) Is(target error) bool { return target == os.ErrDeadlineExceeded }

func TestDeadlineConn_ProgressEarnsTheWholeTimeoutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &deadlineConn{Conn: &timid{left: 5}, timeout: time.Minute}
		begun := time.Now()
		if err := c.writeAll([]byte("12345")); err != nil {
			t.Errorf("five bytes, one a minute: %v", err)
		}
		if got := time.Since(begun); got != 4*time.Minute {
			t.Errorf("took %v", got)
		}
	})
}

func TestDeadlineConn_StallsAfterAWholeTimeoutWithoutProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &timid{left: 1}
		c := &deadlineConn{Conn: conn, timeout: time.Minute}
		if err := c.writeAll([]byte("1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second) // the deadline is set already, and would come early
		begun := time.Now()
		if err := c.writeAll([]byte("23")); !errors.Is(err, errStalled) {
			t.Errorf("got %v", err)
		}
		if got := time.Since(begun); got != time.Minute {
			t.Errorf("stalled after %v, want a minute", got)
		}
	})
}
