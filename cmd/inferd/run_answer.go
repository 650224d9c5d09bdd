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
	chat    bool // a person reads: tool calls are not for programs
	stats   bool
	begun   time.Time

	first    time.Time // when the first token came
	midLine  bool      // the last character printed was no line end
	thinking bool      // what was printed last is a thought
	done     *outcome
}

// outcome is what a terminal frame of any surface says.
type outcome struct {
	stop    wire.StopReason
	usage   wire.Usage
	timings *wire.Timings
}

// print writes one frame; nil is none.
func (a *answer) print(frame wire.V1Response) error {
	switch f := frame.(type) {
	case nil:
		return nil
	case *wire.V1Token:
		a.begin()
		if !a.json {
			return a.write(f.Content)
		}
	case *wire.V2Frame:
		a.begin()
		if !a.json {
			return a.block(&f.Block)
		}
	case *wire.V1Done:
		a.done = &outcome{f.StopReason, f.Usage, f.Timings}
	case *wire.V2Done:
		a.done = &outcome{f.StopReason, f.Usage, f.Timings}
	}
	if !a.json {
		return nil
	}
	_, err := a.program.stdout.Write(frame.Append(nil))
	return a.outputError(err)
}

// begin notes when the answer began.
func (a *answer) begin() {
	if a.first.IsZero() {
		a.first = time.Now()
	}
}

// block prints a piece of typed content; of a kind that this version does not
// know there is nothing to print.
func (a *answer) block(b *wire.Piece) error {
	switch b.Type {
	case wire.BlockText:
		a.endThought()
		return a.write(b.Delta)
	case wire.BlockThinking:
		a.think(b.Delta)
	case wire.BlockToolUse:
		a.endLine()
		return a.call(b)
	}
	return nil
}

// call prints a tool call, on a line of its own.
func (a *answer) call(b *wire.Piece) error {
	if a.chat {
		return a.write(callLine(b) + "\n")
	}
	frame := wire.V2Frame{Block: *b}
	line := strings.TrimSuffix(strings.TrimPrefix(string(frame.Append(nil)), `{"type":"frame","id":"","block":`), "}\n")
	return a.write(line + "\n")
}

// think prints a piece of a thought: beside the answer, and dimmed where a
// person reads.
func (a *answer) think(text string) {
	if text == "" {
		return
	}
	if !a.thinking && a.program.stderr.terminal {
		fmt.Fprint(a.program.stderr, dim)
	}
	a.thinking = true
	if a.program.stderr.terminal {
		text = visible(text)
	}
	fmt.Fprint(a.program.stderr, text)
}

// endThought ends a thought, so that the answer has lines of its own.
func (a *answer) endThought() {
	if !a.thinking {
		return
	}
	a.thinking = false
	if a.program.stderr.terminal {
		fmt.Fprint(a.program.stderr, undim)
	}
	fmt.Fprintln(a.program.stderr)
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

// outputError ends the request with the answer's output.
func (a *answer) outputError(err error) error {
	if err != nil {
		a.midLine = false
	}
	return outputError(err)
}

// outputError is what a failed print means. A reader that has seen enough, like
// head, is the end that its signal would have been.
func outputError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return interrupted{syscall.SIGPIPE}
	}
	return &failure{err: fmt.Errorf("print the answer: %w", err), hint: "the request was cancelled"}
}

// endLine ends the answer's last line, so that what follows has its own.
func (a *answer) endLine() {
	a.endThought()
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
	if what, bad := stopped[a.done.stop]; bad {
		return &failure{err: errors.New(what), hint: "`inferd status` shows the state of the backends"}
	}
	if a.done.wasCut() && !a.stats {
		a.warnCut()
	}
	return nil
}

// wasCut reports whether the model had more to say.
func (o *outcome) wasCut() bool { return o.stop == wire.StopLength || o.stop == wire.StopMaxTokens }

func (a *answer) warnCut() {
	fmt.Fprintf(a.program.stderr, "inferd: the answer was cut after %s (--max-tokens, or the end of the context)\n",
		tokenCount(a.done.usage.CompletionTokens))
}

// figures is the one line about speed. The first token's time is what was
// waited for here; the rate is the backend's where it says.
func (a *answer) figures() string {
	tokens := a.done.usage.CompletionTokens
	parts := []string{tokenCount(tokens)}
	if !a.first.IsZero() {
		parts = append(parts, fmt.Sprintf("first token %.0f ms", milliseconds(a.first.Sub(a.begun))))
	}
	if decode := a.decodeMS(); decode > 0 && tokens > 0 {
		parts = append(parts, fmt.Sprintf("%.1f tokens/s", float64(tokens)/decode*1000))
	}
	if stop := a.done.stop; stop != wire.StopEnd && stop != wire.StopEndTurn {
		parts = append(parts, "stopped: "+oneLine(string(a.done.stop)))
	}
	return strings.Join(parts, ", ")
}

// decodeMS is how long the tokens took, in milliseconds.
func (a *answer) decodeMS() float64 {
	if t := a.done.timings; t != nil && t.DecodeMS > 0 {
		return t.DecodeMS
	}
	if a.first.IsZero() {
		return 0
	}
	return milliseconds(time.Since(a.first))
}

func tokenCount(n int) string { return plural(n, "token") }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
