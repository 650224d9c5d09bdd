package batch

import (
	"time"

	"github.com/inferd/inferd/wire"
)

// slot is one running request and its sequence in the cache.
type slot struct {
	seq    int
	req    *Request
	tokens []Token // the prompt, then what was written
	cached int     // how many of them are in the cache
	limit  int     // tokens that it may write
	reused int     // tokens that were in the cache from the start
	why    string  // why the last settling found no more
	miss   string  // the same at the start, for the receipt
	shared *entry  // its prompt, for others to copy while it runs
	leader *slot   // reads a beginning that this one shares, and is waited for
	guess  drafter

	answer answer
	piece  []byte

	paused    bool
	cancelled bool
	gone      bool // it has ended
	spoilt    bool // its sequence holds nobody knows what

	started, read, first, last time.Time
}

// pending is how many of the slot's tokens are not in the cache yet.
func (s *slot) pending() int { return len(s.tokens) - s.cached }

// written is how many tokens the slot has produced.
func (s *slot) written() int { return len(s.tokens) - len(s.req.Prompt) }

// unread is how many tokens of the prompt are not in the cache yet.
func (s *slot) unread() int { return max(0, len(s.req.Prompt)-s.cached) }

// reading reports whether the slot is still at its prompt. Else it is writing,
// one token a turn, or feeding again one by one what it had written: an answer
// goes on as it would have only where it is computed as it was.
func (s *slot) reading() bool { return s.unread() > 0 }

// follows is the slot that s waits for: one that is still reading tokens that
// s has to read too. Copying them is quicker than computing them again. One
// that is paused is not waited for: when it goes on, it might wait for s.
func (s *slot) follows() *slot {
	if s.leader != nil && (s.leader.gone || s.leader.paused || !s.leader.reading()) {
		return nil
	}
	return s.leader
}

// runnable reports whether the slot wants a share of the next batch.
func (s *slot) runnable() bool { return !s.paused && !s.cancelled && s.pending() > 0 }

// result sums the request up.
func (s *slot) result(why wire.StopReason) Result {
	r := Result{Stop: why, Usage: wire.Usage{
		PromptTokens:     len(s.req.Prompt),
		CompletionTokens: s.written(),
		CachedTokens:     s.reused,
		CacheMiss:        s.miss,
		DraftedTokens:    s.guess.total,
		AcceptedTokens:   s.guess.held,
	}}
	if !s.read.IsZero() {
		r.Prefill = s.read.Sub(s.started)
	}
	if !s.first.IsZero() {
		r.FirstToken = s.first.Sub(s.req.Submitted)
		r.Decode = s.last.Sub(s.first)
	}
	return r
}
