package llama

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Flash says whether attention is computed with the fused kernel.
type Flash int32

// The choices; the zero value lets the library decide by the device.
const (
	FlashAuto Flash = iota
	FlashOff
	FlashOn
)

// cacheTypes are ggml's types that a KV cache can be stored in.
var cacheTypes = map[string]int32{
	"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "iq4_nl": 20, "bf16": 30,
}

// CacheTypes lists what a KV cache can be stored in.
func CacheTypes() []string { return slices.Sorted(maps.Keys(cacheTypes)) }

// setCache sets the types of the KV cache. The library would take any number.
func (p *contextParams) setCache(keys, values string) error {
	for _, c := range []struct {
		name string
		to   *int32
	}{{keys, &p.TypeK}, {values, &p.TypeV}} {
		if c.name == "" {
			continue
		}
		t, ok := cacheTypes[c.name]
		if !ok {
			return fmt.Errorf("a KV cache of type %q: allowed are %s", c.name, strings.Join(CacheTypes(), ", "))
		}
		*c.to = t
	}
	return nil
}

// loadMode is llama_load_mode. Its default leaves it to the device whether the
// weights are mapped.
func (o ModelOptions) loadMode() int32 {
	const auto, none, mlock, mmapMlock = -1, 0, 2, 3
	switch {
	case o.NoMmap && o.Mlock:
		return mlock
	case o.NoMmap:
		return none
	case o.Mlock:
		return mmapMlock
	}
	return auto
}
