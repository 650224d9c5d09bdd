package transport

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A pid whose process is gone may be another's by the time its executable is
// looked up; then no executable is the answer.
func TestAccept_NamesNoExecutableForADeadClient(t *testing.T) {
	l := mustListen(t, endpoint(t))
	client := startClient(t, os.Args[0], l.Endpoint().Path)
	kill(client)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := c.Peer(); p.PID != client.Process.Pid || p.Exe != "" {
		t.Errorf("got %v, want pid %d and no executable", p, client.Process.Pid)
	}
}

func TestAccept_KeepsTheNameOfAnExecutableThatWasReplaced(t *testing.T) {
	self, err := os.ReadFile(os.Args[0])
	try(t, err)
	exe := filepath.Join(socketDir(t), "app")
	try(t, os.WriteFile(exe, self, 0o700))
	l := mustListen(t, endpoint(t))
	startClient(t, exe, l.Endpoint().Path)
	try(t, os.Remove(exe))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.Peer().Exe; got != exe {
		t.Errorf("got %q, want %q", got, exe)
	}
}

func TestExited_TellsTheLivingFromTheDead(t *testing.T) {
	l := mustListen(t, endpoint(t))
	client := startClient(t, os.Args[0], l.Endpoint().Path)
	pidfd, err := unix.PidfdOpen(client.Process.Pid, 0)
	try(t, err)
	defer unix.Close(pidfd)
	if exited(pidfd) {
		t.Error("a running process was taken for dead")
	}
	kill(client)
	if !exited(pidfd) {
		t.Error("a dead process was taken for running")
	}
}

func TestExeOf_NamesNoneForAForeignNamespace(t *testing.T) {
	if got := exeOf(-1, 0); got != "" {
		t.Errorf("got %q for pid 0", got)
	}
}

func TestExeOf_NamesNoneWhereThePIDDescriptorCannotBeHad(t *testing.T) {
	if got := exeOf(-1, os.Getpid()); got != "" {
		t.Errorf("got %q without a connection", got)
	}
}
