package mock

import (
	"context"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/prompt/stop"
	"github.com/inferd/inferd/wire"
)

// maxBatch is how many events go into one call of emit when tokens cost no
// time; with a delay each token goes alone.
const maxBatch = 16

// run is one request on its way through the script.
type run struct {
	config *Config
	req    *backend.Request
	emit   func([]backend.Event) error
	answer answer
	limit  int // of generated tokens

	characters stop.UTF8
	stops      *stop.Matcher
	stopString bool // one was met
	untold     int  // tokens whose text is held back
	batch      []backend.Event

	start, firstToken time.Time
	prefill           time.Duration
	usage             wire.Usage
}

func newRun(c *Config, req *backend.Request, emit func([]backend.Event) error) *run {
	r := &run{
		config: c, req: req, emit: emit,
		answer: newAnswer(c, req),
		limit:  req.Params.MaxTokens,
		stops:  stop.New(req.Params.Stop),
		start:  time.Now(),
	}
	r.usage.PromptTokens = promptTokens(req)
	if c.ContextTokens > 0 {
		r.limit = min(r.limit, c.ContextTokens-r.usage.PromptTokens)
	}
	return r
}

// play runs the script to one of its ends.
func (r *run) play(ctx context.Context) (backend.Result, error) {
	if err := r.reportPrefill(0); err != nil {
		return r.failed(err)
	}
	pause(ctx, r.config.FirstDelay)
	if ctx.Err() != nil {
		return r.result(wire.StopCancelled), nil
	}
	r.prefill = time.Since(r.start)
	if err := r.reportPrefill(r.usage.PromptTokens); err != nil {
		return r.failed(err)
	}
	for {
		end, err := r.step(ctx)
		switch {
		case err != nil:
			return r.failed(err)
		case end != "":
			return r.finish(ctx, end)
		}
	}
}

// step generates the next token of the script, or says how it ends here.
func (r *run) step(ctx context.Context) (end wire.StopReason, err error) {
	n := r.usage.CompletionTokens
	if failure := r.scriptedFailure(n); failure != nil {
		return r.breakOff(ctx, failure)
	}
	token, thought, ok := r.answer.at(n)
	switch {
	case n >= r.limit: // before the end, which a model can't know either
		return wire.StopLength, nil
	case !ok:
		return wire.StopEnd, nil
	case n > 0:
		pause(ctx, r.config.TokenDelay)
	}
	if ctx.Err() != nil {
		return wire.StopCancelled, nil
	}
	if thought {
		r.think(token)
	} else if r.take(token) {
		r.stopString = true
		return wire.StopEnd, nil
	}
	return "", r.send(r.batchSize())
}

// breakOff sends what comes before the failure, and fails.
func (r *run) breakOff(ctx context.Context, failure error) (end wire.StopReason, err error) {
	if ctx.Err() == nil {
		err = r.send(1)
	}
	switch {
	case err != nil:
		return "", err
	case ctx.Err() != nil:
		return wire.StopCancelled, nil
	}
	return "", failure
}

// scriptedFailure is how the script fails after n tokens, if it does.
func (r *run) scriptedFailure(n int) error {
	switch after := r.config.FailAfterTokens; {
	case r.config.FailBefore:
		return backend.Errorf(r.config.FailKind, "scripted failure before the first token")
	case after != nil && *after == n:
		return backend.Errorf(r.config.FailKind, "scripted failure after %d tokens", n)
	}
	return nil
}

// take generates one token and reports whether it completed a stop string.
func (r *run) take(token string) (stopped bool) {
	if r.usage.CompletionTokens == 0 {
		r.firstToken = time.Now()
	}
	r.usage.CompletionTokens++
	r.untold++
	text, stopped := r.stops.Feed(r.characters.Feed([]byte(token)))
	r.tell(text)
	return stopped
}

// think generates one token of thinking. There are no stop strings in that.
func (r *run) think(token string) {
	if r.usage.CompletionTokens == 0 {
		r.firstToken = time.Now()
	}
	r.usage.CompletionTokens++
	if token != "" {
		r.batch = append(r.batch, backend.Event{Kind: backend.EventThinking, Text: token, Tokens: 1})
	}
}

// call makes the scripted tool calls, each of one token, at the end of an
// answer that nothing has cut.
func (r *run) call(end wire.StopReason) {
	if end != wire.StopEnd || r.stopString {
		return
	}
	for i := range r.answer.calls {
		if r.usage.CompletionTokens >= r.limit {
			return
		}
		r.usage.CompletionTokens++
		r.batch = append(r.batch, backend.Event{Kind: backend.EventToolUse, Call: &r.answer.calls[i], Tokens: 1})
	}
}

// finish sends what is held back, unless ctx has ended, and ends the answer.
func (r *run) finish(ctx context.Context, end wire.StopReason) (backend.Result, error) {
	if ctx.Err() != nil {
		return r.result(wire.StopCancelled), nil
	}
	text, stopped := r.stops.Feed(r.characters.Flush())
	if !stopped {
		text += r.stops.Flush()
	}
	r.tell(text)
	r.stopString = r.stopString || stopped
	r.call(end)
	if err := r.send(1); err != nil {
		return r.failed(err)
	}
	return r.result(end), nil
}

// tell puts text into the batch, with the tokens that it came from.
func (r *run) tell(text string) {
	if text == "" {
		return
	}
	r.batch = append(r.batch, backend.Event{Kind: backend.EventText, Text: text, Tokens: r.untold})
	r.untold = 0
}

// send emits the batch if it holds at least so many events.
func (r *run) send(atLeast int) error {
	if len(r.batch) < atLeast {
		return nil
	}
	err := r.emit(r.batch)
	r.batch = r.batch[:0]
	return err
}

func (r *run) batchSize() int {
	if r.config.TokenDelay > 0 {
		return 1
	}
	return maxBatch
}

func (r *run) reportPrefill(done int) error {
	if !r.req.Progress {
		return nil
	}
	return r.emit([]backend.Event{{Kind: backend.EventPrefill, Done: done, Total: r.usage.PromptTokens}})
}

func (r *run) failed(err error) (backend.Result, error) { return r.result(wire.StopError), err }

func (r *run) result(end wire.StopReason) backend.Result {
	result := backend.Result{Stop: end, StopString: end == wire.StopEnd && r.stopString, Usage: r.usage, Prefill: r.prefill}
	if !r.firstToken.IsZero() {
		result.FirstToken = r.firstToken.Sub(r.start)
		result.Decode = time.Since(r.firstToken)
	}
	return result
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
