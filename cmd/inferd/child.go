package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// child is a daemon that this command has started.
type child struct {
	pid   int
	log   string // path of its log
	ended chan struct{}
	cmd   *exec.Cmd
}

// startDaemon starts a daemon of its own session, which outlives this command.
func (p *program) startDaemon() (*child, error) {
	exe, err := p.executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	log, err := p.openLog()
	if err != nil {
		return nil, fmt.Errorf("open the daemon's log: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(exe, "serve", "--idle-exit", idleExit.String())
	cmd.Args[0] = "inferd"
	cmd.Stderr = log
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	c := &child{pid: cmd.Process.Pid, log: log.Name(), ended: make(chan struct{}), cmd: cmd}
	// It ends with the daemon or with this process, whichever is first.
	go func() {
		defer close(c.ended)
		_ = cmd.Wait()
	}()
	return c, nil
}

// code is the exit code, once it has ended.
func (c *child) code() int { return c.cmd.ProcessState.ExitCode() }

func (c *child) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// end stops it, in whatever state it is, and waits until it is gone.
func (c *child) end() error {
	if runtime.GOOS == "windows" || c.cmd.Process.Signal(terminateSignal) != nil {
		_ = c.cmd.Process.Kill()
	}
	return c.await()
}

// await waits until it is gone, for as long as a stop may take.
func (c *child) await() error {
	select {
	case <-c.ended:
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("wait for the daemon (pid %d) to stop: it is still there after %s", c.pid, stopTimeout)
	}
}

// failure is why it ended, in its own words where it had any.
func (c *child) failure() error {
	f := &failure{
		err:  fmt.Errorf("the daemon stopped while it started (%s)", c.cmd.ProcessState),
		hint: "its log is " + c.log,
		code: c.code(),
	}
	if f.code <= exitClean {
		f.code = exitFailure // a signal, or an end that nobody asked for
	}
	text, err := readTail(c.log, maxLogTail)
	if err != nil {
		return f
	}
	if at := strings.LastIndex(text, "\ninferd: "); at >= 0 {
		reason, hint, _ := strings.Cut(strings.TrimRight(text[at+len("\ninferd: "):], "\n"), "\nhint: ")
		f.err = fmt.Errorf("the daemon could not start: %s", reason)
		if hint != "" {
			f.hint = hint
		}
	} else if lines := strings.Split(strings.TrimSpace(text), "\n"); lines[len(lines)-1] != "" {
		f.err = fmt.Errorf("%w: %s", f.err, lines[len(lines)-1])
	}
	return f
}

// maxLogTail is how much of a log is searched for the reason of an end.
const maxLogTail = 16 << 10

// readTail is the end of a file, on lines of its own.
func readTail(path string, limit int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > limit {
		if _, err := f.Seek(-limit, io.SeekEnd); err != nil {
			return "", err
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, limit))
	return "\n" + string(text), err
}

var errNoState = errors.New("neither XDG_STATE_HOME nor HOME holds an absolute path")

// openLog empties the log of daemons that run in the background, and opens it.
// Two that start at once share it, so each writes at its end.
func (p *program) openLog() (*os.File, error) {
	dir := p.stateDir()
	if dir == "" {
		return nil, errNoState
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// The root keeps a link in the directory from leading elsewhere.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile("serve.log", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
}

// stateDir is where this user's logs belong; empty where no such place is known.
func (p *program) stateDir() string {
	for _, place := range []struct{ variable, below string }{
		{"XDG_STATE_HOME", "inferd"},
		{"LOCALAPPDATA", "inferd"},
		{"HOME", filepath.Join(".local", "state", "inferd")},
	} {
		if base := p.getenv(place.variable); filepath.IsAbs(base) {
			return filepath.Join(base, place.below)
		}
	}
	return ""
}
