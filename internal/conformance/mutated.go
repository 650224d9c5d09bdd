package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
)

// Mutations says how many damaged requests each surface gets.
type Mutations struct {
	Count int
	Seed  uint64
}

// mutants is how many send them at once.
const mutants = 4

// Mutate sends damaged requests, each on a connection of its own with a good
// one behind it, and checks what comes back: whole frames, a terminal one for
// every request, and then the end. There is one result for each surface. The
// error is ctx's.
func Mutate(ctx context.Context, o Options, m Mutations) ([]Result, error) {
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	var results []Result
	for i := range surfaces {
		s := &surfaces[i]
		r := Result{Section: "1", Surface: s.at.String(), Rule: "damaged requests are refused or served", Verdict: NotApplicable, Seen: "the socket is not there"}
		if o.served(ctx, s) {
			r.Verdict, r.Seen = o.mutate(ctx, s, m)
		}
		if ctx.Err() != nil {
			return results, context.Cause(ctx)
		}
		results = append(results, r)
		if o.Each != nil {
			o.Each(r)
		}
	}
	return results, nil
}

// mutate sends the share of each mutant.
func (o *Options) mutate(ctx context.Context, s *surface, m Mutations) (Verdict, string) {
	var all sync.WaitGroup
	var tallies [mutants]tally
	for i := range tallies {
		all.Go(func() {
			r := rand.New(rand.NewPCG(m.Seed, uint64(s.kind)<<8|uint64(i)))
			for n := i; n < m.Count && tallies[i].err == nil && ctx.Err() == nil; n += mutants {
				tallies[i].add(o.damaged(ctx, s, r))
			}
		})
	}
	all.Wait()
	sum := tally{}
	for _, t := range tallies {
		if t.err != nil {
			return Fail, t.err.Error()
		}
		sum.served, sum.refused = sum.served+t.served, sum.refused+t.refused
	}
	return Pass, fmt.Sprintf("%d served to the end, %d ended by an error", sum.served, sum.refused)
}

// tally is what came of damaged requests.
type tally struct {
	served, refused int
	err             error
}

func (t *tally) add(last *frame, err error) {
	switch {
	case err != nil:
		t.err = err
	case last.Type == "error":
		t.refused++
	default:
		t.served++
	}
}

// damaged sends one damaged request and the good one behind it, and returns the
// last frame of all.
func (o *Options) damaged(ctx context.Context, s *surface, r *rand.Rand) (last *frame, err error) {
	seeds := s.seeds()
	bad := mutation(r, seeds[r.IntN(len(seeds))])
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w: sent %q", err, bad)
		}
	}()
	p := &probe{ctx: ctx, options: o, surface: s}
	defer p.close()
	c, err := p.dial()
	if err != nil {
		return nil, err
	}
	c.send(append(bytes.Clone(bad), s.encode(s.request("last", nil))...))
	if err := c.closeWrite(); err != nil {
		return nil, err
	}
	for {
		f, err := c.read()
		switch {
		case errors.Is(err, io.EOF) && last != nil && s.terminal(last) && (last.Type == "error" || *last.ID == "last"):
			return last, nil
		case err != nil:
			return last, fmt.Errorf("the stream ends after %v: %w", last, err)
		}
		last = f
	}
}

// String is for messages.
func (f *frame) String() string {
	if f == nil {
		return "nothing"
	}
	return short(f.raw)
}

// seeds are the requests that are damaged.
func (s *surface) seeds() [][]byte {
	changes := []request{nil}
	switch {
	case s.kind == v1:
		changes = append(changes, richSettings)
	case s.kind&typed != 0:
		changes = append(changes, richSettings, weather(request{"thinking": true, "messages": []any{user(words("x")), called("c"), resulted("c", words("y"))}}),
			shown([]any{words("What is this?"), reference("image", "a")}, pixel("a"), audio("b", 16000, make([]byte, 8))))
	case s.kind == embed:
		changes = append(changes, request{"dimensions": 2, "task": "similarity"})
	case s.kind == rerank:
		changes = append(changes, request{"top_n": 2})
	}
	var all [][]byte
	for _, change := range changes {
		all = append(all, s.encode(s.request("x", change)))
	}
	return all
}

var richSettings = request{
	"stop": []string{"zq", "ünïcödé 😀\n"}, "seed": 7, "grammar": `root ::= [a-z]+`, "progress": true, "stream": false,
	"min_p": 1e-3, "unknown": []any{request{}, []any{nil, true}},
}

// mutation changes a stream in a few places.
func mutation(r *rand.Rand, seed []byte) []byte {
	const tokens = "{}[]\",:\\0123456789-+.eEnulltrfas\x00\x01\x02\x7f\x80\xff\n \u00e9"
	out := bytes.Clone(seed)
	for range 1 + r.IntN(4) {
		at := r.IntN(len(out) + 1)
		end := min(len(out), at+r.IntN(8))
		switch r.IntN(5) {
		case 0: // a byte for another
			if at < len(out) {
				out[at] = byte(r.Uint32())
			}
		case 1: // something of the language
			out = append(out[:at:at], append([]byte{tokens[r.IntN(len(tokens))]}, out[at:]...)...)
		case 2: // something lost
			out = append(out[:at:at], out[end:]...)
		case 3: // something twice
			out = append(out[:end:end], out[at:]...)
		case 4: // the end lost
			out = out[:at]
		}
	}
	return out
}
