package transport

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// events is an epoll instance, which is itself waited for by the runtime's
// poller: a waiting Run costs a goroutine and no thread.
type events struct {
	epoll *os.File
}

func newEvents() (*events, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // os.NewFile's sign to use the poller
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl O_NONBLOCK", err)
	}
	f := os.NewFile(uintptr(fd), "epoll")
	if err := f.SetReadDeadline(time.Time{}); err != nil { // or Run could not be ended
		f.Close()
		return nil, fmt.Errorf("hand epoll to the poller: %w", err)
	}
	return &events{epoll: f}, nil
}

// add arms one notice for c: no events but the ones that epoll always reports,
// hang-up and error. It reports false where the kernel has no room, or c is
// watched already. A closed c counts as added: nobody is to be told of it.
func (e *events) add(c *Conn, key uint64) bool {
	err := e.ctl(c, unix.EPOLL_CTL_ADD, &unix.EpollEvent{
		Events: unix.EPOLLONESHOT,
		Fd:     int32(uint32(key)), // the two halves of epoll's 64 bits for us
		Pad:    int32(uint32(key >> 32)),
	})
	return err == nil || errors.Is(err, os.ErrClosed)
}

// remove disarms c. Where c was closed, the kernel has done it.
func (e *events) remove(c *Conn, _ uint64) {
	_ = e.ctl(c, unix.EPOLL_CTL_DEL, nil)
}

func (e *events) ctl(c *Conn, op int, ev *unix.EpollEvent) error {
	raw, err := e.epoll.SyscallConn()
	if err != nil {
		return err
	}
	var opErr error
	err = raw.Control(func(epfd uintptr) {
		err := control(c.Conn, func(fd int) {
			opErr = os.NewSyscallError("epoll_ctl", unix.EpollCtl(int(epfd), op, fd, ev))
		})
		opErr = errors.Join(opErr, err)
	})
	return errors.Join(err, opErr)
}

func (e *events) run(ctx context.Context, fire func(key uint64)) error {
	defer e.epoll.Close()
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = e.epoll.SetReadDeadline(time.Unix(1, 0)) // wakes wait
	})
	defer func() {
		if !stop() {
			<-ended
		}
	}()
	ready := make([]unix.EpollEvent, 64)
	for {
		n, err := e.wait(ready)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait for hang-ups: %w", err)
		}
		for _, ev := range ready[:n] {
			fire(uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32)
		}
	}
}

// wait blocks until there are events.
func (e *events) wait(ready []unix.EpollEvent) (n int, err error) {
	raw, err := e.epoll.SyscallConn()
	if err != nil {
		return 0, err
	}
	var waitErr error
	err = raw.Read(func(fd uintptr) bool {
		for {
			n, waitErr = unix.EpollWait(int(fd), ready, 0)
			if !errors.Is(waitErr, unix.EINTR) {
				return n > 0 || waitErr != nil
			}
		}
	})
	return n, errors.Join(err, os.NewSyscallError("epoll_wait", waitErr))
}

// hungUp asks the kernel once whether the peer of c has closed.
func hungUp(c *Conn) bool {
	var hup bool
	err := control(c.Conn, func(fd int) {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(fds, 0)
		hup = err == nil && n > 0
	})
	return err == nil && hup
}
