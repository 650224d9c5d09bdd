package wire

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// The bounds of a rerank request.
const (
	maxDocuments   = 256
	maxRerankBytes = 8 << 20 // of the query and the documents
)

// RerankRequest asks how well documents answer a query.
type RerankRequest struct {
	ID    string
	Query string
	// Documents is cut by decoding to one more than is allowed.
	Documents []string
	TopN      *int64
}

// RerankResponse is a frame from the daemon on the rerank surface: *Reranked or
// *RerankError.
type RerankResponse = V1Response

// RerankError ends a request that was not answered.
type RerankError = V1Error

// RerankResult is the score of one document, by its index in the request.
type RerankResult struct {
	Index int
	Score float32
}

// Reranked answers a RerankRequest: see Rank.
type Reranked struct {
	ID      string
	Results []RerankResult
	Model   string
	// InputTokens is how many tokens all pairs of query and document have.
	InputTokens int
	Backend     string // for diagnosis only
}

// Rank puts the documents' scores in order: the highest first, equal ones as
// they came, and no more than topN where that is not nil.
func Rank(scores []float32, topN *int64) []RerankResult {
	results := make([]RerankResult, len(scores))
	for i, score := range scores {
		results[i] = RerankResult{Index: i, Score: score}
	}
	slices.SortStableFunc(results, func(a, b RerankResult) int { return cmp.Compare(b.Score, a.Score) })
	if topN != nil && *topN < int64(len(results)) {
		results = results[:max(*topN, 0)]
	}
	return results
}

// DecodeRerankRequest reads a request. The error is a *MalformedError.
func DecodeRerankRequest(frame []byte) (*RerankRequest, error) {
	r := &RerankRequest{}
	sent := false
	var query *string
	err := decodeObject(frame,
		field{"id", &r.ID},
		field{"query", &query},
		field{"documents", requiredTexts(&r.Documents, maxDocuments+1, &sent)},
		field{"top_n", &r.TopN},
	)
	switch {
	case err != nil:
		return nil, err
	case query == nil:
		return nil, missing("query", "a string")
	case !sent:
		return nil, missing("documents", "an array of strings")
	}
	r.Query = *query
	return r, nil
}

// Append writes the request's frame, newline included, to dst.
func (r *RerankRequest) Append(dst []byte) []byte {
	o := openObject(dst)
	o.textIf("id", r.ID)
	o.text("query", r.Query)
	o.texts("documents", r.Documents)
	o.integer("top_n", r.TopN)
	return o.line()
}

// Validate checks what the request asks for. The error is a *FieldError about
// the first problem.
func (r *RerankRequest) Validate() error {
	if err := cmp.Or(checkText("id", r.ID), checkText("query", r.Query)); err != nil {
		return err
	}
	if r.Query == "" {
		return &FieldError{Field: "query", Problem: "is empty", Allowed: "one character or more"}
	}
	if err := checkTexts("documents", r.Documents, maxDocuments); err != nil {
		return err
	}
	size := len(r.Query)
	for _, d := range r.Documents {
		size += len(d)
	}
	if size > maxRerankBytes {
		return &FieldError{
			Field: "documents", Value: fmt.Sprintf("%d bytes with the query", size), Problem: "are too many",
			Allowed: fmt.Sprintf("up to %d", maxRerankBytes),
		}
	}
	return check("top_n", r.TopN, "top_n ≥ 1", between[int64](1, math.MaxInt64))
}

// RequestID is the id of the request that was answered.
func (r *Reranked) RequestID() string { return r.ID }

// Terminal is true: this is the request's last frame.
func (*Reranked) Terminal() bool { return true }

// Append writes the frame, newline included, to dst. A score that is not finite
// has no place in it and is written as null; Finite tells beforehand.
func (r *Reranked) Append(dst []byte) []byte {
	o := openObject(dst)
	o.text("type", "rerank")
	o.text("id", r.ID)
	appendList(&o, "results", r.Results, func(dst []byte, v *RerankResult) []byte {
		o := openObject(dst)
		o.int("index", int64(v.Index))
		o.key("score")
		o.dst = appendFloat32(o.dst, v.Score)
		return o.close()
	})
	o.text("model", r.Model)
	o.inputTokens(r.InputTokens)
	o.text("backend", r.Backend)
	return o.line()
}

// DecodeRerankResponse reads a frame from the daemon on the rerank surface. The
// error is a *MalformedError.
func DecodeRerankResponse(frame []byte) (RerankResponse, error) {
	r := &Reranked{}
	return decodeAnswer(frame, "rerank", r, []field{
		{"id", &r.ID},
		{"results", list(&r.Results, func(s *scanner, v *RerankResult) error {
			return s.fields(field{"index", &v.Index}, field{"score", func(s *scanner) (err error) { v.Score, err = s.float32(); return err }})
		})},
		{"model", &r.Model},
		{"usage", usageInput(&r.InputTokens)},
		{"backend", &r.Backend},
	})
}
