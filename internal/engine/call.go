package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/inferd/inferd/internal/engine/proto"
)

// A call whose reader falls behind by more than pauseAbove bytes is paused in
// the worker until it has caught up: its memory stays bounded, and the others
// are not held up.
const pauseAbove = 64 << 10

// eventCost is what an event counts beside its text.
const eventCost = 64

// call is one request on a worker, between the worker's reader, which puts
// events in, and the request's goroutine, which takes them out.
type call struct {
	w  *worker
	id uint64

	// mu guards the fields below.
	mu     sync.Mutex
	events []proto.Event
	text   []byte // what the events' texts lie in
	cost   int
	paused bool // as it should be in the worker
	end    *proto.End
	dead   error // the worker's end
	wake   chan struct{}
	// vectors are what came out for the texts of an embed or rerank.
	vectors [][]float32

	// fmu keeps pauses and resumes in order on the link; it is held over the
	// write and guards the field below. Lock order: fmu, then mu.
	fmu  sync.Mutex
	told bool // what the worker was told of paused
}

// put takes an event from the worker. The text is copied.
func (c *call) put(e proto.Event) {
	c.mu.Lock()
	start := len(c.text)
	c.text = append(c.text, e.Text...)
	e.Text = c.text[start:len(c.text):len(c.text)]
	c.events = append(c.events, e)
	c.cost += len(e.Text) + eventCost
	turned := c.cost > pauseAbove && !c.paused
	c.paused = c.paused || turned
	c.mu.Unlock()
	if turned {
		c.flow()
	}
	c.signal()
}

// flow tells the worker whether the call is to go on, if it does not know.
func (c *call) flow() {
	c.fmu.Lock()
	defer c.fmu.Unlock()
	c.mu.Lock()
	paused := c.paused
	c.mu.Unlock()
	if paused == c.told {
		return
	}
	c.told = paused
	k := proto.KindResume
	if paused {
		k = proto.KindPause
	}
	c.w.tell(k, c.id)
}

// finish takes the worker's last word on the call.
func (c *call) finish(e proto.End) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = &e
	c.signal()
}

// die ends the call because the worker has ended.
func (c *call) die(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil && c.dead == nil {
		c.dead = reason
	}
	c.signal()
}

func (c *call) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// batch is what has come in for a call since it last looked.
type batch struct {
	events []proto.Event
	text   []byte
	end    *proto.End
	dead   error
}

// take swaps the filled buffers for the emptied ones of the last round.
func (c *call) take(old batch) batch {
	c.mu.Lock()
	b := batch{events: c.events, text: c.text, end: c.end, dead: c.dead}
	c.events, c.text, c.cost = old.events[:0], old.text[:0], 0
	turned := c.paused
	c.paused = false
	c.mu.Unlock()
	if turned {
		c.flow()
	}
	return b
}

// follow hands the events on until the call ends.
func (c *call) follow(ctx context.Context, emit func([]proto.Event) error) (proto.End, error) {
	defer c.w.forget(c)
	var b batch
	var emitErr error
	done := ctx.Done()
	for {
		select {
		case <-c.wake:
		case <-done:
			done = nil
			c.w.tell(proto.KindCancel, c.id)
			continue
		}
		b = c.take(b)
		if len(b.events) > 0 && emitErr == nil && ctx.Err() == nil {
			if emitErr = emit(b.events); emitErr != nil {
				done = nil
				c.w.tell(proto.KindCancel, c.id)
			}
		}
		switch {
		case b.end != nil && emitErr != nil:
			return *b.end, emitErr
		case b.end != nil:
			return *b.end, nil
		case b.dead != nil:
			return proto.End{}, errors.Join(emitErr, fmt.Errorf("%w: %w", ErrDown, b.dead))
		}
	}
}

// begin registers a call and sends it to the worker: frame makes the frame,
// with the call's number. Of texts there are so many.
func (w *worker) begin(texts int, frame func(id uint64) ([]byte, error)) (*call, error) {
	c := &call{w: w, wake: make(chan struct{}, 1), vectors: make([][]float32, texts)}
	w.mu.Lock()
	if w.dead != nil {
		defer w.mu.Unlock()
		return nil, fmt.Errorf("%w: %w", ErrNone, w.dead)
	}
	w.nextID++
	c.id = w.nextID
	w.calls[c.id] = c
	w.mu.Unlock()
	b, err := frame(c.id)
	if err != nil {
		w.forget(c)
		return nil, err
	}
	// A worker that is gone shows on the reading side, which ends the call.
	_ = w.write(b)
	return c, nil
}

func (w *worker) forget(c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.calls, c.id)
}

func (w *worker) find(id uint64) *call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[id]
}

// failCalls ends all calls of a worker that is gone, and those to come.
func (w *worker) failCalls(reason error) {
	w.mu.Lock()
	w.dead = reason
	var open []*call
	for _, c := range w.calls {
		open = append(open, c)
	}
	w.mu.Unlock()
	slices.SortFunc(open, func(a, b *call) int { return int(a.id) - int(b.id) })
	for _, c := range open {
		c.die(reason)
	}
}
