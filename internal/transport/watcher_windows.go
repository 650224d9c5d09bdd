package transport

import "golang.org/x/sys/windows"

// hungUp asks the system once whether the client's end of the pipe is closed.
func hungUp(c *Conn) bool {
	open := true
	err := withHandle(c.Conn, func(h windows.Handle) error {
		var err error
		open, err = connected(h)
		return err
	})
	return err == nil && !open
}
