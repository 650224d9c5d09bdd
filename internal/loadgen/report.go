package loadgen

import (
	"slices"
	"strings"
	"time"
)

// Report is what many requests came to. Times are in milliseconds.
type Report struct {
	Clients  int `json:"clients"`
	Requests int `json:"requests"` // that were answered
	Errors   int `json:"errors"`
	// FirstError is one of the errors.
	FirstError string  `json:"first_error,omitempty"`
	Seconds    float64 `json:"seconds"`

	PromptTokens     int `json:"prompt_tokens"`
	CachedTokens     int `json:"cached_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	DraftedTokens    int `json:"drafted_tokens"`
	AcceptedTokens   int `json:"accepted_tokens"`

	// TokensPerSecond counts what all clients got, from the first request to
	// the last answer; PerClient is the median of what single answers ran at
	// once they had begun.
	TokensPerSecond float64 `json:"tokens_per_second"`
	PerClient       float64 `json:"tokens_per_second_per_client"`

	FirstToken Spread `json:"first_token_ms"`
	// Gap is the time from each piece of an answer to the next.
	Gap Spread `json:"gap_ms"`

	// Classes are the same for each class, where there is more than one.
	Classes []ClassReport `json:"classes,omitempty"`
}

// ClassReport is the report of the clients of one class.
type ClassReport struct {
	Class string `json:"class"`
	Report
}

// Spread is how values are spread.
type Spread struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// SpreadOf is the spread of values.
func SpreadOf(values []float64) Spread {
	return Spread{Quantile(values, 0.5), Quantile(values, 0.95), Quantile(values, 0.99), Quantile(values, 1)}
}

// Summarize makes the report of a run.
func Summarize(traces []Trace) Report {
	r := summarize(traces)
	groups := map[string][]Trace{}
	for _, t := range traces {
		groups[t.Class] = append(groups[t.Class], t)
	}
	if len(groups) > 1 {
		for class, group := range groups {
			r.Classes = append(r.Classes, ClassReport{class, summarize(group)})
		}
		// Interactive before batch.
		slices.SortFunc(r.Classes, func(a, b ClassReport) int { return strings.Compare(b.Class, a.Class) })
	}
	return r
}

func summarize(traces []Trace) Report {
	var r Report
	clients := map[int]bool{}
	var first, gaps []time.Duration
	var speeds []float64
	begun, ended := time.Duration(-1), time.Duration(0)
	for i := range traces {
		t := &traces[i]
		clients[t.Client] = true
		if begun < 0 || t.Begun < begun {
			begun = t.Begun
		}
		ended = max(ended, t.Ended)
		if t.Err != nil {
			r.Errors++
			r.FirstError = t.Err.Error()
			continue
		}
		r.count(t.Answer)
		if len(t.Pieces) > 0 {
			first = append(first, t.FirstToken())
		}
		gaps = append(gaps, t.Gaps()...)
		if v := t.Speed(); v > 0 {
			speeds = append(speeds, v)
		}
	}
	r.Clients = len(clients)
	r.Seconds = max(0, ended-begun).Seconds()
	if r.Seconds > 0 {
		r.TokensPerSecond = float64(r.CompletionTokens) / r.Seconds
	}
	r.PerClient = Median(speeds)
	r.FirstToken, r.Gap = SpreadOf(Milliseconds(first)), SpreadOf(Milliseconds(gaps))
	return r
}

func (r *Report) count(a Answer) {
	r.Requests++
	r.PromptTokens += a.PromptTokens
	r.CachedTokens += a.CachedTokens
	r.CompletionTokens += a.CompletionTokens
	r.DraftedTokens += a.DraftedTokens
	r.AcceptedTokens += a.AcceptedTokens
}

// Speed is how many tokens a second the answer ran at once it had begun; 0
// where it is too short to tell.
func (t *Trace) Speed() float64 {
	if t.Answer.CompletionTokens < 2 || t.Writing() <= 0 {
		return 0
	}
	return float64(t.Answer.CompletionTokens-1) / t.Writing().Seconds()
}
