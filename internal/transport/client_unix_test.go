//go:build unix

package transport

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
)

// startClient starts the program exe, a test binary, as a client of the socket
// at path, and waits until it is connected. It ends with the test, at the
// latest.
func startClient(t *testing.T, exe, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), dialEnv+"="+path)
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
	t.Cleanup(func() { kill(cmd) })
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || said != "connected\n" {
		t.Fatalf("child said %q, %v", said, err)
	}
	return cmd
}

// kill ends a child as no signal handler can prevent, and waits until it is gone.
func kill(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}
