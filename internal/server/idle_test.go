package server_test

import (
	"net"
	"runtime"
	"testing"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// TestV1_IdleConnectionsAreCheap counts what the server and this test's own
// end of each connection hold together, after one request on each.
func TestV1_IdleConnectionsAreCheap(t *testing.T) {
	const conns, allowed = 300, 16 << 10
	h := start(t, says("ok"))
	held := func() uint64 {
		runtime.GC()
		runtime.GC() // the pools give up what they hold in two
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	h.ask(t)
	before := held()
	open := make([]net.Conn, 0, conns)
	for range conns {
		open = append(open, h.ask(t))
	}
	each := (int64(held()) - int64(before)) / conns
	t.Logf("%d bytes each", each)
	if each > allowed {
		t.Errorf("an idle connection holds %d bytes, allowed are %d", each, allowed)
	}
	runtime.KeepAlive(open)
}

// ask has one request answered and returns the connection, without a reader.
func (h *harness) ask(t *testing.T) net.Conn {
	t.Helper()
	conn, err := transport.Dial(t.Context(), transport.EndpointIn(h.dir, transport.V1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write([]byte(ask("1", `,"stream":false`) + "\n")); err != nil {
		t.Fatal(err)
	}
	if frame, err := wire.NewReader(conn).Next(); err != nil {
		t.Fatalf("read: %v after %s", err, frame)
	}
	return conn
}
