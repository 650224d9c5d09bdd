package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/daemon/daemontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun_PrintsALineForEachRule(t *testing.T) {
	d := daemontest.New(t, mock.Config{NoGenerate: true, Rerank: true})
	var out, log strings.Builder
	if err := run(t.Context(), []string{"-dir", d.Dir, "-small", "-mutations", "10"}, &out, &log); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	all := out.String()
	for _, want := range []string{
		"pass  §6  rerank  top_n cuts the results", "n/a   §2  v1 ", "damaged requests", " passed, 0 broken, ",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

// A script obeys no grammar: that is a broken rule.
func TestRun_FailsWhereARuleIsBroken(t *testing.T) {
	d := daemontest.New(t, mock.Config{})
	var out, log strings.Builder
	err := run(t.Context(), []string{"-dir", d.Dir, "-small", "-failures"}, &out, &log)
	if err == nil || err.Error() != "3 rules are broken" || strings.Count(out.String(), "\n") != 4 {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestRun_RefusesWhatItCannotDo(t *testing.T) {
	empty := t.TempDir()
	for want, args := range map[string][]string{
		"no socket in " + empty: {"-dir", empty},
		`unexpected argument`:   {"-dir", empty, "v1"},
		"-patience":             {"-dir", empty, "-patience", "0s"},
		"not defined":           {"-colour"},
	} {
		var out, log strings.Builder
		if err := run(t.Context(), args, &out, &log); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", args, err)
		}
	}
}
