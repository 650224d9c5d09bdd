//go:build unix

package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// busyRetry is how long dial waits when the daemon's queue of connections is
// full: connect on a Unix socket does not wait by itself.
const busyRetry = 5 * time.Millisecond

func dial(ctx context.Context, path string) (net.Conn, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	c, err := dialBusy(ctx, path)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(path, tmpDir+"/") {
		if err := checkServer(c, os.Geteuid()); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// dialBusy connects, and tries again while the queue is full.
func dialBusy(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	for {
		c, err := d.DialContext(ctx, "unix", path)
		if !errors.Is(err, unix.EAGAIN) {
			return c, err
		}
		select {
		case <-time.After(busyRetry):
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the daemon to take more connections: %w", ctx.Err())
		}
	}
}

// checkServer makes sure that the server is one of ours or of root. In /tmp
// anyone may have made the directory before us.
func checkServer(c net.Conn, uid int) error {
	server, err := peerOf(c)
	if err != nil {
		return err
	}
	return checkServerUser(int(server.UID), uid)
}

func checkServerUser(server, uid int) error {
	if server != 0 && server != uid {
		return fmt.Errorf("%w: uid %d, neither you (uid %d) nor root", errForeign, server, uid)
	}
	return nil
}
