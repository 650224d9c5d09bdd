package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/engine/enginetest"
)

// able is a mock that can do all there is.
var able = mock.Config{
	Thinking: []string{"hm", "..."}, Tokens: []string{"1", ", 2", ", 3", ", caf\xc3", "\xa9"},
	ToolCalls:  []backend.ToolCall{{ID: "call_1", Name: "get_weather", Input: []byte(`{"city":"Paris"}`)}},
	Structured: true, Vision: true, AudioSampleRate: 16000, Dimensions: 8, Rerank: true, Model: "mock",
}

// expect runs the harness and fails for every broken rule but those expected.
func expect(t *testing.T, dir string, broken map[string]bool) []Result {
	t.Helper()
	results, err := Run(t.Context(), Options{Dir: dir, Patience: daemontest.GiveUp, Small: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, r := range results {
		t.Log(r)
		if r.Verdict == Fail {
			got[r.Rule] = true
			if !broken[r.Rule] {
				t.Error(r)
			}
		}
	}
	if broken == nil {
		broken = map[string]bool{}
	}
	if d := cmp.Diff(broken, got); d != "" {
		t.Errorf("broken rules (-want +got):\n%s", d)
	}
	return results
}

// A script obeys no grammar and calls with the ids that it was given. All the
// rest holds for a daemon on a mock of all capabilities.
func TestRun_ADaemonWithAllCapabilitiesConforms(t *testing.T) {
	d := daemontest.New(t, able)
	results := expect(t, d.Dir, map[string]bool{"the grammar shapes the answer": true, "response_format shapes the answer": true})
	skips := 0
	for _, r := range results {
		if r.Verdict == NotApplicable {
			skips++
		}
	}
	if len(results) < 400 || skips > 25 {
		t.Errorf("%d results, %d of them not applicable", len(results), skips)
	}
}

// Under the race detector one surface is enough: all lines are read by one reader.
func TestRun_ADaemonTakesLargeFrames(t *testing.T) {
	d := daemontest.New(t, able)
	o := Options{Dir: d.Dir, Patience: daemontest.GiveUp}
	for i := range surfaces {
		for _, r := range table() {
			if !r.large || r.on&surfaces[i].kind == 0 || surfaces[i].kind&largeOn == 0 {
				continue
			}
			if v, seen := o.check(t.Context(), &surfaces[i], r); v != Pass {
				t.Errorf("%s: %s: %s: %s", surfaces[i].at, r.name, v, seen)
			}
		}
	}
}

func TestRun_TheEngineConforms(t *testing.T) {
	d := daemontest.OnEngine(t, enginetest.Worker(t), enginetest.Root(t))
	expect(t, d.Dir, nil)
}
