package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/inferd/inferd/internal/engine/proto"
)

// Config says which worker to run and what it is to load.
type Config struct {
	WorkerPath string // the inferd-engine program
	// Load says how to load; its parts and its adapters' files are filled in
	// from Model.
	Load proto.Load
	// Model has the files to load; nil is the model built into the worker.
	Model  Model
	Events Events
	Log    *slog.Logger
}

// Model is a model as open files. Its methods are called from Run's goroutine.
type Model interface {
	// Open makes sure of the files and returns them. They stay the model's, and
	// stay open as long as the worker may need them. It is called before every
	// start of a worker.
	Open(ctx context.Context) (Files, error)
	// Check reports whether the files are still what Open has made sure of. It
	// is called when a worker has loaded them, before it is used.
	Check(ctx context.Context) error
}

// Files are the open files of a model, for reading.
type Files struct {
	Parts    []*os.File // in order
	Adapters []*os.File // in the order of Load.Adapters
}

// Events tell the owner what becomes of the worker. They are called from
// Run's goroutine, one at a time, in order.
type Events struct {
	Loading func(proto.Loading)
	Up      func(proto.Ready)
	// Down follows every Up, unless Run was told to end.
	Down func(reason error)
}

// ErrDown means that there is no worker to ask: it has died and is not back
// yet, or was never there.
var ErrDown = errors.New("the engine is not running")

// ErrNone is the ErrDown of a request that no worker has seen: it may be tried
// again.
var ErrNone = fmt.Errorf("no worker is ready: %w", ErrDown)

// StartError means that a worker can't be had at all, and that trying again
// is pointless.
type StartError struct {
	Kind    proto.FailKind
	Message string
	Advice  string // what to do about it; may be empty
	Err     error  // what it came from; may be nil
}

func (e *StartError) Unwrap() error { return e.Err }

func (e *StartError) Error() string { return e.Message }

// Hint is what to do about it; empty where that is not known.
func (e *StartError) Hint() string { return e.Advice }

// Engine is one worker, over all its lives. Safe for concurrent use.
type Engine struct {
	cfg Config

	// mu guards the fields below.
	mu       sync.Mutex
	current  *worker // nil while there is none that is ready
	restarts int
}

// New makes an engine. Run runs it.
func New(cfg Config) *Engine { return &Engine{cfg: cfg} }

// How long to wait before a worker that keeps dying is started again. One that
// dies after some life is started at once.
const (
	firstDelay = 50 * time.Millisecond
	mostDelay  = 10 * time.Second
	someLife   = 5 * time.Second
)

// Run starts the worker and keeps one running until ctx ends; then it returns
// nil, when the worker is gone. It returns a *StartError where the first load
// fails. A worker that was ready once is worth trying again whatever happens
// later: the fault may be in the machine, and pass.
func (e *Engine) Run(ctx context.Context) error {
	var delay time.Duration
	everUp := false
	for {
		began := time.Now()
		up, err := e.life(ctx)
		if ctx.Err() != nil {
			return nil
		}
		everUp = everUp || up
		if !everUp {
			return err
		}
		if up && time.Since(began) >= someLife {
			delay = 0
		}
		e.cfg.Log.Warn("engine worker ended", "reason", err.Error(), "restart_in", delay)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
		delay = min(max(2*delay, firstDelay), mostDelay)
		e.mu.Lock()
		e.restarts++
		e.mu.Unlock()
	}
}

// life is one worker from start to end. It reports whether the worker was up,
// and why it ended.
func (e *Engine) life(ctx context.Context) (up bool, err error) {
	load, files, err := e.openModel(ctx)
	if err != nil {
		return false, err
	}
	w, err := startWorker(e.cfg, files)
	if err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, w.end)
	defer stop()
	defer w.end()

	ready, err := w.load(load, e.cfg.Events.Loading)
	if err != nil {
		return false, w.explain(err)
	}
	if err := e.checkModel(ctx); err != nil {
		return false, err // the worker is ended: nobody ever asks it
	}
	e.set(w)
	e.cfg.Events.Up(ready)
	err = w.serve()
	e.set(nil)
	err = w.explain(err)
	w.failCalls(err)
	if ctx.Err() == nil {
		e.cfg.Events.Down(err)
	}
	return true, err
}

func (e *Engine) set(w *worker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current = w
}

// Ready reports whether there is a worker to ask.
func (e *Engine) Ready() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current != nil
}

// Stats is what an operator sees of the worker.
type Stats struct {
	PID      int // 0 while there is none
	Restarts int
}

// Stats reports the worker's process and how often it was started again.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := Stats{Restarts: e.restarts}
	if e.current != nil {
		s.PID = e.current.pid
	}
	return s
}

// Generate runs one request on the worker. emit gets the events as they come,
// from this goroutine; their memory is valid only during the call.
//
// When ctx ends first, the worker is told, and what there was comes back with
// a nil error and the stop reason that the worker gave. The error is emit's,
// or wraps ErrDown where the worker is not there or died.
func (e *Engine) Generate(ctx context.Context, g proto.Generate, emit func([]proto.Event) error) (proto.End, error) {
	e.mu.Lock()
	w := e.current
	e.mu.Unlock()
	if w == nil {
		return proto.End{}, ErrNone
	}
	c, err := w.begin(0, func(id uint64) ([]byte, error) {
		g.Request = id
		return proto.AppendJSON(nil, proto.KindGenerate, g)
	})
	if err != nil {
		return proto.End{}, err
	}
	return c.follow(ctx, emit)
}
