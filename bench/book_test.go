package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReplaceGenerated_KeepsWhatPeopleWrote(t *testing.T) {
	page := "# Title\n\nBefore.\n" + beginMark + "\nold\n" + endMark + "\n\n## Why S2 is missed\n\nBecause.\n"
	got, err := replaceGenerated(page, "new\n")
	if err != nil {
		t.Fatal(err)
	}
	want := "# Title\n\nBefore.\n" + beginMark + "\nnew\n" + endMark + "\n\n## Why S2 is missed\n\nBecause.\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	again, err := replaceGenerated(got, "new\n")
	if err != nil || again != got {
		t.Errorf("the same again changed the page: %s, %v", cmp.Diff(got, again), err)
	}
}

func TestReplaceGenerated_BeginsAPage(t *testing.T) {
	for _, page := range []string{"", " \n"} {
		got, err := replaceGenerated(page, "new\n")
		if err != nil || !strings.HasPrefix(got, "# ") || !strings.Contains(got, beginMark+"\nnew\n"+endMark+"\n") {
			t.Errorf("%q became %q, %v", page, got, err)
		}
	}
}

// A page whose marks are damaged is left alone: what is between which of them
// nobody could tell.
func TestReplaceGenerated_RefusesDamagedMarks(t *testing.T) {
	for name, page := range map[string]string{
		"none":        "my own words\n",
		"no end":      beginMark + "\nx\n",
		"no begin":    "x\n" + endMark + "\n",
		"wrong order": endMark + "\n" + beginMark + "\n",
		"twice":       beginMark + "\n" + endMark + "\n" + beginMark + "\n" + endMark + "\n",
		"two ends":    beginMark + "\n" + endMark + "\n" + endMark + "\n",
	} {
		if got, err := replaceGenerated(page, "new\n"); err == nil {
			t.Errorf("%s: became %q", name, got)
		}
	}
}

func testRun(commit string) Run {
	return Run{Date: "2020-01-01 00:00:00 UTC", Commit: commit, Command: "bench", Processor: "P", Cores: 2, Kernel: "K", Threads: 2}
}

func mustChoose(t *testing.T, list string) []row {
	t.Helper()
	chosen, err := choose(list)
	if err != nil {
		t.Fatal(err)
	}
	return chosen
}

func TestBook_KeepsRowsThatThisRunLeavesOut(t *testing.T) {
	dir := t.TempDir()
	first, err := openBook(dir)
	if err != nil {
		t.Fatal(err)
	}
	first.Runs = append(first.Runs, testRun("aaa"))
	for _, r := range mustChoose(t, "S9,S1,S2") {
		first.put(r, []Result{{Case: "a|b", Seen: 1, Samples: []float64{1}, Quiet: 1, Verdict: met}})
	}
	if err := first.write(); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, markdownName)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(page, append(text, "My own words.\n"...), 0o600); err != nil {
		t.Fatal(err)
	}

	second, err := openBook(dir)
	if err != nil {
		t.Fatal(err)
	}
	second.Runs = append(second.Runs, testRun("bbb"))
	second.put(mustChoose(t, "S2")[0], []Result{
		{Case: "c", Seen: 2, Samples: []float64{2}, Quiet: 1, Verdict: missed}, {Case: "d", Seen: unknown, Verdict: notRun},
	})
	if err := second.write(); err != nil {
		t.Fatal(err)
	}
	third, err := openBook(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range third.Results {
		got = append(got, r.Row+" "+r.Case+" "+third.Runs[r.Run].Commit)
	}
	if d := cmp.Diff([]string{"S1 a|b aaa", "S2 c bbb", "S2 d bbb", "S9 a|b aaa"}, got); d != "" {
		t.Error(d)
	}
	text, err = os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"My own words.\n", "| S1 | ", `a\|b`, "commit aaa |", "| no | 1 |", "commit bbb, `bench`"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the page:\n%s", want, text)
		}
	}
	if n := strings.Count(string(text), "commit bbb"); n != 1 {
		t.Errorf("the last run is named %d times:\n%s", n, text)
	}
}

func TestBook_ForgetsRunsWithoutResults(t *testing.T) {
	b := &book{Runs: []Run{testRun("a"), testRun("b"), testRun("c")}}
	b.Results = []Result{{Row: "S1", Run: 1}, {Row: "S2", Run: 2}}
	b.forgetRuns()
	if len(b.Runs) != 2 || b.Runs[b.Results[0].Run].Commit != "b" || b.Runs[b.Results[1].Run].Commit != "c" {
		t.Errorf("runs %+v, results %+v", b.Runs, b.Results)
	}
}

func TestOpenBook_RefusesWhatItCantRead(t *testing.T) {
	for name, content := range map[string]string{
		"no JSON": "{", "a run that is not there": `{"runs":[],"results":[{"row":"S1","run":3}]}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, jsonName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openBook(dir); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
