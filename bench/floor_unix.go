//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// floorDelays is hopDelays with the least that could be in the daemon's place:
// one thread that reads an event and writes a frame. What it takes is what this
// machine takes to wake two threads up, one after the other.
func floorDelays(ctx context.Context, self string, p pace, tokens int) (delays []float64, err error) {
	link, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer func() { _ = link.Close() }()
	cmd := exec.CommandContext(ctx, self, workerCommand)
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = bound()
	err = cmd.Start()
	_ = theirs.Close()
	if err != nil {
		return nil, err
	}
	out, in, err := socketPair()
	if err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	relayed := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := relay(link, out, p, tokens)
		_ = out.Close()
		relayed <- err
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	delays, err = readStamps(in.Read, tokens)
	_ = in.Close()
	// The worker ends with its link.
	return delays, errors.Join(err, <-relayed, link.Close(), cmd.Wait())
}

// relay asks the worker for tokens and writes a frame for each.
func relay(link, out *os.File, p pace, tokens int) error {
	reader := proto.NewReader(link, proto.MaxToDaemon)
	prompt, err := p.prompt()
	if err != nil {
		return err
	}
	generate := proto.Generate{
		Request: 1, Messages: []wire.Message{{Role: wire.RoleUser, Content: prompt}}, Params: wire.Params{MaxTokens: tokens},
	}
	for _, say := range []struct {
		kind proto.Kind
		msg  any
	}{{proto.KindLoad, proto.Load{}}, {proto.KindGenerate, generate}} {
		frame, err := proto.AppendJSON(nil, say.kind, say.msg)
		if err != nil {
			return err
		}
		if _, err := link.Write(frame); err != nil {
			return err
		}
	}
	var buf []byte
	for {
		kind, payload, err := reader.Next()
		if err != nil {
			return fmt.Errorf("read from the worker: %w", err)
		}
		buf = buf[:0]
		switch kind {
		case proto.KindStep:
			err = proto.EachEvent(payload, func(e proto.Event) error {
				buf = (&wire.V1Token{ID: "h", Content: string(e.Text)}).Append(buf)
				return nil
			})
		case proto.KindEnd:
			_, err := out.Write((&wire.V1Done{ID: "h", StopReason: wire.StopLength}).Append(buf))
			return err
		}
		if err == nil && len(buf) > 0 {
			_, err = out.Write(buf)
		}
		if err != nil {
			return err
		}
	}
}

// socketPair is a pair of connected sockets whose reads wait in the system.
func socketPair() (a, b *os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	for _, fd := range fds {
		syscall.CloseOnExec(fd)
	}
	return os.NewFile(uintptr(fds[0]), "pair"), os.NewFile(uintptr(fds[1]), "pair"), nil
}
