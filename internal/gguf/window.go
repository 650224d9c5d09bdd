package gguf

import "fmt"

// windowedLayers are those with a sliding window.
func (f *File) windowedLayers(lay layout, stateful []bool) ([]bool, error) {
	n := len(stateful)
	windowed := make([]bool, n)
	if f.window(lay) == 0 {
		return windowed, nil
	}
	suffix, period := "attention.sliding_window_pattern", lay.period
	if v, ok := f.Get(f.key(suffix)); ok && v.Type == Array {
		listed, err := v.Ints()
		if err != nil || len(listed) > n {
			return nil, fmt.Errorf("%w: %q must be a list of at most %d", ErrUnknownCache, v.Key, n)
		}
		for i, w := range listed {
			windowed[i] = w != 0
		}
		return windowed, nil
	} else if ok {
		period = f.number(suffix)
	} else if period == 0 {
		return nil, fmt.Errorf("%w: it does not say which layers have a sliding window", ErrUnknownCache)
	}
	for i := range min(n, f.trunk()) {
		switch {
		case period == 0:
			windowed[i] = true
		case lay.fullFirst:
			windowed[i] = i%period != 0
		default:
			windowed[i] = i%period != period-1
		}
		windowed[i] = windowed[i] && !stateful[i]
	}
	return windowed, nil
}

// window is how far the layers with a window look back; 0 if there are none.
func (f *File) window(lay layout) int {
	if !lay.windowed || lay.onlyAt > 0 && f.trunk() != lay.onlyAt {
		return 0
	}
	w := f.numberOr("attention.sliding_window", lay.window)
	if w > 0 && lay.fixed > 0 {
		return lay.fixed
	}
	return w
}
