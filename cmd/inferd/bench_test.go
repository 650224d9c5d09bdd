package main

import "testing"

func TestParseMix_TakesRatios(t *testing.T) {
	for text, want := range map[string][2]int{"1:0": {1, 0}, "3:1": {3, 1}, "0:2": {0, 2}} {
		interactive, batch, err := parseMix(text)
		if err != nil || [2]int{interactive, batch} != want {
			t.Errorf("%q: %d and %d, %v", text, interactive, batch, err)
		}
	}
	for _, text := range []string{"", "3", "0:0", "-1:2", "1:-2", "1:2:3", "a:b", "1:", ":1", "1.5:1"} {
		if _, _, err := parseMix(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
