package queue

import (
	"container/list"
	"fmt"
	"iter"
)

// fifo is the policy of first come, first served over all callers.
type fifo struct {
	limits  Limits
	running map[ticket]struct{}
	line    *list.List // of ticket, next in front
	places  map[ticket]*list.Element
}

func newFIFO(l Limits) *fifo {
	return &fifo{
		limits:  l,
		running: make(map[ticket]struct{}),
		line:    list.New(),
		places:  make(map[ticket]*list.Element),
	}
}

func (f *fifo) offer(id ticket, _ Caller) verdict {
	switch {
	case f.room():
		// Nobody waits while there is room, so the newcomer overtakes no one.
		f.running[id] = struct{}{}
		return admitted
	case f.line.Len() < f.limits.Waiting:
		f.places[id] = f.line.PushBack(id)
		return queued
	}
	return full
}

func (f *fifo) cancel(id ticket) {
	place, ok := f.places[id]
	if !ok {
		panic(fmt.Sprintf("queue: cancel of ticket %d, which does not wait", id))
	}
	f.line.Remove(place)
	delete(f.places, id)
}

func (f *fifo) release(id ticket) []ticket {
	if _, ok := f.running[id]; !ok {
		panic(fmt.Sprintf("queue: release of ticket %d, which does not run", id))
	}
	delete(f.running, id)
	return f.fill()
}

func (f *fifo) setActive(n int) []ticket {
	f.limits.Active = n
	return f.fill()
}

func (f *fifo) setWaiting(n int) { f.limits.Waiting = n }

func (f *fifo) order() iter.Seq[ticket] {
	return func(yield func(ticket) bool) {
		for place := f.line.Front(); place != nil; place = place.Next() {
			if !yield(place.Value.(ticket)) {
				return
			}
		}
	}
}

func (f *fifo) room() bool { return len(f.running) < f.limits.Active }

// fill admits from the front of the line while there is room.
func (f *fifo) fill() []ticket {
	var in []ticket
	for f.room() && f.line.Len() > 0 {
		id := f.line.Remove(f.line.Front()).(ticket)
		delete(f.places, id)
		f.running[id] = struct{}{}
		in = append(in, id)
	}
	return in
}
