package server

import (
	"context"
	"io"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func (s *Server) serveV2(ctx context.Context, conn *transport.Conn) {
	s.serveRequests(ctx, conn, false, lines(func(frame []byte) (job, error) {
		message, err := wire.DecodeV2Request(frame)
		if err != nil {
			return nil, err
		}
		return newV2Job(message), nil
	}))
}

// serveFramed serves the messages of v2 with lengths before them.
func (s *Server) serveFramed(ctx context.Context, conn *transport.Conn) {
	s.serveRequests(ctx, conn, true, func(conn io.Reader) func() (job, time.Time, error) {
		frames := wire.NewFramedReader(conn)
		return func() (job, time.Time, error) {
			message, err := frames.Request()
			received := time.Now()
			if err != nil {
				return nil, received, err
			}
			return newV2Job(message), received, nil
		}
	})
}

// v2Job is a request of a typed surface.
type v2Job struct {
	message  *wire.V2Request
	params   wire.Params
	frame    wire.V2Frame // reused for every piece
	text     []byte       // all of the answer so far, where it does not stream
	thinking []byte       // the same of the thinking
	called   bool         // there was a tool call
	whole    bool         // text and thinking are withheld
}

func newV2Job(message *wire.V2Request) *v2Job {
	return &v2Job{message: message, frame: wire.V2Frame{ID: message.ID}, whole: !message.Streaming()}
}

func (j *v2Job) id() string           { return j.message.ID }
func (j *v2Job) limit() time.Duration { return j.params.Deadline }
func (j *v2Job) progress() bool       { return j.message.Progress && !j.whole }

// check validates the request against what all backends together can do; need
// then asks for the one that can.
func (j *v2Job) check(x *exchange) error {
	offers := x.server.cfg.Router.Offers(router.Need{V2: true}).Public()
	if err := j.message.Validate(&offers, x.server.cfg.CompileSchema); err != nil {
		return err
	}
	j.params = j.message.Params()
	return nil
}

func (j *v2Job) need() router.Need {
	m := j.message
	n := router.Need{
		Generate: true, V2: true, Tools: len(m.Tools) > 0,
		Thinking:   m.Thinking != nil && *m.Thinking,
		Structured: m.ResponseFormat != nil || j.choice() != wire.ToolChoiceAuto,
	}
	for i := range m.Attachments {
		n.Vision = n.Vision || m.Attachments[i].Kind == wire.AttachmentImage
		n.Audio = n.Audio || m.Attachments[i].Kind == wire.AttachmentAudio
	}
	return n
}

func (j *v2Job) choice() wire.ToolChoice {
	if j.message.ToolChoice == nil {
		return wire.ToolChoiceAuto
	}
	return *j.message.ToolChoice
}

func (j *v2Job) call(ctx context.Context, x *exchange, b backend.Backend) (err error) {
	m := j.message
	x.result, err = b.Generate(ctx, &backend.Request{
		Chat: &backend.Chat{
			Messages: m.Messages, Attachments: m.Attachments, Tools: m.Tools, ToolChoice: j.choice(),
			ResponseFormat: m.ResponseFormat, Thinking: m.Thinking, Sampling: m.Sampling,
		},
		Params: j.params, Progress: m.Progress, User: x.caller.UID,
	}, func(events []backend.Event) error { return j.emit(ctx, x, events) })
	if err != nil && context.Cause(ctx) == nil {
		return err
	}
	// What was withheld comes before the last frame, also where it is a part.
	if sent := j.collapse(ctx, x); err == nil {
		err = sent
	}
	return err
}

// emit takes a step of the answer. It blocks while the client lags behind.
func (j *v2Job) emit(ctx context.Context, x *exchange, events []backend.Event) error {
	for i := range events {
		e := &events[i]
		var err error
		switch e.Kind {
		case backend.EventText:
			x.produced()
			err = j.piece(ctx, x, wire.BlockText, e.Text, &j.text)
		case backend.EventThinking:
			x.produced()
			err = j.piece(ctx, x, wire.BlockThinking, e.Text, &j.thinking)
		case backend.EventToolUse:
			x.produced()
			j.called = true
			err = x.send(ctx, &wire.V2Frame{ID: j.message.ID, Block: wire.Piece{
				Type: wire.BlockToolUse, ToolCallID: e.Call.ID, Name: e.Call.Name, Input: e.Call.Input,
			}})
		case backend.EventPrefill:
			x.prefilled(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// piece sends text, or keeps it for collapse.
func (j *v2Job) piece(ctx context.Context, x *exchange, t wire.BlockType, text string, kept *[]byte) error {
	if j.whole {
		*kept = append(*kept, text...)
		return nil
	}
	j.frame.Block = wire.Piece{Type: t, Delta: text}
	return x.send(ctx, &j.frame)
}

// collapse sends what was withheld: the thinking and the text, whole. A
// deadline or a shutdown that has passed takes nothing of it: only a client
// that does not take it does.
func (j *v2Job) collapse(ctx context.Context, x *exchange) error {
	for _, part := range []struct {
		kind wire.BlockType
		text []byte
	}{{wire.BlockThinking, j.thinking}, {wire.BlockText, j.text}} {
		if len(part.text) == 0 {
			continue
		}
		f := &wire.V2Frame{ID: j.message.ID, Block: wire.Piece{Type: part.kind, Delta: string(part.text)}}
		if err := x.send(context.WithoutCancel(ctx), f); err != nil {
			return err
		}
	}
	j.thinking, j.text = nil, nil
	return nil
}

func (j *v2Job) done(x *exchange, stop wire.StopReason) wire.V1Response {
	d := &wire.V2Done{
		ID: j.message.ID, Usage: x.result.Usage, StopReason: j.reason(x, stop),
		Backend: x.backend, Seed: x.result.Seed, Timings: x.timings(),
	}
	d.ToolChoiceUnsatisfied = j.choice() == wire.ToolChoiceRequired && !j.called
	return d
}

// reason is stop as the typed surfaces name it.
func (j *v2Job) reason(x *exchange, stop wire.StopReason) wire.StopReason {
	switch {
	case stop == wire.StopLength:
		return wire.StopMaxTokens
	case stop != wire.StopEnd:
		return stop
	case x.result.StopString:
		return wire.StopSequence // also after a call: the model may have wanted more
	case j.called:
		return wire.StopToolUse
	}
	return wire.StopEndTurn
}
