package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/inferd/inferd/internal/transport"
)

// Verdict is how a rule came out.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "pass"
	Fail Verdict = "FAIL"
	// NotApplicable: what the rule is about is not there, or did not come up.
	NotApplicable Verdict = "n/a"
)

// Result is one rule on one surface.
type Result struct {
	Section, Surface, Rule string
	Verdict                Verdict
	Seen                   string
}

func (r Result) String() string {
	return fmt.Sprintf("%-4s  §%s  %-6s  %s: %s", r.Verdict, r.Section, r.Surface, r.Rule, r.Seen)
}

// Options say what to check.
type Options struct {
	// Dir is the directory of the sockets.
	Dir string
	// Patience is how long to wait for any one frame; 0 is DefaultPatience.
	Patience time.Duration
	// Small leaves out the rules that take frames of many MiB.
	Small bool
	// Each is told each result as it comes; nil is nobody.
	Each func(Result)
}

// DefaultPatience is long enough for a slow model's answer of a few tokens.
const DefaultPatience = time.Minute

// Run checks all rules on all surfaces, one after the other. The error is ctx's.
func Run(ctx context.Context, o Options) ([]Result, error) {
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	var results []Result
	for i := range surfaces {
		s := &surfaces[i]
		served := o.served(ctx, s)
		for _, r := range table() {
			if ctx.Err() != nil {
				return results, context.Cause(ctx)
			}
			if r.on&s.kind == 0 {
				continue
			}
			result := Result{Section: r.section, Surface: s.at.String(), Rule: r.name, Verdict: NotApplicable, Seen: "the socket is not there"}
			if served {
				result.Verdict, result.Seen = o.check(ctx, s, r)
			}
			results = append(results, result)
			if o.Each != nil {
				o.Each(result)
			}
		}
	}
	return results, nil
}

// table is all rules.
func table() []rule {
	return slices.Concat(streamRules, sizeRules, exchangeRules(), generationRules, typedRules, framedRules, vectorRules)
}

// rule is one row of the table.
type rule struct {
	section string
	name    string
	on      kind
	// run says what it has seen. Its error is why the rule is broken, or
	// skipped.
	run func(*probe) (seen string, err error)
	// large: it takes a frame of many MiB.
	large bool
}

// skipped is the error of a rule that is not applicable.
type skipped string

func (s skipped) Error() string { return string(s) }

func (o *Options) served(ctx context.Context, s *surface) bool {
	c, err := transport.Dial(ctx, transport.EndpointIn(o.Dir, s.at))
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

func (o *Options) check(ctx context.Context, s *surface, r rule) (Verdict, string) {
	if r.large && o.Small {
		return NotApplicable, "left out: it takes a frame of many MiB"
	}
	p := &probe{ctx: ctx, options: o, surface: s}
	defer p.close()
	seen, err := r.run(p)
	var why skipped
	switch {
	case errors.As(err, &why):
		return NotApplicable, why.Error()
	case err != nil:
		return Fail, err.Error()
	}
	return Pass, seen
}
