package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/memory"
	"github.com/inferd/inferd/internal/memplan"
)

// The config and the plan write the largest context that fits alike.
var _ = [1]int{}[config.AutoCtx-memplan.Auto]

// planOptions are the flags of models plan.
type planOptions struct {
	context                  contextValue
	slots, cache, layers     intValue
	slotCount, cacheMiB, gpu int
	embed, rerank, json      bool
}

func newModelsPlanCommand(p *program) *cobra.Command {
	o := planOptions{slotCount: config.DefaultSlots, cacheMiB: config.DefaultCacheMiB}
	cmd := &cobra.Command{
		Use:   "plan NAME|FILE",
		Short: "Show how much memory a model would take, and whether it fits",
		Long: `Read the header of a model, of the store or a GGUF file, and show line by line how
much memory the model would take, how much there is, and which context fits. Past
prompts get what is left, up to cache_mib. What a model needs to embed texts or to
rerank documents is added where a flag asks for it. The built-in model can be named
by its GGUF file only. Exit status is 1 where the rest does not fit; the daemon would
refuse to load it so.`,
		Example: `  inferd models plan llama --ctx 32768 --slots 8
  inferd models plan ./llama.gguf --ctx auto`,
		Args: oneArg("NAME|FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runModelsPlan(ctx, p, args[0], o)
			})
		},
	}
	o.slots = intValue{to: &o.slotCount, low: 1, high: 32}
	o.cache = intValue{to: &o.cacheMiB, low: 0, high: 1 << 20}
	o.layers = intValue{to: &o.gpu, low: 0, high: 1000}
	f := cmd.Flags()
	f.Var(&o.context, "ctx", "context of each slot in tokens, or auto: the largest that fits; default the model's own, up to "+strconv.Itoa(memplan.DefaultContext))
	f.Var(&o.slots, "slots", "how many requests run at once, 1 to 32; default 4")
	f.Var(&o.cache, "cache-mib", "memory for the states of past prompts, in MiB; default 512")
	f.Var(&o.layers, "gpu-layers", "how many layers an accelerator takes; default 0")
	f.BoolVar(&o.embed, "embed", false, "add what it takes to embed texts, each up to "+strconv.Itoa(memplan.DefaultWindow)+" tokens")
	f.BoolVar(&o.rerank, "rerank", false, "add what it takes to rerank documents, each up to --ctx tokens")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

func runModelsPlan(ctx context.Context, p *program, model string, o planOptions) error {
	var h headers
	defer h.close()
	if err := h.read(ctx, p, model); err != nil {
		return err
	}
	if err := h.check(); err != nil {
		return asEngine(fmt.Errorf("model %s: %w", model, err))
	}
	plan, err := o.plan(h.parts)
	if err != nil {
		return err
	}
	free := memory.Read()
	plan, err = plan.Resolve(memplan.Memory{Host: free.Bytes})
	v := viewOf(plan, free, err == nil)
	if o.json {
		if err := p.printJSON(v); err != nil {
			return err
		}
	} else if err := v.print(p.stdout); err != nil {
		return err
	}
	if large, ok := errors.AsType[*memplan.TooLargeError](err); ok {
		return &failure{err: fmt.Errorf("%s does not fit", model), hint: large.Hint(), code: exitFailure}
	}
	return err
}

// plan is the plan that a daemon would make for the model.
func (o planOptions) plan(parts []*gguf.File) (memplan.Plan, error) {
	m := memplan.Options{
		Context: o.context.tokens, Slots: o.slotCount, CacheBytes: int64(o.cacheMiB) << 20, GPULayers: o.gpu, Parts: parts[1:],
	}
	if !parts[0].Answers() {
		m.NoAnswers, m.Context = true, memplan.Own
	}
	if o.embed {
		m.Readers = append(m.Readers, memplan.EmbedReader(memplan.Own))
	}
	if o.rerank {
		if err := parts[0].CheckScores(); err != nil {
			return memplan.Plan{}, usageError("leave --rerank out, or name a reranking model", "--rerank: %w", err)
		}
		m.Readers = append(m.Readers, memplan.RerankReader(max(o.context.tokens, memplan.Own)))
	}
	plan, err := memplan.For(parts[0], m)
	if err != nil {
		return plan, usageError("`inferd models show` says what context the model has", "%w", err)
	}
	return plan, nil
}

// planView is a plan as it is printed.
type planView struct {
	Context     int            `json:"n_ctx"` // of answers; 0 where the model writes none
	Trained     int            `json:"n_ctx_trained"`
	Slots       int            `json:"slots"`
	Lines       []memplan.Line `json:"lines"`
	Unknown     []string       `json:"unknown,omitempty"`
	Host        int64          `json:"host_bytes"`
	Accelerator int64          `json:"accelerator_bytes"`
	Available   int64          `json:"available_bytes"` // 0 where that is not known
	Bound       string         `json:"available_bound"`
	Fits        bool           `json:"fits"`
	Largest     int            `json:"n_ctx_largest"`
}

func viewOf(plan memplan.Plan, free memory.Available, fits bool) planView {
	v := planView{
		Context: plan.Context, Trained: plan.Trained, Slots: plan.Slots, Lines: plan.Lines, Unknown: plan.Unknown,
		Host: plan.Host(), Accelerator: plan.Accelerator(), Available: free.Bytes, Bound: free.Bound,
		Fits: fits, Largest: plan.LargestContext(memplan.Memory{Host: free.Bytes}),
	}
	if plan.Mute() {
		v.Context, v.Largest = 0, 0
	}
	return v
}

func (v planView) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range v.Lines {
		note := l.Note
		if l.Accelerator {
			note = "on the accelerator; " + note
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", l.What, memplan.Size(l.Bytes), oneLine(note))
	}
	run := fmt.Sprintf("context %d of %d, %d slots", v.Context, v.Trained, v.Slots)
	if v.Context == 0 {
		run = "it writes no answers; with --embed or --rerank it reads texts"
	}
	fmt.Fprintf(t, "in all\t%s\t%s\n", memplan.Size(v.Host), run)
	if v.Accelerator > 0 {
		fmt.Fprintf(t, "accelerator\t%s\twhat it has is not known here\n", memplan.Size(v.Accelerator))
	}
	verdict := "does not fit"
	switch {
	case v.Available == 0:
		verdict = "not known on this system"
	case v.Fits:
		verdict = "fits"
	}
	available := "-"
	if v.Available > 0 {
		available = memplan.Size(v.Available)
	}
	fmt.Fprintf(t, "available\t%s\t%s: %s\n", available, oneLine(v.Bound), verdict)
	if v.Context > 0 {
		fmt.Fprintf(t, "largest context\t%d\ttokens in each of %d slots\n", v.Largest, v.Slots)
	}
	for _, why := range v.Unknown {
		fmt.Fprintf(t, "left out\t\t%s\n", oneLine(why))
	}
	return t.Flush()
}
