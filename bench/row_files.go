package main

import (
	"context"
	"fmt"
	"os/exec"
)

// files is S12.
func files(ctx context.Context, l *lab) ([]Result, error) {
	for _, tool := range []string{"sh", "sha256sum", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, skipped(tool + " is not on this machine")
		}
	}
	f, err := l.newFileBench(ctx)
	if err != nil {
		return nil, err
	}
	defer f.remove()
	var results []Result
	for _, c := range []struct {
		name   string
		yard   string
		of     func() string // what the yardstick is run on
		ours   []string
		keeps  bool // the model that is there
		target float64
	}{
		{"import", `sha256sum "$0"`, func() string { return f.path }, []string{"models", "import", f.path, "--name", benchName}, false, 0.9},
		{"verify", `sha256sum "$0"`, f.blob, []string{"models", "verify", benchName}, true, 0.9},
		{"pull over loopback", `curl -sf --noproxy '*' "$0" | sha256sum`, func() string { return f.url },
			[]string{"pull", f.url, "--name", benchName, "--sha256", f.digest}, false, 0.8},
	} {
		ours := func(ctx context.Context) (float64, error) { return f.run(ctx, c.keeps, c.ours) }
		yard := func(ctx context.Context) (float64, error) { return f.yardstick(ctx, c.yard, c.of()) }
		if _, err := yard(ctx); err != nil { // warms the file
			return results, err
		}
		got, err := l.rounds(ctx, ours, yard)
		if err != nil {
			return results, err
		}
		results = append(results, l.compare(got, 0, 1, "MB/s", Result{
			Case: c.name, Target: atLeast(c.target), Note: fmt.Sprintf("%d MiB", f.size>>20),
		}))
	}
	return results, nil
}
