package transport

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeListener accepts what the test hands it: a connection, or an error.
type fakeListener struct {
	results chan any
	closed  chan struct{}
	once    sync.Once
}

func newFake(results ...any) *fakeListener {
	f := &fakeListener{results: make(chan any, len(results)), closed: make(chan struct{})}
	for _, r := range results {
		f.results <- r
	}
	return f
}

func (f *fakeListener) Accept() (net.Conn, error) {
	select {
	case r := <-f.results:
		if err, ok := r.(error); ok {
			return nil, err
		}
		return r.(net.Conn), nil
	case <-f.closed:
		return nil, errors.New("a system's own words for closed")
	}
}

func (f *fakeListener) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

func (f *fakeListener) Addr() net.Addr { return &net.UnixAddr{} }

// listenerOn returns a Listener over f that takes any client for pid 1, except
// for the unknown ones.
func listenerOn(f *fakeListener, unknown ...net.Conn) *Listener {
	l := newListener(Endpoint{Surface: V1}, f, func() error { return nil })
	l.identify = func(c net.Conn) (Peer, error) {
		if slices.Contains(unknown, c) {
			return Peer{}, errors.New("who is that")
		}
		return Peer{PID: 1}, nil
	}
	return l
}

func TestListener_AcceptOutlivesErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		results := make([]any, 0, 12)
		for range 11 {
			results = append(results, syscall.EMFILE)
		}
		l := listenerOn(newFake(append(results, ours)...))
		defer l.Close()

		start := time.Now()
		var at []time.Duration
		l.OnTrouble = func(err error) {
			if !errors.Is(err, syscall.EMFILE) {
				t.Errorf("reported %v", err)
			}
			at = append(at, time.Since(start))
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if c.Conn != ours || c.Peer().PID != 1 {
			t.Errorf("got %v of %v", c.Conn, c.Peer())
		}
		ms := time.Millisecond
		want := []time.Duration{0, 5 * ms, 15 * ms, 35 * ms, 75 * ms, 155 * ms, 315 * ms, 635 * ms,
			1275 * ms, 2275 * ms, 3275 * ms} // doubling up to a second
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("retries (-want +got):\n%s", diff)
		}
	})
}

func TestListener_AcceptStartsOverWithShortWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, stranger, second := closedPipe(), closedPipe(), closedPipe()
		l := listenerOn(newFake(
			syscall.ECONNABORTED, syscall.ECONNABORTED, first,
			syscall.ECONNABORTED, syscall.ECONNABORTED, stranger, syscall.ECONNABORTED, second,
		), stranger)
		defer l.Close()
		start := time.Now()
		for _, want := range []time.Duration{15 * time.Millisecond, 35 * time.Millisecond} {
			if _, err := l.Accept(); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != want {
				t.Errorf("accepted after %v, want %v", got, want)
			}
		}
	})
}

func closedPipe() net.Conn {
	a, b := net.Pipe()
	b.Close()
	return a
}

func TestListener_DropsClientsThatCannotBeIdentified(t *testing.T) {
	stranger, strangersEnd := net.Pipe()
	defer strangersEnd.Close()
	known := closedPipe()
	l := listenerOn(newFake(stranger, known), stranger)
	defer l.Close()
	var reported []error
	l.OnTrouble = func(err error) { reported = append(reported, err) }

	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if c.Conn != known {
		t.Error("the stranger was accepted")
	}
	if _, err := strangersEnd.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the stranger reads %v, want a closed connection", err)
	}
	if len(reported) != 1 {
		t.Errorf("reported %v, want one error", reported)
	}
}

func TestListener_CloseEndsAcceptWhereverItIs(t *testing.T) {
	for name, results := range map[string][]any{
		"accepting": nil,
		"waiting":   {syscall.EMFILE},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listenerOn(newFake(results...))
				got := make(chan error)
				go func() {
					_, err := l.Accept()
					got <- err
				}()
				synctest.Wait()
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				if err := <-got; !errors.Is(err, net.ErrClosed) {
					t.Errorf("Accept: %v, want net.ErrClosed", err)
				}
				if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Accept after Close: %v, want net.ErrClosed", err)
				}
			})
		})
	}
}

func TestListener_CloseTellsTheSameTwice(t *testing.T) {
	sour := errors.New("sour")
	calls := 0
	l := newListener(Endpoint{}, newFake(), func() error { calls++; return sour })
	for range 3 {
		if err := l.Close(); !errors.Is(err, sour) {
			t.Errorf("Close: %v, want %v", err, sour)
		}
	}
	if calls != 1 {
		t.Errorf("the path was withdrawn %d times, want once", calls)
	}
}

func TestConn_CloseWriteWhereTheSystemHasNone(t *testing.T) {
	c := &Conn{Conn: closedPipe()}
	if err := c.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("CloseWrite: %v, want errors.ErrUnsupported", err)
	}
}
