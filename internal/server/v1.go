package server

import (
	"context"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func (s *Server) serveV1(ctx context.Context, conn *transport.Conn) {
	s.serveRequests(ctx, conn, false, lines(func(frame []byte) (job, error) {
		message, err := wire.DecodeV1Request(frame)
		if err != nil {
			return nil, err
		}
		return &v1Job{message: message, token: wire.V1Token{ID: message.ID}}, nil
	}))
}

// v1Job is a request of the text surface.
type v1Job struct {
	message *wire.V1Request
	params  wire.Params
	token   wire.V1Token // reused for every frame: tokens cost no allocation
	text    []byte       // all of the answer so far
}

func (j *v1Job) id() string           { return j.message.ID }
func (j *v1Job) limit() time.Duration { return j.params.Deadline }
func (j *v1Job) progress() bool       { return j.message.Progress && j.message.Streaming() }
func (j *v1Job) need() router.Need    { return router.Need{Generate: true} }

func (j *v1Job) check(*exchange) error {
	if err := j.message.Validate(); err != nil {
		return err
	}
	j.params = j.message.Params()
	return nil
}

func (j *v1Job) call(ctx context.Context, x *exchange, b backend.Backend) (err error) {
	x.result, err = b.Generate(ctx, &backend.Request{
		Messages: j.message.Messages, Params: j.params,
		Progress: j.message.Progress, User: x.caller.UID,
	}, func(events []backend.Event) error { return j.emit(ctx, x, events) })
	return err
}

// emit takes a step of the answer. It blocks while the client lags behind.
func (j *v1Job) emit(ctx context.Context, x *exchange, events []backend.Event) error {
	streaming := j.message.Streaming()
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case backend.EventText:
			x.produced()
			j.text = append(j.text, e.Text...)
			if !streaming {
				continue
			}
			j.token.Content = e.Text
			if err := x.send(ctx, &j.token); err != nil {
				return err
			}
		case backend.EventPrefill:
			x.prefilled(e)
		case backend.EventThinking, backend.EventToolUse: // come to no request without a Chat
		}
	}
	return nil
}

func (j *v1Job) done(x *exchange, stop wire.StopReason) wire.V1Response {
	return &wire.V1Done{
		ID: j.message.ID, Content: string(j.text),
		Usage: x.result.Usage, StopReason: stop, Backend: x.backend, Seed: x.result.Seed,
		Timings: x.timings(),
	}
}
