package server

import (
	"errors"
	"log/slog"
	"time"

	"github.com/inferd/inferd/wire"
)

// logOutcome writes the one line of a finished request. It says who, how it
// ended and how long it took; of what was said it holds nothing.
func (x *exchange) logOutcome(cause error, last wire.V1Response, err, sent error) {
	outcome, code := outcomeOf(cause, last, sent)
	attrs := append(x.peerAttrs(),
		slog.Uint64("request", x.number),
		slog.String("outcome", outcome),
		slog.String("backend", x.backend),
		slog.Int("prompt_tokens", x.result.Usage.PromptTokens),
		slog.Int("cached_tokens", x.result.Usage.CachedTokens),
		slog.Int("completion_tokens", x.result.Usage.CompletionTokens),
		millis("queue_ms", x.queueTime),
		millis("first_token_ms", x.firstToken),
		millis("total_ms", time.Since(x.received)),
	)
	if code != "" {
		attrs = append(attrs, slog.String("code", string(code)))
	}
	if err != nil {
		attrs = append(attrs, slog.String("reason", reasonOf(err)))
	}
	x.log.Info("request", attrs...)
}

// outcomeOf names the end of a request: a stop reason, or an error's code. cause
// is why its context had ended before its last frame, and sent what became of
// that frame.
func outcomeOf(cause error, last wire.V1Response, sent error) (string, wire.Code) {
	switch {
	case errors.Is(cause, errStalled), errors.Is(sent, errStalled):
		return "client_stalled", ""
	case errors.Is(cause, errClientGone), sent != nil:
		return "client_gone", ""
	}
	switch f := last.(type) {
	case *wire.V1Error:
		return "error", f.Code
	case *wire.V1Done:
		return string(f.StopReason), ""
	case *wire.V2Done:
		return string(f.StopReason), ""
	case *wire.Embeddings, *wire.Reranked:
		return string(wire.StopEnd), ""
	}
	return "none", ""
}

func inMillis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func millis(key string, d time.Duration) slog.Attr { return slog.Float64(key, inMillis(d)) }
