package host

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/library"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/memplan"
	"github.com/inferd/inferd/internal/prompt/chatml"
	"github.com/inferd/inferd/wire"
)

// batchTokens is the size of one batch.
const batchTokens = memplan.DefaultBatch

// failure is why a load ended; Kind tells the daemon what to say.
type failure struct {
	kind proto.FailKind
	hint string
	err  error
}

func (f *failure) Error() string { return f.err.Error() }

func failed(k proto.FailKind, hint string, err error) error {
	return &failure{kind: k, hint: hint, err: err}
}

// loaded is a model that is ready to run.
type loaded struct {
	model  *llama.Model
	lm     *lm // nil where the model answers nothing
	format chatml.Format
	cache  int // bytes for the states of past prompts
	ready  proto.Ready

	readers readers
	turns   turns // of the contexts, where there are several
}

// Builtin is the model that a worker carries in itself.
type Builtin struct {
	Name string
	GGUF []byte
}

// OpenEngine checks the libraries under root and loads them.
func OpenEngine(root string, log func(llama.Level, string)) (*llama.Library, error) {
	in, err := library.Open(root)
	if err == nil {
		err = in.Verify()
	}
	var base, ggml, main string
	if err == nil {
		base, ggml, main, err = in.Paths()
	}
	if err != nil {
		hint := ""
		if h, ok := errors.AsType[interface {
			error
			Hint() string
		}](err); ok {
			hint = h.Hint()
		}
		return nil, failed(proto.FailEngine, hint, err)
	}
	lib, err := llama.Open(llama.Paths{Dir: in.Dir, Base: base, GGML: ggml, Llama: main}, log)
	if err != nil {
		return nil, failed(proto.FailEngine, "run: inferd doctor", err)
	}
	return lib, nil
}

// load opens the engine and the model as m says, reporting how far it is. limit
// bounds the process by the plan; it lasts as long as the process does.
func load(m proto.Load, built Builtin, limit limiter, report func(proto.Loading), log func(llama.Level, string)) (*loaded, error) {
	lib, err := OpenEngine(m.EngineRoot, log)
	if err != nil {
		return nil, err
	}
	model, plan, header, err := loadModel(lib, m, built, limit, report)
	if err != nil {
		return nil, err
	}
	ld := &loaded{model: model, cache: int(plan.Cache), ready: proto.Ready{
		Model: modelName(m, built, model), Engine: "llama.cpp " + lib.Version(), Context: plan.Context,
		Slots: m.Slots, GPULayers: m.GPULayers, Memory: plan.Host(),
	}}
	ld.ready.Accelerator, ld.ready.DeviceName = accelerator(lib, m.GPULayers)
	if len(plan.Readers) > 0 {
		ld.turns = newTurns()
	}
	if err := ld.makeReaders(m, header, plan); err != nil {
		return nil, err
	}
	ld.format, ld.ready.Generates = chatml.Lookup(model.ChatTemplate())
	switch {
	case !model.Generates() || !answers(header):
		ld.ready.Generates, ld.ready.Why = false, "the model is no text generator"
		return ld, nil
	case !ld.ready.Generates:
		ld.ready.Why = "the model's chat template is not of a family that this version renders (ChatML)"
	}
	return ld, ld.makeContext(m, plan, report)
}

// makeContext makes room for the answers of all slots.
func (l *loaded) makeContext(m proto.Load, plan memplan.Plan, report func(proto.Loading)) error {
	threads := m.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	report(proto.Loading{Phase: proto.PhaseKVCache, Context: plan.Context})
	ctx, err := l.model.NewContext(llama.ContextOptions{
		// Every slot has room for a whole context of its own, and the answer
		// of a request does not depend on what runs beside it: see Split.
		Cells: m.Slots * roundUp(plan.Context, 256), Split: true, NoFlash: m.GPULayers == 0,
		Batch: batchTokens, MaxSeqs: m.Slots, Threads: threads,
	})
	if err != nil {
		return failed(proto.FailModel, "", err)
	}
	l.lm = &lm{ctx: ctx, model: l.model, turns: l.turns}
	if m.Threads == 0 {
		l.lm.tuner = newTuner(threads)
	}
	l.ready.Threads = threads
	if !l.ready.Generates {
		return nil
	}
	return l.warmUp()
}

