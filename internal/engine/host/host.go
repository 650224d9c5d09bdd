package host

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// Options are what a worker brings along itself.
type Options struct {
	Builtin Builtin
	// Open opens a file that the daemon names.
	Open func(proto.File) (*os.File, error)
	// Log takes the engine's errors, a line each.
	Log func(line string)
	// Limited says that the process has nothing to do but this one load: it is
	// kept to the memory of its plan, and is the first to go when there is none.
	Limited bool
}

// engineLog hands on what the engine says in error. Its warnings are for people
// who choose parameters by hand.
func (o Options) engineLog(level llama.Level, line string) {
	if level >= llama.LevelError && o.Log != nil {
		o.Log(line)
	}
}

// Run is the worker: it talks to the daemon over conn until that ends, which
// is how a worker is told to go. The error says why it could not serve.
func Run(ctx context.Context, conn io.ReadWriter, o Options) error {
	if o.Limited {
		raiseKillScore()
	}
	l := &link{w: conn}
	l.send(proto.KindHello, proto.Hello{Version: proto.Version})
	in := proto.NewReader(conn, proto.MaxToWorker)
	k, payload, err := in.Next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	var m proto.Load
	if err == nil && k != proto.KindLoad {
		err = fmt.Errorf("engine link: the first frame is of kind %d, expected a load", k)
	}
	if err == nil {
		err = json.Unmarshal(payload, &m)
	}
	if err != nil {
		return fmt.Errorf("read what to load: %w", err)
	}
	ld, err := load(m, o, func(p proto.Loading) { l.send(proto.KindLoading, p) })
	if err != nil {
		f := proto.Failed{Kind: proto.FailModel, Message: err.Error()}
		if why, ok := errors.AsType[*failure](err); ok {
			f.Kind, f.Hint = why.kind, why.hint
		}
		l.send(proto.KindFailed, f)
		return err
	}
	w := newWorker(l, ld)
	l.send(proto.KindReady, ld.ready)
	return w.run(ctx, in)
}

// worker serves requests on a loaded model.
type worker struct {
	link   *link
	ld     *loaded
	out    *output
	loop   *batch.Loop // nil where the model answers nothing
	prompt prompter
	mem    scratch
	loops  sync.WaitGroup

	// mu guards the field below.
	mu sync.Mutex
	// preparing are the requests that the loop does not know yet; true means
	// that the daemon has cancelled one meanwhile.
	preparing map[uint64]bool
}

func newWorker(l *link, ld *loaded) *worker {
	w := &worker{link: l, ld: ld, out: newOutput(l), preparing: map[uint64]bool{},
		prompt: prompter{model: ld.model, renderer: ld.format, context: ld.ready.Context}}
	for _, r := range ld.readers.all() {
		r.start(l)
	}
	if ld.lm == nil {
		return w
	}
	w.loop = batch.New(ld.lm, ld.lm, w.out, batch.Config{
		Slots: ld.ready.Slots, Context: ld.ready.Context, Batch: ld.batch,
		Cuts: ld.model.CutsPrefixes(), HostBytes: ld.cache,
		// A guess is checked with others in one step, which rounds otherwise
		// than a token alone.
		NoDraft: ld.exact,
	})
	return w
}

// run serves until the daemon closes the link. It does not wait for the loops,
// which may be deep in a batch: the process ends with the return. Who goes on
// living ends ctx and waits for them.
func (w *worker) run(ctx context.Context, in *proto.Reader) error {
	if w.loop != nil {
		w.loops.Go(func() { w.loop.Run(ctx) })
	}
	for _, r := range w.ld.readers.all() {
		w.loops.Go(func() { r.loop.Run(ctx) })
	}
	for {
		k, payload, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.handle(k, payload); err != nil {
			return err
		}
	}
}

func (w *worker) handle(k proto.Kind, payload []byte) error {
	if k == proto.KindGenerate {
		g := new(proto.Generate)
		if err := json.Unmarshal(payload, g); err != nil {
			return fmt.Errorf("engine link: %w", err)
		}
		// Rendering and tokenizing a long prompt takes time, and must hold
		// up neither the loop nor the frames behind this one.
		now := time.Now()
		w.mu.Lock()
		w.preparing[g.Request] = false
		w.mu.Unlock()
		go w.submit(g, now)
		return nil
	}
	if k != proto.KindCancel && k != proto.KindPause && k != proto.KindResume {
		return w.read(k, payload)
	}
	id, err := proto.Number(payload)
	switch {
	case err != nil:
		return err
	case k == proto.KindCancel:
		w.cancel(id)
	case w.loop == nil: // nothing that could be paused
	case k == proto.KindPause:
		w.loop.Pause(id)
	default:
		w.loop.Resume(id)
	}
	return nil
}

// cancel ends a request, wherever it is.
func (w *worker) cancel(id uint64) {
	w.mu.Lock()
	_, early := w.preparing[id]
	if early {
		w.preparing[id] = true
	}
	w.mu.Unlock()
	if early {
		return
	}
	if w.loop != nil {
		w.loop.Cancel(id)
	}
	for _, r := range w.ld.readers.all() {
		r.loop.Cancel(id) // whose it is not, does not mind
	}
}

// submit prepares a request and hands it to the loop, or ends it.
func (w *worker) submit(g *proto.Generate, now time.Time) {
	r, err := w.request(g, now)
	w.mu.Lock()
	cancelled := w.preparing[g.Request]
	delete(w.preparing, g.Request)
	if err == nil && !cancelled {
		w.loop.Submit(r) // under the lock: a cancel from now on finds it there
	}
	w.mu.Unlock()
	switch {
	case err != nil:
		_, bad := errors.AsType[*invalid](err)
		w.link.send(proto.KindEnd, proto.End{Request: g.Request, Error: err.Error(), Invalid: bad})
	case cancelled:
		r.Sampler.Close()
		w.out.seeds.Delete(r.ID)
		w.link.send(proto.KindEnd, proto.End{Request: r.ID, Stop: wire.StopCancelled})
	}
}

func (w *worker) request(g *proto.Generate, now time.Time) (*batch.Request, error) {
	if !w.ld.ready.Generates {
		return nil, &invalid{w.ld.ready.Why}
	}
	c := conversation(g)
	tokens, rendered, err := w.prompt.tokens(c)
	if err != nil {
		return nil, err
	}
	seed := randomSeed()
	if g.Params.Seed != nil {
		seed = *g.Params.Seed
	}
	s, err := newSampler(w.ld.model, g.Params, seed, &w.mem)
	if err != nil {
		return nil, &invalid{err.Error()}
	}
	w.out.seeds.Store(g.Request, seed)
	return &batch.Request{
		ID: g.Request, User: g.User, Prompt: tokens, MaxTokens: g.Params.MaxTokens, Stop: g.Params.Stop,
		Parser: parserFor(g, c, rendered), Sampler: s, Progress: g.Progress, Submitted: now,
	}, nil
}

func randomSeed() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	return binary.LittleEndian.Uint32(b[:])
}
