package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// verdict is how a check came out.
type verdict string

const (
	verdictOK   verdict = "ok"
	verdictWarn verdict = "warn"
	verdictFail verdict = "fail"
)

// check is one thing that doctor looked at.
type check struct {
	Name   string  `json:"name"`
	Status verdict `json:"status"`
	Detail string  `json:"detail"`
	// Hint says what to do; empty where nothing has to be done.
	Hint string `json:"hint,omitempty"`
}

// diagnosis is what `doctor --json` prints.
type diagnosis struct {
	OK     bool    `json:"ok"`
	Checks []check `json:"checks"`
}

// doctorTimeout bounds all checks together; reading the engine's files takes
// the longest.
const doctorTimeout = 2 * time.Minute

func newDoctorCommand(p *program) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "doctor",
		GroupID: groupSetup,
		Short:   "Check everything that the daemon needs",
		Long: `Check the config, the engine and its worker, the model, the runtime directory,
the sockets and the lock, one line each, with a hint where something is to be done.
A model of up to 2 GiB that was not verified yet is read. Nothing is changed. The exit code is 1 if a check fails; a warning is no failure.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.interruptible(cmd.Context(), doctorTimeout, func(ctx context.Context) error {
				return runDoctor(ctx, p, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func runDoctor(ctx context.Context, p *program, asJSON bool) error {
	checks := p.examine(ctx)
	failed := 0
	for _, c := range checks {
		if c.Status == verdictFail {
			failed++
		}
	}
	var err error
	if asJSON {
		err = p.printJSON(diagnosis{OK: failed == 0, Checks: checks})
	} else {
		err = p.printChecks(checks)
	}
	if err != nil || failed == 0 {
		return err
	}
	what := "1 check"
	if failed > 1 {
		what = fmt.Sprintf("%d checks", failed)
	}
	return &failure{err: fmt.Errorf("%s did not pass", what), hint: "follow the hints above", code: exitFailure}
}

func (p *program) printChecks(checks []check) error {
	for _, c := range checks {
		const indent = "\n                         " // to where details begin
		_, err := fmt.Fprintf(p.stdout, "%-5s %-18s %s\n", c.Status, c.Name, strings.Join(visibleLines(c.Detail), indent))
		if err == nil && c.Hint != "" {
			_, err = fmt.Fprintf(p.stdout, "%-5s %-18s hint: %s\n", "", "", oneLine(c.Hint))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// passed is the check of something that is as it should be.
func passed(name, format string, args ...any) check {
	return check{Name: name, Status: verdictOK, Detail: fmt.Sprintf(format, args...)}
}

// warned is the check of something that may be as it should be.
func warned(name, hint, format string, args ...any) check {
	return check{Name: name, Status: verdictWarn, Detail: fmt.Sprintf(format, args...), Hint: hint}
}

// notPassed is the check that err has ended.
func notPassed(name string, err error) check {
	f := diagnose(err)
	return check{Name: name, Status: verdictFail, Detail: f.err.Error(), Hint: f.hint}
}
