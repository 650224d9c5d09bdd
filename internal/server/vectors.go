package server

import (
	"context"
	"time"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/router"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func (s *Server) serveEmbed(ctx context.Context, conn *transport.Conn) {
	s.serveRequests(ctx, conn, false, lines(func(frame []byte) (job, error) {
		message, err := wire.DecodeEmbedRequest(frame)
		if err != nil {
			return nil, err
		}
		return &embedJob{message: message}, nil
	}))
}

func (s *Server) serveRerank(ctx context.Context, conn *transport.Conn) {
	s.serveRequests(ctx, conn, false, lines(func(frame []byte) (job, error) {
		message, err := wire.DecodeRerankRequest(frame)
		if err != nil {
			return nil, err
		}
		return &rerankJob{message: message}, nil
	}))
}

// wholly is what jobs have in common whose answer is one frame: there is no
// part of it.
type wholly struct{}

func (wholly) limit() time.Duration { return 0 }
func (wholly) progress() bool       { return false }

// answered notes that the one frame is there, and what it took.
func (x *exchange) answered(tokens int) {
	x.produced()
	x.result = backend.Result{Stop: wire.StopEnd, Usage: wire.Usage{PromptTokens: tokens}}
}

// errWrongAnswer: a backend returned what its contract does not allow.
var errWrongAnswer = backend.Errorf(backend.Internal, "the backend's answer does not fit the request")

// embedJob is a request of the embed surface.
type embedJob struct {
	wholly
	message *wire.EmbedRequest
	answer  *wire.Embeddings
}

func (j *embedJob) id() string        { return j.message.ID }
func (j *embedJob) need() router.Need { return router.Need{Embed: true} }

func (j *embedJob) check(x *exchange) error {
	offers := x.server.cfg.Router.Offers(j.need())
	if !offers.Embed {
		return backend.ErrNoEmbed()
	}
	return j.message.Validate(offers.EmbedSize, offers.EmbedSizes)
}

func (j *embedJob) call(ctx context.Context, x *exchange, b backend.Backend) error {
	c := b.Capabilities()
	// The backend that was picked may be another than the one it was checked for.
	if err := j.message.Validate(c.EmbedSize, c.EmbedSizes); err != nil {
		return &backend.Error{Kind: backend.Invalid, Message: err.Error(), Err: err}
	}
	req := &backend.EmbedRequest{Input: j.message.Input, User: x.caller.UID}
	if j.message.Dimensions != nil {
		req.Dimensions = int(*j.message.Dimensions)
	}
	if j.message.Task != nil {
		req.Task = *j.message.Task
	}
	result, err := b.Embed(ctx, req)
	if err != nil {
		return err
	}
	if len(result.Vectors) != len(req.Input) {
		return errWrongAnswer
	}
	size := len(result.Vectors[0])
	for _, v := range result.Vectors {
		if len(v) != size || req.Dimensions > 0 && size != req.Dimensions || !wire.Finite(v) {
			return errWrongAnswer
		}
	}
	x.answered(result.InputTokens)
	j.answer = &wire.Embeddings{
		ID: j.message.ID, Embeddings: result.Vectors, Dimensions: size,
		Model: c.Model, InputTokens: result.InputTokens, Backend: x.backend,
	}
	return nil
}

func (j *embedJob) done(*exchange, wire.StopReason) wire.V1Response {
	if j.answer == nil {
		return nil
	}
	return j.answer
}

// rerankJob is a request of the rerank surface.
type rerankJob struct {
	wholly
	message *wire.RerankRequest
	answer  *wire.Reranked
}

func (j *rerankJob) id() string        { return j.message.ID }
func (j *rerankJob) need() router.Need { return router.Need{Rerank: true} }

func (j *rerankJob) check(x *exchange) error {
	if !x.server.cfg.Router.Offers(j.need()).Rerank {
		return backend.ErrNoRerank()
	}
	return j.message.Validate()
}

func (j *rerankJob) call(ctx context.Context, x *exchange, b backend.Backend) error {
	m := j.message
	result, err := b.Rerank(ctx, &backend.RerankRequest{Query: m.Query, Documents: m.Documents, User: x.caller.UID})
	if err != nil {
		return err
	}
	if len(result.Scores) != len(m.Documents) || !wire.Finite(result.Scores) {
		return errWrongAnswer
	}
	x.answered(result.InputTokens)
	j.answer = &wire.Reranked{
		ID: m.ID, Results: wire.Rank(result.Scores, m.TopN),
		Model: b.Capabilities().Model, InputTokens: result.InputTokens, Backend: x.backend,
	}
	return nil
}

func (j *rerankJob) done(*exchange, wire.StopReason) wire.V1Response {
	if j.answer == nil {
		return nil
	}
	return j.answer
}
