package daemontest

import (
	"testing"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// OnEngine runs a daemon on the built-in model and waits until it is ready.
// worker is the engine's program, root where its library is.
func OnEngine(t testing.TB, worker, root string) *Daemon {
	t.Helper()
	cfg := Config(t)
	cfg.WorkerPath, cfg.EngineDir = worker, root
	cfg.Backends = []config.Backend{{Kind: config.KindLlamaCPP, Name: "builtin", LlamaCPP: config.LlamaCPP{
		Model: config.BuiltinModel, Slots: config.DefaultSlots,
	}}}
	d := Start(t, cfg)
	d.WaitReady()
	return d
}

// Typed is a connection to a typed surface, of either framing.
type Typed struct {
	*Client
	framed *wire.FramedReader
}

// Typed connects to v2 or framed.
func (d *Daemon) Typed(s transport.Surface) *Typed {
	d.t.Helper()
	c := &Typed{Client: d.Dial(s)}
	if s == transport.Framed {
		c.framed = wire.NewFramedReader(c.Conn)
	}
	return c
}

// Reply is a typed answer: its pieces one by one, and put together by type.
type Reply struct {
	Pieces         []wire.Piece
	Text, Thinking string
	Calls          []wire.Piece
	Last           wire.V2Response
}

// Converse sends a request and reads its answer.
func (c *Typed) Converse(r *wire.V2Request) (reply Reply) {
	c.t.Helper()
	frame := r.Append(nil)
	if c.framed != nil {
		frame = r.AppendFramed(nil)
	}
	if _, err := c.Write(frame); err != nil {
		c.t.Fatalf("write: %v", err)
	}
	for {
		response := c.next()
		if response.Terminal() {
			reply.Last = response
			return reply
		}
		if f, ok := response.(*wire.V2Frame); ok {
			reply.add(f.Block)
		}
	}
}

func (r *Reply) add(p wire.Piece) {
	r.Pieces = append(r.Pieces, p)
	switch p.Type {
	case wire.BlockText:
		r.Text += p.Delta
	case wire.BlockThinking:
		r.Thinking += p.Delta
	default:
		r.Calls = append(r.Calls, p)
	}
}

// next reads one frame of the surface.
func (c *Typed) next() wire.V2Response {
	c.t.Helper()
	var frame []byte
	var err error
	if c.framed != nil {
		_, frame, err = c.framed.Next()
	} else {
		frame, err = c.frames.Next()
	}
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	response, err := wire.DecodeV2Response(frame)
	if err != nil {
		c.t.Fatalf("decode %s: %v", frame, err)
	}
	return response
}
