//go:build unix

package main

import "testing"

func TestYardstick_HasToReadTheFile(t *testing.T) {
	// The digest of nothing.
	f := &fileBench{dir: t.TempDir(), digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", size: 1e6}
	for line, fails := range map[string]bool{
		`cat "$0" | echo ` + f.digest + "  -": false,
		`exit 3`:                              true,
		`cat "$0"/gone | echo 0123`:           true,
	} {
		if speed, err := f.yardstick(t.Context(), line, "/dev/null"); (err != nil) != fails || !fails && speed <= 0 {
			t.Errorf("%s: %f MB/s, error %v", line, speed, err)
		}
	}
}
