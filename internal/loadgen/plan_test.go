package loadgen

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// prompts are all that the clients of a plan ask, by client.
func prompts(clients []Client) (all [][]Request) {
	for _, c := range clients {
		var own []Request
		for i := 0; ; i++ {
			r, more := c.Next(i)
			if !more {
				break
			}
			own = append(own, r)
		}
		all = append(all, own)
	}
	return all
}

func TestPlan_FollowsFromItsSeed(t *testing.T) {
	p := Plan{Clients: 3, Requests: 4, PromptTokens: 30, MaxTokens: 5, SharedPrefix: 10, Seed: 1}
	first, again := prompts(p.Load(Scale{})), prompts(p.Load(Scale{}))
	if d := cmp.Diff(first, again); d != "" {
		t.Errorf("the same seed gave other prompts: %s", d)
	}
	p.Seed = 2
	seen := map[string]bool{}
	for _, list := range append(first, prompts(p.Load(Scale{}))...) {
		for _, r := range list {
			if seen[r.Prompt] {
				t.Errorf("the prompt %q is there twice", r.Prompt)
			}
			seen[r.Prompt] = true
			if n := len(strings.Fields(r.Prompt)); n != 30 || r.MaxTokens != 5 {
				t.Errorf("a request of %d words and %d tokens, want 30 and 5", n, r.MaxTokens)
			}
		}
	}
}

func TestPlan_SharesAPrefix(t *testing.T) {
	p := Plan{Clients: 2, Requests: 2, PromptTokens: 30, MaxTokens: 5, SharedPrefix: 20, Seed: 1}
	begin := ""
	for _, list := range prompts(p.Load(Scale{})) {
		for _, r := range list {
			words := strings.Fields(r.Prompt)
			if begin == "" {
				begin = strings.Join(words[:20], " ")
			}
			if !strings.HasPrefix(r.Prompt, begin) {
				t.Errorf("%q does not begin with %q", r.Prompt, begin)
			}
		}
	}
}

func TestPlan_MixesClasses(t *testing.T) {
	for _, c := range []struct {
		interactive, batch int
		want               string
	}{{0, 0, "iiiiii"}, {1, 0, "iiiiii"}, {0, 1, "bbbbbb"}, {0, 2, "bbbbbb"}, {2, 1, "iibiib"}, {1, 3, "ibbbib"}} {
		p := Plan{Clients: 6, Requests: 1, PromptTokens: 10, MaxTokens: 5, Interactive: c.interactive, Batch: c.batch}
		clients := p.Load(Scale{})
		got := ""
		for i, list := range prompts(clients) {
			got += clients[i].Class[:1]
			times := 1
			if clients[i].Class == Batch {
				times = BatchTimes
			}
			if n := len(strings.Fields(list[0].Prompt)); n != 10*times || list[0].MaxTokens != 5*times {
				t.Errorf("client %d (%s) asks with %d words for %d tokens", i, clients[i].Class, n, list[0].MaxTokens)
			}
		}
		if got != c.want {
			t.Errorf("mix %d:%d: clients %s, want %s", c.interactive, c.batch, got, c.want)
		}
	}
}

func TestPlan_BeginsNothingAfterItsDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Plan{Clients: 2, Requests: 100, PromptTokens: 1, MaxTokens: 1, Duration: 2500 * time.Millisecond}
		traces, err := Run(t.Context(), &fake{first: time.Second}, p.Load(Scale{}))
		if err != nil {
			t.Fatal(err)
		}
		if r := Summarize(traces); r.Requests != 6 || r.Errors != 0 {
			t.Errorf("report %+v, want three requests of each of two clients", r)
		}
	})
}

func TestPlan_ValidateNamesTheRange(t *testing.T) {
	good := Plan{Clients: 1, Requests: 1, PromptTokens: 10, MaxTokens: 1, SharedPrefix: 10}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*Plan){
		"clients: 0 is out of range: allowed is 1 to 1024": func(p *Plan) { p.Clients = 0 },
		"requests: -1 is out of range":                     func(p *Plan) { p.Requests = -1 },
		"shared prefix: 11 is out of range":                func(p *Plan) { p.SharedPrefix = 11 },
		"batch clients of the mix: -1":                     func(p *Plan) { p.Batch = -1 },
	} {
		p := good
		spoil(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", p, err, want)
		}
	}
}

func TestSummarize_GivesEachClassItsOwn(t *testing.T) {
	traces := []Trace{
		{Client: 0, Class: Batch, Ended: time.Second, Answer: Answer{CompletionTokens: 10}},
		{Client: 1, Class: Interactive, Ended: 2 * time.Second, Answer: Answer{CompletionTokens: 4}},
	}
	r := Summarize(traces)
	if len(r.Classes) != 2 || r.Classes[0].Class != Interactive || r.Classes[1].Class != Batch {
		t.Fatalf("classes %+v", r.Classes)
	}
	if r.TokensPerSecond != 7 || r.Classes[0].TokensPerSecond != 2 || r.Classes[1].TokensPerSecond != 10 {
		t.Errorf("report %+v", r)
	}
	if one := Summarize(traces[:1]); one.Classes != nil {
		t.Errorf("a report of one class repeats it: %+v", one)
	}
}
