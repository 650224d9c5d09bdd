package memplan

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/model"
)

// The largest context fits, and the next one does not.
func TestLargestContext_IsTheLargest(t *testing.T) {
	c := gguf.TinyModel()
	c.Context = 10_100
	f := random(t, c)
	rapid.Check(t, func(t *rapid.T) {
		p, err := For(f, Options{Slots: rapid.IntRange(1, 8).Draw(t, "slots"), Context: 1})
		if err != nil {
			t.Fatal(err)
		}
		m := Memory{Host: rapid.Int64Range(30*mib, 300*mib).Draw(t, "memory")}
		n := p.LargestContext(m)
		if n > 0 && !p.At(n).Fits(m) {
			t.Errorf("context %d does not fit into %d", n, m.Host)
		}
		if n < f.ContextLength() && p.At(n+1).Fits(m) {
			t.Errorf("context %d fits into %d too", n+1, m.Host)
		}
		if n%256 != 0 && n != f.ContextLength() {
			t.Errorf("context %d is no multiple of 256", n)
		}
	})
}

func TestResolve_TakesTheLargestThatFits(t *testing.T) {
	c := gguf.TinyModel()
	c.Context = 100_000
	p := plan(t, random(t, c), Options{Slots: 4, Context: Auto, CacheBytes: 512 * mib})
	for memory, want := range map[int64]int{0: AutoContext, 1 << 40: AutoContext, 100 * mib: 6144, 37 * mib: 256} {
		got, err := p.Resolve(Memory{Host: memory})
		if err != nil || got.Context != want {
			t.Errorf("with %d bytes: context %d, %v; want %d", memory, got.Context, err, want)
		}
		if err == nil && memory > 0 && got.Host() > memory {
			t.Errorf("the plan for %d bytes takes %d", memory, got.Host())
		}
	}
	if _, err := p.Resolve(Memory{Host: 10 * mib}); err == nil {
		t.Error("10 MiB are enough for a worker")
	}
}

// Past prompts can be done without: they get what the rest leaves.
func TestResolve_PastPromptsGetWhatIsLeft(t *testing.T) {
	p := plan(t, parse(t, model.GGUF), Options{Slots: 4, CacheBytes: 512 * mib})
	for memory, want := range map[int64]int64{0: 512 * mib, 1 << 40: 512 * mib, p.needed() + 100*mib: 80 * mib, p.needed(): 0} {
		got, err := p.Resolve(Memory{Host: memory})
		if err != nil || got.Cache != want {
			t.Errorf("with %d bytes: %d for past prompts, %v; want %d", memory, got.Cache, err, want)
		}
	}
}

func TestResolve_RefusesWithThePlan(t *testing.T) {
	p := plan(t, parse(t, model.GGUF), Options{Slots: 4, CacheBytes: 512 * mib})
	memory := p.At(512).needed()
	_, err := p.Resolve(Memory{Host: memory})
	var large *TooLargeError
	if !errors.As(err, &large) || large.Largest != 512 {
		t.Fatalf("error %v", err)
	}
	for _, words := range []string{
		"with a context of 1024 tokens for each of 4 slots", Size(memory) + " are available", "\n  weights Q8_0 ", "\n  context ", "12.0 MiB", "\n  worker ",
	} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q does not say %q", err, words)
		}
	}
	if !strings.Contains(large.Hint(), "n_ctx 512 is the largest") {
		t.Errorf("hint %q", large.Hint())
	}
	_, err = p.Resolve(Memory{Host: 1})
	if !errors.As(err, &large) || large.Largest != 0 || !strings.Contains(large.Hint(), "no context fits") {
		t.Errorf("with a byte: %v", err)
	}
}

func TestFits_LooksAtTheAcceleratorToo(t *testing.T) {
	p := plan(t, described(t, "llama", nil), Options{Slots: 1, GPULayers: -1})
	if !p.Fits(Memory{Accelerator: p.Accelerator()}) || p.Fits(Memory{Accelerator: p.Accelerator() - 1}) {
		t.Error("the accelerator's memory makes no difference, or too much")
	}
	_, err := p.Resolve(Memory{Accelerator: mib})
	if err == nil || !strings.Contains(err.Error(), "on the accelerator it needs") || !strings.Contains(err.Error(), "(accelerator)") {
		t.Errorf("error %v", err)
	}
}

func TestSize_IsForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0.0 MiB", 3 << 19: "1.5 MiB", 3 << 29: "1.50 GiB", 3 << 39: "1.50 TiB"} {
		if got := Size(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
