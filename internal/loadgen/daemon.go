package loadgen

import (
	"context"
	"errors"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

// Daemon is an inferd daemon on its socket.
type Daemon struct {
	// Dir is its runtime directory; empty means the user's own.
	Dir string
}

// Connect dials the daemon.
func (d Daemon) Connect(ctx context.Context) (Session, error) {
	c, err := client.Dial(ctx, client.Options{Dir: d.Dir})
	if err != nil {
		return nil, err
	}
	return daemonSession{c}, nil
}

type daemonSession struct{ client *client.Client }

func (s daemonSession) Close() error { return s.client.Close() }

var errNoReceipt = errors.New("the answer has no last frame")

func (s daemonSession) Ask(ctx context.Context, r Request, piece func()) (Answer, error) {
	for frame, err := range s.client.Generate(ctx, r.wire()) {
		if err != nil {
			return Answer{}, err
		}
		switch f := frame.(type) {
		case *wire.V1Token:
			piece()
		case *wire.V1Done:
			return answerOf(f), stopError(f)
		}
	}
	return Answer{}, errNoReceipt
}

func (r Request) wire() *wire.V1Request {
	greedy, most := 0.0, int64(r.MaxTokens)
	req := &wire.V1Request{
		ID:          "load",
		Messages:    []wire.Message{{Role: wire.RoleUser, Content: r.Prompt}},
		Temperature: &greedy,
		MaxTokens:   &most,
	}
	if r.FrequencyPenalty != 0 {
		req.FrequencyPenalty = &r.FrequencyPenalty
	}
	return req
}

func answerOf(d *wire.V1Done) Answer {
	a := Answer{
		PromptTokens:     d.Usage.PromptTokens,
		CompletionTokens: d.Usage.CompletionTokens,
		CachedTokens:     d.Usage.CachedTokens,
		DraftedTokens:    d.Usage.DraftedTokens,
		AcceptedTokens:   d.Usage.AcceptedTokens,
	}
	if d.Timings != nil {
		a.PrefillMS = d.Timings.PrefillMS
	}
	return a
}

// stopError is the error of an answer that was not finished.
func stopError(d *wire.V1Done) error {
	if d.StopReason == wire.StopEnd || d.StopReason == wire.StopLength {
		return nil
	}
	return errors.New("the answer was broken off: " + string(d.StopReason))
}
