package disk

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// lockEnv names the lock file that a re-executed test binary shall take: a
// second process is the only way to test what happens when a holder dies.
const lockEnv = "INFERD_TEST_LOCK"

func TestMain(m *testing.M) {
	if path := os.Getenv(lockEnv); path != "" {
		holdLock(path)
		return
	}
	os.Exit(m.Run())
}

// holdLock is the child's whole program: it says what became of Lock, then
// holds on until its standard input ends.
func holdLock(path string) {
	if _, err := Lock(path); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("locked")
	io.Copy(io.Discard, os.Stdin)
}

// child is a process that was told to take a lock.
type child struct {
	*exec.Cmd
	// said is its only line of output.
	said string
}

// startChild starts a process that takes the lock at path, and waits until it
// has said what came of it. The process ends with the test, at the latest.
func startChild(t *testing.T, path string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), lockEnv+"="+path)
	if _, err := cmd.StdinPipe(); err != nil { // held open: the child waits on it
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("read from child: %v", err)
	}
	return &child{Cmd: cmd, said: said[:len(said)-1]}
}
