package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// stopTime is how long a process may take to end in order.
const stopTime = 10 * time.Second

// process is a program that is measured. It ends when it is stopped and, where
// the system can, with this one, however that ends.
type process struct {
	cmd  *exec.Cmd
	log  string // the file that its output goes to
	done chan struct{}
}

// start runs a program with its output in a file of dir.
func start(dir string, env []string, program string, args ...string) (*process, error) {
	p := &process{log: filepath.Join(dir, "log"), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	p.cmd = exec.Command(program, args...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = env
	p.cmd.SysProcAttr = bound()
	started := make(chan error)
	go func() {
		// The end of a parent is, for the system, that of the thread that
		// started the process: so that thread stays.
		runtime.LockOSThread()
		err := p.cmd.Start()
		_ = out.Close()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends the process and waits for it.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return
	case <-time.After(stopTime):
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

// await calls ready until it succeeds. It fails where the process ends, or
// takes too long.
func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-p.done:
			return fmt.Errorf("%s ended: %s", filepath.Base(p.cmd.Path), p.lastLine())
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", filepath.Base(p.cmd.Path), err)
		}
	}
}

func (p *process) lastLine() string {
	log, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return lines[len(lines)-1]
}

// cleanEnv is the environment without what would steer a daemon, and with more.
func cleanEnv(more ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "INFERD_") && !strings.HasPrefix(e, "LLAMA_") && !strings.HasPrefix(e, "GGML_") {
			env = append(env, e)
		}
	}
	return append(env, more...)
}
