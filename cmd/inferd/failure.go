package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/wire"
)

// failure is an error with what to do about it and the exit code. A zero code
// or an empty hint is filled in from the error.
type failure struct {
	err  error
	hint string
	code int
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// usageError is a mistake in the command line.
func usageError(hint, format string, args ...any) error {
	return &failure{err: fmt.Errorf(format, args...), hint: hint, code: exitUsage}
}

// interrupted is the cause of a context that a signal has ended.
type interrupted struct{ signal os.Signal }

func (e interrupted) Error() string { return "interrupted (" + e.signal.String() + ")" }

// report tells the user what went wrong and returns the exit code.
func (p *program) report(err error) int {
	if err == nil {
		return exitClean
	}
	if i, ok := errors.AsType[interrupted](err); ok {
		number, _ := i.signal.(syscall.Signal)
		return exitSignal + int(number)
	}
	f := diagnose(err)
	fmt.Fprintf(p.stderr, "inferd: %s\nhint: %s\n", strings.Join(visibleLines(f.err.Error()), "\n"), f.hint)
	return f.code
}

// diagnose completes what err does not say of itself.
func diagnose(err error) *failure {
	f := &failure{err: err}
	if given, ok := errors.AsType[*failure](err); ok {
		f.hint, f.code = given.hint, given.code
	}
	if f.code == exitClean {
		f.code = codeOf(err)
	}
	if f.hint == "" {
		f.hint = hintFor(err)
	}
	return f
}

func codeOf(err error) int {
	if field, ok := errors.AsType[*wire.FieldError](err); ok && field != nil {
		return exitUsage
	}
	return daemon.ExitCode(err)
}

// hintFor is the one line under an error that has none of its own.
func hintFor(err error) string {
	if h, ok := errors.AsType[hinter](err); ok {
		return h.Hint()
	}
	if refusal, ok := errors.AsType[*client.ServerError](err); ok {
		return hintForCode(refusal.Code)
	}
	switch {
	case is[*config.Error](err):
		return "docs/CONFIGURATION.md lists every key with its range"
	case is[*disk.HeldError](err):
		return "`inferd status` shows the one that runs, `inferd stop` stops it"
	case errors.Is(err, client.ErrNotRunning):
		return "start it with `inferd serve`; `inferd run` starts it by itself"
	case is[*client.UnservedError](err):
		return "`inferd status` shows the backends; docs/CONFIGURATION.md says which ones embed and rerank"
	case is[*client.NotReadyError](err):
		return "`inferd watch` shows how it gets on"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errTimeout):
		return "give it more time with --timeout; `inferd status` shows what it is doing"
	case errors.Is(err, os.ErrPermission):
		return "only the user that runs the daemon may do this; `inferd doctor` checks the permissions"
	}
	return "`inferd doctor` checks everything that the daemon needs"
}

func hintForCode(code wire.Code) string {
	switch code {
	case wire.CodeQueueFull:
		return "try again in a moment; `inferd status` shows the queue"
	case wire.CodeInvalidRequest, wire.CodeFrameTooLarge:
		return "change the request; `inferd run --help` lists what is allowed"
	case wire.CodeAttachmentUnsupported:
		return "the model takes no such media: leave it out, or configure a backend that does (`inferd status` shows them)"
	case wire.CodeToolCallMalformed:
		return "ask again; a lower --temperature makes it rarer"
	}
	return "`inferd status` shows the state of the backends"
}

// hinter is an error that knows what to do about it.
type hinter interface {
	error
	Hint() string
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
