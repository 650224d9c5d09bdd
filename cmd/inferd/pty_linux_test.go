package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/inferd/inferd/client"
)

// terminal is a terminal with a program in it.
type terminal struct {
	*testing.T
	master *os.File
	cmd    *exec.Cmd
	pieces chan []byte // what the program writes; closed at its end
	seen   []byte      // of that, what no expect has had yet
}

// user is a home with a daemon, for programs in terminals.
type user struct {
	*testing.T
	env []string
}

// newTerminalUser starts a daemon with the config, which ends with the test.
func newTerminalUser(t *testing.T, config string) *user {
	t.Helper()
	run, err := os.MkdirTemp("", "inf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(run) })
	home := t.TempDir()
	u := &user{t, append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+run, "XDG_STATE_HOME="+filepath.Join(home, "state"),
		"XDG_DATA_HOME="+filepath.Join(home, "data"), "GORACE=atexit_sleep_ms=0")}
	file := filepath.Join(home, "config.json")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := u.command("serve", "--config", file)
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), limited)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{Dir: runtimeDir(run), WaitReady: true})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	return u
}

func (u *user) command(args ...string) *exec.Cmd {
	cmd := exec.Command("inferd", args...)
	cmd.Env = u.env
	return cmd
}

// file writes a file and returns its path.
func (u *user) file(content string) string {
	path := filepath.Join(u.TempDir(), "file.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		u.Fatal(err)
	}
	return path
}

// terminal runs a program in a terminal of its own.
func (u *user) terminal(columns uint16, args ...string) *terminal {
	u.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		u.Fatal(err)
	}
	u.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	if err := unix.SetNonblock(fd, true); err != nil { // Fd made it block
		u.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 20, Col: columns})
	}
	if err != nil {
		u.Fatal(err)
	}
	side, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		u.Fatal(err)
	}
	defer side.Close()
	cmd := u.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = side, side, side
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		u.Fatal(err)
	}
	term := &terminal{T: u.T, master: master, cmd: cmd, pieces: make(chan []byte)}
	go term.copy()
	u.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for range term.pieces { // until the program's side is closed
		}
	})
	return term
}

// copy passes on what the program writes.
func (term *terminal) copy() {
	defer close(term.pieces)
	for {
		buf := make([]byte, 4096)
		n, err := term.master.Read(buf)
		if n > 0 {
			term.pieces <- buf[:n]
		}
		if err != nil {
			return
		}
	}
}

// press types.
func (term *terminal) press(keys string) {
	term.Helper()
	if _, err := term.master.WriteString(keys); err != nil {
		term.Fatal(err)
	}
}

// expect waits until the program has written a text, behind what was expected
// before.
func (term *terminal) expect(text string) {
	term.Helper()
	late := time.After(limited)
	for {
		if at := bytes.Index(term.seen, []byte(text)); at >= 0 {
			term.seen = term.seen[at+len(text):]
			return
		}
		select {
		case piece, ok := <-term.pieces:
			if !ok {
				term.Fatalf("the program ended, and wrote %q, not %q", term.seen, text)
			}
			term.seen = append(term.seen, piece...)
		case <-late:
			term.Fatalf("the program wrote %q, not %q", term.seen, text)
		}
	}
}

// expectPrompt waits until a message can be typed: the marks of pasted text are
// asked for once the terminal is in raw mode, and the prompt is drawn then.
func (term *terminal) expectPrompt() {
	term.Helper()
	term.expect("\x1b[?2004h\r\x1b[J> \r")
}

// ends waits for the end of the program, and wants the terminal to be as it was.
func (term *terminal) ends(code int) {
	term.Helper()
	late := time.After(limited)
	for open := true; open; {
		var piece []byte
		select {
		case piece, open = <-term.pieces:
			term.seen = append(term.seen, piece...)
		case <-late:
			term.Fatalf("the program goes on; it wrote %q", term.seen)
		}
	}
	_ = term.cmd.Wait()
	if got := term.cmd.ProcessState.ExitCode(); got != code {
		term.Errorf("ended with %d, want %d; it wrote %q", got, code, term.seen)
	}
	state, err := unix.IoctlGetTermios(int(term.master.Fd()), unix.TCGETS)
	if err != nil {
		term.Fatal(err)
	}
	const cooked = unix.ICANON | unix.ECHO | unix.ISIG
	if state.Lflag&cooked != cooked {
		term.Errorf("the terminal is left in raw mode")
	}
}

