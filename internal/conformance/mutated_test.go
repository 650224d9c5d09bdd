package conformance

import (
	"flag"
	"runtime"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/daemon/daemontest"
)

// mutations is how many damaged requests each surface of a live daemon gets:
// `go test ./internal/conformance -run Mutate -mutations 100000` sends them all.
var mutations = flag.Int("mutations", 300, "damaged requests for each surface")

var mutationSeed = flag.Uint64("mutation-seed", 1, "what decides the damage")

// A daemon that has taken them all has no more goroutines and descriptors than
// before, and serves.
func TestMutate_ADaemonOutlivesDamagedRequests(t *testing.T) {
	d := daemontest.New(t, able)
	o := Options{Dir: d.Dir, Patience: daemontest.GiveUp}
	m := Mutations{Count: 20, Seed: *mutationSeed + 1}
	if _, err := Mutate(t.Context(), o, m); err != nil { // all is there that comes with the first use
		t.Fatal(err)
	}
	goroutines, files := runtime.NumGoroutine(), daemontest.OpenFiles()
	m = Mutations{Count: *mutations, Seed: *mutationSeed}
	results, err := Mutate(t.Context(), o, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		t.Log(r)
		if r.Verdict != Pass {
			t.Error(r)
		}
	}
	for give := time.Now().Add(daemontest.GiveUp); runtime.NumGoroutine() > goroutines || daemontest.OpenFiles() > files; runtime.Gosched() {
		if time.Now().After(give) {
			t.Fatalf("%d goroutines and %d descriptors, before they were %d and %d",
				runtime.NumGoroutine(), daemontest.OpenFiles(), goroutines, files)
		}
	}
	c := d.V1()
	c.Ask("after", "hello", "")
	if text, _ := c.Answer(); text == "" {
		t.Error("the daemon does not answer any more")
	}
}
