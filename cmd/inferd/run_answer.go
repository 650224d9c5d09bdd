package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/inferd/inferd/wire"
)

// answer prints the frames of one request as they come.
type answer struct {
	program *program
	json    bool
	stats   bool
	begun   time.Time

	first   time.Time // when the first token came
	midLine bool      // the last character printed was no line end
	done    *wire.V1Done
}

// print writes one frame; nil is none.
func (a *answer) print(frame wire.V1Response) error {
	switch f := frame.(type) {
	case nil:
		return nil
	case *wire.V1Token:
		if a.first.IsZero() {
			a.first = time.Now()
		}
		if !a.json {
			return a.write(f.Content)
		}
	case *wire.V1Done:
		a.done = f
	}
	if !a.json {
		return nil
	}
	_, err := a.program.stdout.Write(frame.Append(nil))
	return a.outputError(err)
}

// write prints a piece of the answer: at once, since it is waited for.
func (a *answer) write(text string) error {
	if text == "" {
		return nil
	}
	a.midLine = !strings.HasSuffix(text, "\n")
	if a.program.stdout.terminal {
		text = visible(text)
	}
	_, err := fmt.Fprint(a.program.stdout, text)
	return a.outputError(err)
}

// outputError ends the request with the answer's output. A reader that has
// seen enough, like head, is the end that its signal would have been.
func (a *answer) outputError(err error) error {
	if err == nil {
		return nil
	}
	a.midLine = false
	if errors.Is(err, syscall.EPIPE) {
		return interrupted{syscall.SIGPIPE}
	}
	return &failure{err: fmt.Errorf("print the answer: %w", err), hint: "the request was cancelled"}
}

// endLine ends the answer's last line, so that what follows has its own.
func (a *answer) endLine() {
	if a.midLine {
		fmt.Fprintln(a.program.stdout)
		a.midLine = false
	}
}

var errNoAnswer = errors.New("the daemon sent no answer")

// finish prints what there is to say about the whole answer.
func (a *answer) finish() error {
	a.endLine()
	if a.done == nil {
		return errNoAnswer
	}
	if a.stats {
		fmt.Fprintln(a.program.stderr, a.figures())
	}
	if what, bad := stopped[a.done.StopReason]; bad {
		return &failure{err: errors.New(what), hint: "`inferd status` shows the state of the backends"}
	}
	if a.done.StopReason == wire.StopLength && !a.stats {
		fmt.Fprintf(a.program.stderr, "inferd: the answer was cut after %s (--max-tokens, or the end of the context)\n",
			tokenCount(a.done.Usage.CompletionTokens))
	}
	return nil
}

// figures is the one line about speed. The first token's time is what was
// waited for here; the rate is the backend's where it says.
func (a *answer) figures() string {
	tokens := a.done.Usage.CompletionTokens
	parts := []string{tokenCount(tokens)}
	if !a.first.IsZero() {
		parts = append(parts, fmt.Sprintf("first token %.0f ms", milliseconds(a.first.Sub(a.begun))))
	}
	if decode := a.decodeMS(); decode > 0 && tokens > 0 {
		parts = append(parts, fmt.Sprintf("%.1f tokens/s", float64(tokens)/decode*1000))
	}
	if a.done.StopReason != wire.StopEnd {
		parts = append(parts, "stopped: "+oneLine(string(a.done.StopReason)))
	}
	return strings.Join(parts, ", ")
}

// decodeMS is how long the tokens took, in milliseconds.
func (a *answer) decodeMS() float64 {
	if t := a.done.Timings; t != nil && t.DecodeMS > 0 {
		return t.DecodeMS
	}
	if a.first.IsZero() {
		return 0
	}
	return milliseconds(time.Since(a.first))
}

func tokenCount(n int) string {
	if n == 1 {
		return "1 token"
	}
	return fmt.Sprintf("%d tokens", n)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
