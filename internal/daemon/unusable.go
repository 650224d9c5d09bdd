package daemon

import (
	"context"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

// unusable is a backend that can't be made: the daemon starts far enough to
// say so where a client listens.
type unusable struct {
	backend.Unsupported
	name string
	err  error
}

func (u *unusable) Name() string                       { return u.name }
func (u *unusable) Capabilities() backend.Capabilities { return backend.Capabilities{Generate: true} }
func (u *unusable) Ready() bool                        { return false }
func (u *unusable) Run(context.Context) error          { return u.err }
func (u *unusable) Info() wire.BackendStatus           { return wire.BackendStatus{Name: u.name} }

func (u *unusable) Generate(context.Context, *backend.Request, func([]backend.Event) error) (backend.Result, error) {
	return backend.Result{}, &backend.Error{Kind: backend.Unavailable, Message: wire.MsgBackendNotReady, Err: backend.ErrNotBegun}
}
