package router

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/backend"
)

func TestOffers_PutsTogetherWhatTheBackendsCan(t *testing.T) {
	plain := &fake{name: "plain", caps: backend.Capabilities{Generate: true, Vision: true}}
	first := &fake{name: "first", caps: backend.Capabilities{Generate: true, V2: true, Tools: true, Model: "one"}}
	second := &fake{name: "second", caps: backend.Capabilities{Generate: true, V2: true, Audio: true, AudioSampleRate: 8000, Thinking: true, Model: "two"}}
	embedder := &fake{name: "embedder", caps: backend.Capabilities{Embed: true, EmbedSize: 4}}
	r := New([]backend.Backend{plain, first, second, embedder})
	for _, tt := range []struct {
		need Need
		want backend.Capabilities
	}{
		{Need{V2: true}, backend.Capabilities{Generate: true, V2: true, Tools: true, Audio: true, AudioSampleRate: 8000, Thinking: true, Model: "one"}},
		{Need{Embed: true}, embedder.caps},
		{Need{Rerank: true}, backend.Capabilities{}},
	} {
		if diff := cmp.Diff(tt.want, r.Offers(tt.need)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.need, diff)
		}
	}
}

// A request that would wait for a backend is not refused for what those that
// are there can't do.
func TestOffers_HopesForEverythingWhileBackendsAreToCome(t *testing.T) {
	plain := &fake{name: "plain", caps: backend.Capabilities{Generate: true, V2: true, Model: "one"}}
	r := New([]backend.Backend{plain})
	r.Expect(true)
	if c := r.Offers(Need{V2: true}); !c.Tools || !c.StructuredOutput || !c.Vision || !c.Audio || !c.Thinking || c.Model != "one" {
		t.Errorf("beside a plain one: %+v", c)
	}
	if c := r.Offers(Need{Embed: true}); !c.Embed || c.EmbedSize != 0 {
		t.Errorf("alone: %+v", c)
	}
	r.Expect(false)
	if diff := cmp.Diff(plain.caps, r.Offers(Need{V2: true})); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
}

func TestNeed_IsMetByEveryPartOfIt(t *testing.T) {
	all := backend.Capabilities{
		Generate: true, V2: true, Tools: true, Thinking: true, StructuredOutput: true, Vision: true, Audio: true, Embed: true, Rerank: true,
	}
	for name, tt := range map[string]struct {
		need Need
		lose func(*backend.Capabilities)
	}{
		"generate":   {Need{Generate: true}, func(c *backend.Capabilities) { c.Generate = false }},
		"v2":         {Need{V2: true}, func(c *backend.Capabilities) { c.V2 = false }},
		"tools":      {Need{Tools: true}, func(c *backend.Capabilities) { c.Tools = false }},
		"thinking":   {Need{Thinking: true}, func(c *backend.Capabilities) { c.Thinking = false }},
		"structured": {Need{Structured: true}, func(c *backend.Capabilities) { c.StructuredOutput = false }},
		"vision":     {Need{Vision: true}, func(c *backend.Capabilities) { c.Vision = false }},
		"audio":      {Need{Audio: true}, func(c *backend.Capabilities) { c.Audio = false }},
		"embed":      {Need{Embed: true}, func(c *backend.Capabilities) { c.Embed = false }},
		"rerank":     {Need{Rerank: true}, func(c *backend.Capabilities) { c.Rerank = false }},
	} {
		without := all
		tt.lose(&without)
		if !tt.need.metBy(all) || tt.need.metBy(without) || !(Need{}).metBy(without) {
			t.Errorf("%s: met by all %v, by all but it %v", name, tt.need.metBy(all), tt.need.metBy(without))
		}
	}
}
