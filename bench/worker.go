package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/inferd/inferd/internal/engine"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// For S4 this program takes the place of the engine's worker. It computes
// nothing: what it writes are the times at which it wrote it. So the daemon is
// the real one, whole and unchanged, and what is measured is its way from the
// engine's event to the client and nothing else.

// workerCommand is what a daemon starts its worker with.
const workerCommand = "serve"

// pace is what a client asks such a worker for, as JSON in its prompt.
type pace struct {
	Between time.Duration // from one token to the next
	// Busy keeps all processors computing meanwhile, as an engine does.
	Busy bool
}

func (p pace) prompt() (string, error) {
	b, err := json.Marshal(p)
	return string(b), err
}

func runWorker() error {
	conn, err := engine.OpenLink()
	if err != nil {
		return err
	}
	return stampTokens(conn)
}

// stampTokens serves one request after the other until the link ends.
func stampTokens(conn io.ReadWriter) error {
	say := func(k proto.Kind, msg any) error {
		frame, err := proto.AppendJSON(nil, k, msg)
		if err == nil {
			_, err = conn.Write(frame)
		}
		return err
	}
	if err := say(proto.KindHello, proto.Hello{Version: proto.Version}); err != nil {
		return err
	}
	for in := proto.NewReader(conn, proto.MaxToWorker); ; {
		kind, payload, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case kind == proto.KindLoad:
			err = say(proto.KindReady, proto.Ready{
				Model: "stamps", Engine: "none", Context: 1 << 20, Slots: 1, Threads: 1, Accelerator: wire.AcceleratorCPU, Generates: true,
			})
		case kind == proto.KindGenerate:
			err = answerWithStamps(conn, payload, say)
		}
		if err != nil {
			return err
		}
	}
}

func answerWithStamps(conn io.Writer, payload []byte, say func(proto.Kind, any) error) error {
	var g proto.Generate
	if err := json.Unmarshal(payload, &g); err != nil {
		return err
	}
	var p pace
	if err := json.Unmarshal([]byte(g.Messages[0].Content), &p); err != nil {
		return fmt.Errorf("this worker only answers the benchmark: %w", err)
	}
	if p.Busy {
		defer compute()()
	}
	var frame []byte
	for range g.Params.MaxTokens {
		time.Sleep(p.Between) // the pace that was asked for
		// The engine's side of the hop begins here, with the encoding.
		stamp := strconv.FormatInt(time.Now().UnixNano(), 10)
		frame = proto.Begin(frame[:0], proto.KindStep)
		frame = proto.Finish(proto.AppendText(frame, proto.EventText, g.Request, 1, stamp), 0)
		if _, err := conn.Write(frame); err != nil {
			return err
		}
	}
	return say(proto.KindEnd, proto.End{Request: g.Request, Stop: wire.StopLength, Usage: wire.Usage{CompletionTokens: g.Params.MaxTokens}})
}

// compute keeps every processor busy until it is told to stop.
func compute() (stop func()) {
	var over atomic.Bool
	for range runtime.NumCPU() {
		go func() {
			for n := uint64(1); !over.Load(); {
				for range 1000 {
					n = n*6364136223846793005 + 1
				}
			}
		}()
	}
	return func() { over.Store(true) }
}
