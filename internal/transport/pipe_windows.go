package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// listen serves a named pipe that admits the daemon's user and the system
// itself, from this machine only. Pipe names are the machine's, so the name may
// be taken, by a daemon of another user or by anybody; then this fails, since
// the pipe is created as its first instance. There is no file to leave behind.
//
// The modes of the Unix sockets say nothing more here: a pipe has no group.
func listen(e Endpoint) (net.Listener, func() error, error) {
	user, err := currentUser()
	if err != nil {
		return nil, nil, err
	}
	// Owner; network logons denied (NU), all access for the user and for
	// LocalSystem (SY), nothing inherited.
	sddl := fmt.Sprintf("O:%[1]sD:P(D;;GA;;;NU)(A;;GA;;;%[1]s)(A;;GA;;;SY)", user)
	ln, err := winio.ListenPipe(e.Path, &winio.PipeConfig{SecurityDescriptor: sddl})
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return nil, nil, fmt.Errorf("another process serves the pipe, which has one name for all users of the machine: %w", err)
	}
	if err != nil {
		return nil, nil, err
	}
	return pipeListener{ln}, func() error { return nil }, nil
}

func currentUser() (*windows.SID, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, fmt.Errorf("read the current user: %w", err)
	}
	return user.User.Sid, nil
}

type pipeListener struct{ net.Listener }

func (l pipeListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &pipeConn{Conn: c}, nil
}

// pipeConn lets the handle of a pipe be used without its being closed, and its
// number given to another, in between.
type pipeConn struct {
	net.Conn

	// mu guards the fields below. It is held while the handle is asked
	// something, none of which waits for the peer.
	mu     sync.RWMutex
	closed bool
}

func (c *pipeConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	return c.Conn.Close()
}

// withHandle runs f on the handle of c.
func withHandle(c net.Conn, f func(windows.Handle) error) error {
	pipe, ok := c.(*pipeConn)
	if !ok {
		return fmt.Errorf("a %T is no pipe: %w", c, errors.ErrUnsupported)
	}
	h, ok := pipe.Conn.(interface{ Fd() uintptr })
	if !ok {
		return fmt.Errorf("a %T has no handle: %w", pipe.Conn, errors.ErrUnsupported)
	}
	pipe.mu.RLock()
	defer pipe.mu.RUnlock()
	if pipe.closed {
		return os.ErrClosed
	}
	return f(windows.Handle(h.Fd()))
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	raw, err := winio.DialPipeContext(ctx, path)
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		err = pe.Err // Dial names the path
	}
	if err != nil {
		return nil, err
	}
	c := &pipeConn{Conn: raw}
	if err := withHandle(c, checkServer); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// checkServer makes sure that the pipe is the user's own, or the system's:
// anybody may have created one of this name.
func checkServer(h windows.Handle) error {
	sd, err := windows.GetSecurityInfo(h, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("read the owner of the pipe: %w", err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("read the owner of the pipe: %w", err)
	}
	user, err := currentUser()
	if err != nil {
		return err
	}
	if owner.Equals(user) || owner.IsWellKnown(windows.WinLocalSystemSid) ||
		owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) {
		return nil
	}
	return fmt.Errorf("%w: %s, neither you nor the system", errForeign, owner)
}

// clearEndpoint has nothing to do: a pipe is gone with its process.
func clearEndpoint(Endpoint) error { return nil }
