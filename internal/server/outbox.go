package server

import (
	"context"
	"sync"
)

const (
	// outboxLimit is how many bytes of frames wait for a client before its
	// request pauses. One frame may exceed it, whatever its size.
	outboxLimit = 256 << 10
	// outboxKeep is the largest buffer that is kept for the next request.
	outboxKeep = 2 * outboxLimit
)

// appender is a frame: it writes itself to the end of a buffer.
type appender interface {
	Append(dst []byte) []byte
}

// outbox is the way out for the frames of one request: a bounded buffer and a
// goroutine that writes all that is in it at once. Frames pile up while a
// write is under way, so a fast answer costs few system calls, and a client
// that reads slowly pauses nothing but its own request.
//
// One goroutine adds frames; it is not safe for more.
type outbox struct {
	conn   *deadlineConn
	failed func(error) // called once, by the writer, if a write fails
	pooled *buffers    // where the buffers go in the end

	wake chan struct{} // tells a parked writer that there is something to do
	room chan struct{} // tells a paused add that the buffer was taken
	done chan struct{} // the writer has ended

	// mu guards the fields below.
	mu      sync.Mutex
	pending []byte
	parked  bool // the writer waits for wake
	closed  bool // no frame will follow
	err     error

	spare []byte // the writer's; the other buffer
}

// buffers are the two of an outbox. They outlive it: an idle connection holds
// none, and a request finds some that have their size already.
type buffers struct{ pending, spare []byte }

var bufferPool = sync.Pool{New: func() any { return new(buffers) }}

// openOutbox starts the writer of one request. Only finish ends it.
func openOutbox(conn *deadlineConn, failed func(error)) *outbox {
	o := &outbox{
		conn: conn, failed: failed, pooled: bufferPool.Get().(*buffers),
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1), done: make(chan struct{}),
	}
	o.pending, o.spare = o.pooled.pending, o.pooled.spare
	go o.run()
	return o
}

// add appends f and pauses while the buffer is full. It returns the cause of
// ctx where that ends first, and the error of the writer where that has failed;
// f is not sent then.
func (o *outbox) add(ctx context.Context, f appender) error {
	for {
		added, err := o.tryAdd(f)
		if added || err != nil {
			return err
		}
		select {
		case <-o.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// offer appends f if there is room now; otherwise f is lost.
func (o *outbox) offer(f appender) {
	_, _ = o.tryAdd(f)
}

func (o *outbox) tryAdd(f appender) (added bool, err error) {
	o.mu.Lock()
	err = o.err
	wake := false
	if added = err == nil && len(o.pending) < outboxLimit; added {
		o.pending = f.Append(o.pending)
		wake, o.parked = o.parked, false
	}
	o.mu.Unlock()
	if wake {
		signal(o.wake)
	}
	return added, err
}

// finish appends the last frame, if there is one, waits until everything is
// written, and ends the writer. The outbox must not be used after it.
func (o *outbox) finish(last appender) error {
	o.mu.Lock()
	if last != nil && o.err == nil {
		o.pending = last.Append(o.pending)
	}
	o.closed = true
	o.mu.Unlock()
	signal(o.wake)
	<-o.done
	err := o.err
	o.recycle()
	return err
}

// run writes until the outbox is closed and empty, or a write fails.
func (o *outbox) run() {
	defer close(o.done)
	for {
		batch, open := o.take()
		if len(batch) > 0 {
			err := o.conn.writeAll(batch)
			o.spare = batch[:0]
			if err != nil {
				o.fail(err)
				return
			}
			continue
		}
		if !open {
			return
		}
		<-o.wake
	}
}

// take swaps the buffers and returns the full one.
func (o *outbox) take() (batch []byte, open bool) {
	o.mu.Lock()
	batch = o.pending
	if len(batch) > 0 {
		o.pending, o.spare = o.spare, nil
	} else {
		o.parked = true
	}
	open = !o.closed
	o.mu.Unlock()
	if len(batch) >= outboxLimit {
		signal(o.room)
	}
	return batch, open
}

func (o *outbox) fail(err error) {
	o.mu.Lock()
	o.err = err
	o.pending = o.pending[:0]
	o.mu.Unlock()
	o.failed(err)
	signal(o.room)
}

// recycle gives the buffers to the next request. Nobody else holds them now.
func (o *outbox) recycle() {
	if cap(o.pending) > outboxKeep || cap(o.spare) > outboxKeep {
		return
	}
	o.pooled.pending, o.pooled.spare = o.pending[:0], o.spare[:0]
	bufferPool.Put(o.pooled)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // a signal is there already
	}
}
