package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/memory"
)

// worker is one life of the worker process.
type worker struct {
	pid    int
	conn   io.ReadWriteCloser
	in     *proto.Reader
	proc   *process
	stderr *tail
	killed int64 // processes that the system had killed for memory at the start

	// mu guards the fields below.
	mu     sync.Mutex
	calls  map[uint64]*call
	nextID uint64
	dead   error

	// wmu keeps the frames of different writers apart; it is held over a
	// write. The worker always reads, so a write never waits for long.
	wmu sync.Mutex
}

// startWorker starts the process, which inherits the files.
func startWorker(cfg Config, files []*os.File) (*worker, error) {
	w := &worker{calls: map[uint64]*call{}, stderr: newTail(cfg.Log), killed: memory.Kills()}
	proc, conn, err := start(cfg.WorkerPath, files, w.stderr)
	if err != nil {
		return nil, &StartError{Kind: proto.FailEngine,
			Message: fmt.Sprintf("start the engine worker: %v", err),
			Advice:  "inferd-engine must lie beside inferd; run: inferd doctor"}
	}
	w.proc, w.conn, w.pid = proc, conn, proc.pid
	w.in = proto.NewReader(conn, proto.MaxToDaemon)
	return w, nil
}

// end makes the process go and waits until it is gone. It may be called more
// than once, and from anywhere.
func (w *worker) end() {
	_ = w.conn.Close()
	w.proc.kill()
	w.proc.wait()
}

// load makes the worker load the model, and returns once it is ready.
func (w *worker) load(m proto.Load, report func(proto.Loading)) (proto.Ready, error) {
	var hello proto.Hello
	if err := w.expect(proto.KindHello, &hello); err != nil {
		return proto.Ready{}, err
	}
	if hello.Version != proto.Version {
		return proto.Ready{}, &StartError{Kind: proto.FailEngine,
			Message: fmt.Sprintf("inferd-engine speaks version %d of the link, this inferd %d", hello.Version, proto.Version),
			Advice:  "install inferd and inferd-engine of the same release"}
	}
	frame, err := proto.AppendJSON(nil, proto.KindLoad, m)
	if err != nil {
		return proto.Ready{}, err
	}
	if err := w.write(frame); err != nil {
		return proto.Ready{}, fmt.Errorf("tell the worker what to load: %w", err)
	}
	for {
		k, payload, err := w.in.Next()
		if err != nil {
			return proto.Ready{}, err
		}
		switch k {
		case proto.KindLoading:
			var p proto.Loading
			if err := json.Unmarshal(payload, &p); err != nil {
				return proto.Ready{}, fmt.Errorf("engine link: %w", err)
			}
			report(p)
		case proto.KindReady:
			var r proto.Ready
			err := json.Unmarshal(payload, &r)
			return r, err
		case proto.KindFailed:
			var f proto.Failed
			if err := json.Unmarshal(payload, &f); err != nil {
				return proto.Ready{}, fmt.Errorf("engine link: %w", err)
			}
			return proto.Ready{}, &StartError{Kind: f.Kind, Message: f.Message, Advice: f.Hint}
		default:
			return proto.Ready{}, fmt.Errorf("engine link: a frame of kind %d while loading", k)
		}
	}
}

func (w *worker) expect(want proto.Kind, into any) error {
	k, payload, err := w.in.Next()
	if err != nil {
		return err
	}
	if k != want {
		return fmt.Errorf("engine link: a frame of kind %d, expected %d", k, want)
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return fmt.Errorf("engine link: %w", err)
	}
	return nil
}

// serve hands the worker's frames to the calls until the link ends, which it
// says as an error.
func (w *worker) serve() error {
	for {
		k, payload, err := w.in.Next()
		if err != nil {
			return err
		}
		switch k {
		case proto.KindStep:
			err = proto.EachEvent(payload, func(e proto.Event) error {
				if c := w.find(e.Request); c != nil {
					c.put(e)
				}
				return nil
			})
		case proto.KindVector:
			err = w.vector(payload)
		case proto.KindEnd:
			var e proto.End
			if err = json.Unmarshal(payload, &e); err == nil {
				if c := w.find(e.Request); c != nil {
					c.finish(e)
				}
			}
		default:
			err = fmt.Errorf("a frame of unexpected kind %d", k)
		}
		if err != nil {
			return fmt.Errorf("engine link: %w", err)
		}
	}
}

// tell sends a frame that carries only a request's number.
func (w *worker) tell(k proto.Kind, request uint64) {
	// An error shows on the reading side too.
	_ = w.write(proto.AppendNumber(nil, k, request))
}

func (w *worker) write(frame []byte) error {
	w.wmu.Lock()
	defer w.wmu.Unlock()
	_, err := w.conn.Write(frame)
	return err
}

// lastWords is how long a worker that has closed its link may take to exit by
// itself, so that its own exit status and last line are seen.
const lastWords = time.Second

// explain ends the worker, and makes the best of why it ended: its own word,
// else what it did wrong on the link, else how the process ended and the last
// thing that it said.
func (w *worker) explain(err error) error {
	if _, ok := errors.AsType[*StartError](err); ok {
		w.end()
		return err
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		w.end()
		return ended(err.Error())
	}
	alone := w.proc.waitFor(lastWords)
	w.end()
	last, short := w.stderr.last()
	return lastWord(w.proc.wait(), last, short, alone && memory.Kills() > w.killed)
}