func loadModel(lib *llama.Library, m proto.Load, built Builtin, limit limiter, report func(proto.Loading)) (*llama.Model, memplan.Plan, *gguf.File, error) {
	path := m.Model
	if path == "" {
		path = "builtin:" + built.Name
	}
	report(proto.Loading{Phase: proto.PhaseMmap, Path: path})
	f, header, err := openModel(m.Model, built)
	if err != nil {
		return nil, memplan.Plan{}, nil, failed(proto.FailModel, "", err)
	}
	defer f.Close()
	if err := checkReaders(m, header); err != nil {
		return nil, memplan.Plan{}, nil, failed(proto.FailConfig, "", err)
	}
	plan, err := planFor(m, header)
	if err != nil {
		return nil, plan, nil, err
	}
	limit(plan, m.GPULayers)
	var last time.Time
	model, err := lib.LoadModel(f, llama.ModelOptions{NGPULayers: m.GPULayers, Progress: func(p float32) {
		// The callback comes once a tensor; a person reads a few a second.
		if now := time.Now(); now.Sub(last) > 100*time.Millisecond || p == 1 {
			last = now
			report(proto.Loading{Phase: proto.PhaseLoad, Fraction: float64(p)})
		}
	}})
	if err != nil {
		return nil, plan, nil, failed(proto.FailModel, "", fmt.Errorf("%s: %w", path, err))
	}
	return model, plan, header, nil
}

// openModel opens the file to load, the one at path or the built-in one, and
// reads its header.
func openModel(path string, built Builtin) (*os.File, *gguf.File, error) {
	var f *os.File
	var err error
	if path == "" {
		path = "builtin:" + built.Name
		f, err = builtinFile(built)
	} else if f, err = os.Open(path); err != nil {
		err = fmt.Errorf("model: %w", err)
	}
	if err != nil {
		return nil, nil, err
	}
	header, err := preflight(f)
	if err != nil {
		_ = f.Close()
		return nil, nil, fmt.Errorf("model %s: %w", path, err)
	}
	return f, header, nil
}

// preflight checks a model file before native code sees any of it: what it
// refuses is what would make the engine abort, or read where nothing is.
func preflight(f *os.File) (*gguf.File, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	g, err := gguf.Open(f, st.Size())
	if err != nil {
		return nil, err
	}
	return g, g.Check()
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

func modelName(m proto.Load, built Builtin, model *llama.Model) string {
	if m.Model == "" {
		return built.Name
	}
	if n := model.Meta("general.name"); n != "" {
		return n
	}
	return strings.TrimSuffix(m.Model[strings.LastIndexAny(m.Model, `/\`)+1:], ".gguf")
}

// accelerator names what the layers run on.
func accelerator(lib *llama.Library, layers int) (wire.Accelerator, string) {
	cpu := ""
	for _, d := range lib.Devices() {
		if d.Type == "cpu" && cpu == "" {
			cpu = d.Description
		}
		if d.Type != "gpu" && d.Type != "igpu" || layers == 0 {
			continue
		}
		for prefix, a := range map[string]wire.Accelerator{
			"CUDA": wire.AcceleratorCUDA, "Metal": wire.AcceleratorMetal, "MTL": wire.AcceleratorMetal,
			"Vulkan": wire.AcceleratorVulkan, "ROCm": wire.AcceleratorROCm,
		} {
			if strings.HasPrefix(d.Name, prefix) {
				return a, d.Description
			}
		}
	}
	return wire.AcceleratorCPU, cpu
}

// warmUpTime is how long a start may take to try out thread counts.
const warmUpTime = 60 * time.Millisecond

// warmUp computes a few tokens, so that the first request does not pay for
// what happens once, a model that can't compute is found out now, and the
// tuner has an idea of the machine.
func (l *loaded) warmUp() error {
	began := time.Now()
	for i := range 20 {
		if _, err := l.lm.Decode([]batch.Entry{{Token: 0, Pos: int32(i), Logits: true}}); err != nil {
			return failed(proto.FailModel, "", err)
		}
		if broken(l.lm.Logits(0)) {
			return failed(proto.FailModel, "the file is damaged: get it again", batch.ErrLogits)
		}
		if l.lm.tuner == nil || time.Since(began) > warmUpTime {
			break
		}
	}
	l.lm.Remove(0, 0)
	return nil
}
