package host

import (
	"errors"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/library"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/memplan"
	"github.com/inferd/inferd/internal/prompt/chatml"
	"github.com/inferd/inferd/wire"
)

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
	batch  int // tokens that one step takes at most
	cache  int // bytes for the states of past prompts
	ready  proto.Ready
	exact  bool // answers are the same to the bit, whatever runs beside them

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

// load opens the engine and the model as m says, reporting how far it is.
func load(m proto.Load, o Options, report func(proto.Loading)) (*loaded, error) {
	lib, err := OpenEngine(m.EngineRoot, o.engineLog)
	if err != nil {
		return nil, err
	}
	files, err := openFiles(m, o.Builtin, o.Open)
	if err != nil {
		return nil, failed(proto.FailModel, "", err)
	}
	defer files.close()
	options, plan, err := prepare(m, files, o.Limited)
	if err != nil {
		return nil, err
	}
	model, err := loadModel(lib, m, files, report)
	if err != nil {
		return nil, err
	}
	ld := &loaded{model: model, batch: options.Batch, cache: int(plan.Cache)}
	ld.ready = proto.Ready{
		Context: plan.Context, Slots: m.Slots, Threads: options.Threads, GPULayers: m.GPULayers, Memory: plan.Host(),
	}
	if len(plan.Readers) > 0 {
		ld.turns = newTurns()
	}
	if err := ld.makeReaders(m, files.info, plan); err != nil {
		return nil, err
	}
	ld.ready.Model = files.modelName()
	ld.ready.Engine = "llama.cpp " + lib.Version()
	ld.ready.Accelerator, ld.ready.DeviceName = accelerator(lib, m.GPULayers)
	ld.ready.Traits = traitsOf(files.info)
	ld.format, ld.ready.Generates = chatml.Lookup(files.info.ChatTemplate())
	if !model.Generates() || !files.info.Answers() {
		ld.ready.Generates, ld.ready.Why = false, "the model is no text generator"
		return ld, nil
	}
	if err := ld.makeContext(m, options, report); err != nil {
		return nil, err
	}
	if ld.ready.Generates {
		ld.ready.Tools, ld.ready.Thinking = ld.format.Tools(), ld.format.Thinking()
	} else {
		ld.ready.Why = whyNotRendered(ld.ready.Traits)
	}
	return ld, ld.warmUp()
}

// prepare decides how the model is run and keeps this process to it, before any
// memory is taken.
func prepare(m proto.Load, files *modelFiles, limited bool) (llama.ContextOptions, memplan.Plan, error) {
	plan, err := planFor(m, files)
	if err != nil {
		return llama.ContextOptions{}, plan, err
	}
	if limited {
		limitMemory(plan, m.GPULayers)
	}
	return contextOptions(m, plan.Context), plan, nil
}

// makeContext makes room for all slots.
func (l *loaded) makeContext(m proto.Load, options llama.ContextOptions, report func(proto.Loading)) error {
	report(proto.Loading{Phase: proto.PhaseKVCache, Context: l.ready.Context})
	ctx, err := l.model.NewContext(options)
	if err != nil {
		return failed(proto.FailModel, "", err)
	}
	if err := useAdapters(ctx, m.Adapters); err != nil {
		return failed(proto.FailModel, "", err)
	}
	l.lm = &lm{ctx: ctx, model: l.model, turns: l.turns}
	l.exact = m.GPULayers == 0 && options.Flash == llama.FlashOff
	if m.Threads == 0 {
		l.lm.tuner = newTuner(options.Threads)
	}
	return nil
}

// useAdapters applies the model's adapters in a context.
func useAdapters(ctx *llama.Context, adapters []proto.Adapter) error {
	scales := make([]float32, len(adapters))
	for i, a := range adapters {
		scales[i] = a.Scale
	}
	return ctx.UseAdapters(scales)
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
