package transport

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// dialEnv names the socket to which a re-executed test binary shall connect: a
// second process is the only way to test what happens when a client dies.
const dialEnv = "INFERD_TEST_DIAL"

func TestMain(m *testing.M) {
	if path := os.Getenv(dialEnv); path != "" {
		holdConn(path)
		return
	}
	goleak.VerifyTestMain(m)
}

// holdConn is the child's whole program: it connects, says so, and keeps the
// connection until its standard input ends.
func holdConn(path string) {
	c, err := Dial(context.Background(), Endpoint{Path: path})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println("connected")
	io.Copy(io.Discard, os.Stdin)
}
