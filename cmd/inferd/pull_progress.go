package main

import (
	"fmt"
	"time"

	"github.com/inferd/inferd/internal/store/fetch"
)

const (
	// drawEvery is how often the line of a terminal changes: people read no
	// faster.
	drawEvery = 100 * time.Millisecond
	// sayEvery is how often there is a new line where there is no terminal.
	sayEvery = 10 * time.Second
	// rateOver is the time over which the rate is taken.
	rateOver = 10 * time.Second
)

// pullLine shows a download: as a bar, with rate and time left, or as a line now
// and then where out is no terminal.
type pullLine struct {
	progress

	now   func() time.Time
	marks []mark // of the last while, the oldest one first
	drawn time.Time
	said  time.Time
}

// mark is how far it was at some time.
type mark struct {
	at   time.Time
	done int64
}

// advance is told of every piece.
func (l *pullLine) advance(p fetch.Progress) {
	now := l.now()
	if now.Sub(l.drawn) < drawEvery {
		return
	}
	l.drawn = now
	l.remember(now, p.Done)
	l.show(l.text(p))
}

// report is told of some pieces.
func (l *pullLine) report(p fetch.Progress) {
	now := l.now()
	last := p.Total > 0 && p.Done == p.Total
	if l.out.terminal || !last && now.Sub(l.said) < sayEvery {
		return
	}
	l.said = now
	l.remember(now, p.Done)
	fmt.Fprintln(l.out, oneLine(l.text(p)))
}

// retrying tells of an attempt that failed.
func (l *pullLine) retrying(r fetch.Retry) {
	l.say(fmt.Sprintf("%v; trying again in %s", r.Err, r.Wait.Round(100*time.Millisecond)))
}

// say writes a line that stays.
func (l *pullLine) say(text string) {
	l.clear()
	fmt.Fprintln(l.out, oneLine(text))
}

func (l *pullLine) remember(now time.Time, done int64) {
	if n := len(l.marks); n > 0 && done < l.marks[n-1].done {
		l.marks = nil // it began again
	}
	l.marks = append(l.marks, mark{now, done})
	for len(l.marks) > 2 && now.Sub(l.marks[1].at) >= rateOver {
		l.marks = l.marks[1:]
	}
}

// rate is bytes a second of late; 0 is not known yet.
func (l *pullLine) rate() float64 {
	if len(l.marks) < 2 {
		return 0
	}
	first, last := l.marks[0], l.marks[len(l.marks)-1]
	if seconds := last.at.Sub(first.at).Seconds(); seconds > 0 {
		return float64(last.done-first.done) / seconds
	}
	return 0
}

func (l *pullLine) text(p fetch.Progress) string {
	text := "pull " + sizeOf(p.Done)
	if p.Total > 0 {
		text = bar(min(1, float64(p.Done)/float64(p.Total))) + " " + text + " of " + sizeOf(p.Total)
	}
	rate := l.rate()
	if rate < 1 {
		return text
	}
	text += ", " + sizeOf(int64(rate)) + "/s"
	if p.Total > p.Done {
		left := time.Duration(float64(p.Total-p.Done) / rate * float64(time.Second))
		text += ", " + left.Round(time.Second).String() + " left"
	}
	return text
}
