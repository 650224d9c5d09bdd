package server

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/wire"
)

// v1Request is one request on its way: decoded, but not yet checked.
type v1Request struct {
	*v1Session
	message  *wire.V1Request
	number   uint64
	received time.Time
	box      *outbox
	finish   func() // ends the count of an admitted request; nil before

	token      wire.V1Token // reused for every frame: tokens cost no allocation
	text       []byte       // all of the answer so far
	queueTime  time.Duration
	firstToken time.Duration // from receipt; 0 is none yet
	backend    string
	result     backend.Result
}

// run takes the request all the way and returns its terminal frame, which is
// nil only where nobody is left to read it. The error is for the log.
func (r *v1Request) run(ctx context.Context) (last wire.V1Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("panic in session", append(r.peerAttrs(), slog.Uint64("request", r.number),
				slog.Any("panic", p), slog.String("stack", string(debug.Stack())))...)
			last, err = r.failed(errPanic), errPanic
		}
	}()
	if err := r.message.Validate(); err != nil {
		return r.failed(err), err
	}
	params := r.message.Params()
	if params.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, r.received.Add(params.Deadline), errDeadline)
		defer cancel()
	}
	err = r.answer(ctx, params)
	return r.terminal(ctx, err), err
}

// answer waits for a turn and has a backend generate. The permit is given
// back when it returns: the last frames need none to be written.
func (r *v1Request) answer(ctx context.Context, params wire.Params) error {
	release, err := r.server.cfg.Gate.Admit(ctx, r.caller, r.moved())
	if err != nil {
		return err
	}
	r.finish = r.server.activity.admitted()
	defer release()
	for {
		begun, err := r.dispatch(ctx, params)
		if begun || err == nil {
			return err
		}
	}
}

// dispatch has a backend generate, and waits for one that is away. begun is
// false where that backend has gone before anything was done.
func (r *v1Request) dispatch(ctx context.Context, params wire.Params) (begun bool, err error) {
	b, report, err := r.server.cfg.Router.Await(ctx, router.Need{Generate: true})
	if err != nil {
		return true, err
	}
	outcome := router.OwnFault // what a panic is
	defer func() { report(outcome) }()
	r.queueTime = time.Since(r.received)
	r.backend = b.Name()
	r.result, err = b.Generate(ctx, &backend.Request{
		Messages: r.message.Messages, Params: params,
		Progress: r.message.Progress, User: r.caller.UID,
	}, func(events []backend.Event) error { return r.emit(ctx, events) })
	outcome = router.OutcomeOf(err, r.result.Stop)
	if errors.Is(err, backend.ErrNotBegun) && ctx.Err() == nil {
		r.backend = ""
		return false, err
	}
	if err == nil && r.result.Stop == "" {
		return true, errNoTerminal
	}
	return true, err
}

// moved sends queue positions to a client that asked for them. A position is
// dropped where the client lags: the next one says more.
func (r *v1Request) moved() func(position int) {
	if !r.message.Progress || !r.message.Streaming() {
		return nil
	}
	return func(position int) {
		r.box.offer(&wire.V1Status{ID: r.message.ID, Status: "queued", Position: position})
	}
}

// emit takes a step of the answer. It blocks while the client lags behind.
func (r *v1Request) emit(ctx context.Context, events []backend.Event) error {
	streaming := r.message.Streaming()
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case backend.EventText:
			if r.firstToken == 0 {
				r.firstToken = time.Since(r.received)
			}
			r.text = append(r.text, e.Text...)
			if !streaming {
				continue
			}
			r.token.Content = e.Text
			if err := r.box.add(ctx, &r.token); err != nil {
				return err
			}
		case backend.EventPrefill:
			if streaming && r.message.Progress {
				r.box.offer(&wire.V1Status{ID: r.message.ID, Status: "prefill", Done: e.Done, Total: e.Total})
			}
		}
	}
	return nil
}

// terminal is the frame that ends a request which Admit, Pick or a backend
// has ended with err.
func (r *v1Request) terminal(ctx context.Context, err error) wire.V1Response {
	if err == nil {
		return r.done(r.result.Stop)
	}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errClientGone), errors.Is(cause, errStalled):
		return nil
	case errors.Is(cause, errDeadline), cause != nil && r.backend != "":
		return r.done(wire.StopCancelled)
	}
	return r.failed(err)
}

func (r *v1Request) failed(err error) *wire.V1Error {
	code, message := codeOf(err)
	return &wire.V1Error{ID: r.message.ID, Code: code, Message: message}
}

func (r *v1Request) done(stop wire.StopReason) *wire.V1Done {
	return &wire.V1Done{
		ID: r.message.ID, Content: string(r.text),
		Usage: r.result.Usage, StopReason: stop, Backend: r.backend, Seed: r.result.Seed,
		Timings: &wire.Timings{
			QueueMS: inMillis(r.queueTime), PrefillMS: inMillis(r.result.Prefill),
			FirstTokenMS: inMillis(r.firstToken), DecodeMS: inMillis(r.result.Decode),
		},
	}
}

// finished ends the count of an admitted request once its last frame is out.
func (r *v1Request) finished() {
	if r.finish != nil {
		r.finish()
	}
}
