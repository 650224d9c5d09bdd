package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/engine/library"
	"github.com/inferd/inferd/wire"
)

func TestReport_SaysWhatHappenedAndOneHint(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		hint string
	}{
		{&config.Error{Problems: []*config.Problem{{Source: "f", Message: "m"}}}, exitUsage, "docs/CONFIGURATION.md"},
		{&disk.HeldError{PID: 7}, exitRunning, "inferd stop"},
		{&daemon.BackendError{Name: "b", Err: &library.MissingError{}}, exitEngine, "inferd engine install"},
		{&client.NotRunningError{}, exitFailure, "inferd serve"},
		{&client.NotReadyError{State: wire.Draining{}}, exitFailure, "inferd watch"},
		{&client.FailedError{Reason: "r"}, exitFailure, "inferd doctor"},
		{&client.ServerError{Code: wire.CodeQueueFull}, exitFailure, "try again"},
		{&client.ServerError{Code: wire.CodeInvalidRequest}, exitFailure, "change the request"},
		{&client.ServerError{Code: wire.CodeBackendUnavailable}, exitFailure, "inferd status"},
		{fmt.Errorf("request stopped: %w", errTimeout), exitFailure, "--timeout"},
		{context.DeadlineExceeded, exitFailure, "--timeout"},
		{os.ErrPermission, exitFailure, "permissions"},
		{&wire.FieldError{Field: "top_p"}, exitUsage, "inferd doctor"},
		{&failure{err: errors.New("x"), hint: "own hint", code: exitEngine}, exitEngine, "own hint"},
		{fmt.Errorf("wrapped: %w", &failure{err: errors.New("x"), hint: "own hint"}), exitFailure, "own hint"},
		{errors.New("x\x1b[2J\ny\n"), exitFailure, "inferd doctor"},
	} {
		p, _, stderr := screen(false)
		if code := p.report(c.err); code != c.code {
			t.Errorf("%v: code is %d, want %d", c.err, code, c.code)
		}
		said := stderr.String()
		_, hint, found := strings.Cut(said, "\nhint: ")
		if !strings.HasPrefix(said, "inferd: ") || !found || !strings.Contains(hint, c.hint) ||
			strings.Count(hint, "\n") != 1 || strings.Contains(said, "\x1b") {
			t.Errorf("%v: said %q, want the error and a hint with %q", c.err, said, c.hint)
		}
	}
}

func TestReport_IsSilentAboutASignalAndAboutSuccess(t *testing.T) {
	for code, err := range map[int]error{
		0: nil, 130: fmt.Errorf("request stopped: %w", interrupted{os.Interrupt}), 143: interrupted{syscall.SIGTERM},
	} {
		p, stdout, stderr := screen(false)
		if got := p.report(err); got != code || stdout.Len()+stderr.Len() > 0 {
			t.Errorf("%v: code %d, said %q%q, want only code %d", err, got, stdout, stderr, code)
		}
	}
}
