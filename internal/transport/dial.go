package transport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// errForeign is wrapped by the error of a dial that reached somebody else's
// server in a place where anyone can set one up.
var errForeign = errors.New("served by a stranger")

// Dial connects to the daemon at e. It waits, as long as ctx allows, while the
// daemon is there and has too many connections waiting for it.
//
// IsNotRunning tells the absence of a daemon from other errors;
// errors.Is(err, fs.ErrPermission) is true where the caller may not connect.
// Where anyone can set up a server under the daemon's name (in /tmp, and for
// the pipes of Windows), only one of the caller's user or of the system's
// administrator is talked to: prompts are private.
func Dial(ctx context.Context, e Endpoint) (net.Conn, error) {
	c, err := dial(ctx, e.Path)
	if err != nil {
		// The net package repeats the path in its own words.
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err
		}
		return nil, fmt.Errorf("connect to %s: %w", e.Path, err)
	}
	return c, nil
}

// IsNotRunning reports whether err, of a Dial, means that no daemon of the
// caller's is there: nothing is at the path, nobody listens there, or it is
// somebody else who does.
func IsNotRunning(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, errForeign)
}