const (
	ctrlC = "\x03"
	ctrlD = "\x04"
	// answered is what ends a message, right before its answer.
	answered = "\x1b[?2004l"
)

func TestChat_OnATerminal(t *testing.T) {
	u := newTerminalUser(t, `{"backends": [{"kind": "mock", "name": "m", "echo": true,
		"tool_calls": [{"name": "weather", "input": {"city": "Par\u001bis"}}]}]}`)
	tool := u.file(`{"name": "weather", "description": "", "input_schema": {}}`)
	term := u.terminal(40, "chat", "--session", "t", "--tool", tool)
	term.expect("a new conversation")
	term.expectPrompt()

	// A message of two lines, of wide characters too; a call and its result.
	term.press("first 東京\\\r")
	term.expect("> first 東京\r\n  ")
	term.press("second\r")
	term.expect(answered + "first 東京 second\r\n→ weather {\"city\":\"Par\\u001bis\"}\r\n")
	term.expect("result of weather> ")
	term.press("sunny\r")
	term.expect(answered + "sunny\r\n→ weather")
	term.expect("result of weather> ")
	term.press(ctrlC)
	term.expect("(cancelled)")
	term.expectPrompt()

	// Pasted lines are one message, and what would steer the terminal is gone.
	term.press("\x1b[200~one\x1b]0;x\x07\r\ntwo\x1b[201~")
	term.expect("two\r")
	term.press("\r")
	term.expect(answered + "one]0;x two\r\n→ weather")
	term.expect("result of weather> ")
	term.press(ctrlD)
	term.expect("(cancelled)")
	term.expectPrompt()

	// The history has both, and an unknown command names the nearest.
	term.press("\x1b[A")
	term.expect("> one]0;x\r\n  two")
	term.press("\x1b[A\x1b[A")
	term.expect("> first 東京\r\n  second")
	term.press(ctrlC)
	term.expectPrompt()
	term.press("/stat\r")
	term.expect("did you mean /stats?")
	term.expectPrompt()
	term.press("/qu\t")
	term.expect("> /quit")
	term.press("\r")
	term.ends(0)
}

func TestChat_CtrlCEndsTheAnswerAndAKillLosesNothingBefore(t *testing.T) {
	u := newTerminalUser(t, `{"backends": [{"kind": "mock", "name": "m", "tokens": ["tick\u001b[2J "], "loop": true, "token_delay_ms": 5}]}`)
	term := u.terminal(30, "chat", "--session", "t", "--max-tokens", "1000000")
	term.expectPrompt()
	term.press("go\r")
	term.expect(`tick\x1b[2J tick\x1b[2J tick`)
	term.press(ctrlC)
	term.expect("(cancelled)")
	term.expectPrompt()
	term.press("again\r")
	term.expect("tick")
	if err := term.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	term.ends(-1)

	term = u.terminal(30, "chat", "--continue", "--max-tokens", "2")
	term.expect("going on after 1 turn")
	term.expectPrompt()
	term.press("\x1b[A")
	term.expect("> go")
	term.press(ctrlC)
	term.expectPrompt()
	term.press(ctrlC)
	term.expect("Ctrl-C again or Ctrl-D leaves")
	term.expectPrompt()
	term.press("more\r")
	term.expect("the answer was cut after 2 tokens")
	term.expectPrompt()
	term.press(ctrlC)
	term.expectPrompt()
	term.press(ctrlC)
	term.ends(0)

	out, err := u.command("status").Output()
	if err != nil || !strings.Contains(string(out), "0 of") {
		t.Errorf("the daemon is not idle: %v\n%s", err, out)
	}
}

func TestChat_ASignalLeavesTheTerminalAsItWas(t *testing.T) {
	u := newTerminalUser(t, `{"backends": [{"kind": "mock", "name": "m", "first_delay_ms": 600000}]}`)
	term := u.terminal(30, "chat")
	term.expectPrompt()
	if err := term.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	term.ends(128 + int(syscall.SIGTERM))

	term = u.terminal(5, "chat", "--no-session")
	term.expectPrompt()
	term.press("wait\r")
	term.expect("\r\n")
	if err := term.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	term.ends(128 + int(syscall.SIGTERM))
}
