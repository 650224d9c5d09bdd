package engine

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// process is a started worker process.
type process struct {
	pid  int
	cmd  *exec.Cmd
	once sync.Once
	done chan struct{}
	how  string // how it ended; set before done is closed
}

// start runs the worker program with a link to it and with the files, where the
// system hands descriptors on. Its error output goes to tail.
//
// Where the system can, the process is bound to this one, so that it does not
// outlive it even if this one is killed; everywhere the end of the link ends
// it.
func start(path string, files []*os.File, t *tail) (*process, io.ReadWriteCloser, error) {
	cmd := exec.Command(path, "serve")
	cmd.Env = scrub(os.Environ())
	// The libraries look for others in the current directory too, which may
	// be anybody's.
	cmd.Dir = rootDir(path)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	conn, theirs, err := attach(cmd, files)
	if err != nil {
		return nil, nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// A parent-death signal is bound to the thread that started the
		// process, so that thread has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		for _, f := range theirs {
			_ = f.Close()
		}
		if err == nil {
			bind(cmd.Process)
		}
		started <- err
		if err != nil {
			return
		}
		t.copy(stderr) // before Wait, which closes the pipe
		_ = cmd.Wait()
		p.how = cmd.ProcessState.String()
		close(p.done)
	}()
	if err := <-started; err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	p.pid = cmd.Process.Pid
	return p, conn, nil
}

// rootDir is the root of the file system that path is on.
func rootDir(path string) string { return filepath.VolumeName(path) + string(filepath.Separator) }

// kill ends the process at once. It has nothing to lose.
func (p *process) kill() { p.once.Do(func() { _ = p.cmd.Process.Kill() }) }

// wait waits until the process is gone and says how it ended.
func (p *process) wait() string {
	<-p.done
	return p.how
}

// waitFor waits until the process is gone, but not for longer than d, and
// reports whether it is.
func (p *process) waitFor(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-t.C:
		return false
	}
}

// scrub drops from the environment what would make the engine load other
// libraries than the verified ones, and asks it not to fork a debugger when it
// aborts.
func scrub(env []string) []string {
	out := []string{"GGML_NO_BACKTRACE=1"}
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "GGML_BACKEND_PATH", "GGML_NO_BACKTRACE", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH":
			continue
		}
		out = append(out, e)
	}
	return out
}
