package daemon

import (
	"errors"
	"fmt"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/disk"
)

// The exit codes of a daemon.
const (
	ExitClean   = 0
	ExitFailure = 1
	ExitConfig  = 2 // usage or config
	ExitRunning = 3 // another daemon holds the lock
	ExitEngine  = 4 // engine or model
)

// BackendError says that a backend can't come up, or not again.
type BackendError struct {
	Name string
	Err  error
}

func (e *BackendError) Error() string { return fmt.Sprintf("backend %s: %v", e.Name, e.Err) }

func (e *BackendError) Unwrap() error { return e.Err }

// ExitCode is the code with which a program ends after Run, or the loading of
// the config, returned err.
func ExitCode(err error) int {
	if err == nil {
		return ExitClean
	}
	if _, ok := errors.AsType[*config.Error](err); ok {
		return ExitConfig
	}
	if _, ok := errors.AsType[*disk.HeldError](err); ok {
		return ExitRunning
	}
	if _, ok := errors.AsType[*BackendError](err); ok {
		return ExitEngine
	}
	if _, ok := errors.AsType[*ModelError](err); ok {
		return ExitEngine
	}
	return ExitFailure
}
