package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/store"
)

// modelOptions are the flags that change the one model of a daemon.
type modelOptions struct {
	model          string
	nCtx           contextValue
	slots, threads intValue
	values         struct{ slots, threads int }
}

func (o *modelOptions) register(f *pflag.FlagSet) {
	o.slots = intValue{to: &o.values.slots, low: 1, high: 32}
	o.threads = intValue{to: &o.values.threads, low: 0, high: 1024}
	f.StringVar(&o.model, "model", "", "`MODEL` to run: builtin, a name from inferd models, or the path of a GGUF file; default builtin")
	f.Var(&o.nCtx, "n-ctx", "context size in tokens, 0 to 16777216, or auto: the largest that fits; default 0: the model's own")
	f.Var(&o.slots, "slots", "how many requests run at once on the model, 1 to 32; default 4")
	f.Var(&o.threads, "threads", "how many threads compute, 0 to 1024; default 0: as the machine allows")
}

// apply changes the model's backend. There must be exactly one: which of many
// was meant nobody could tell.
func (o *modelOptions) apply(cfg *config.Config) error {
	if o.model == "" && !o.nCtx.set && !o.slots.set && !o.threads.set {
		return nil
	}
	if len(cfg.Backends) != 1 || cfg.Backends[0].Kind != config.KindLlamaCPP {
		return usageError("change the backends in the config file instead",
			"--model, --n-ctx, --slots and --threads need a daemon with one model of its own")
	}
	b := &cfg.Backends[0].LlamaCPP
	if o.model != "" {
		model, err := modelPath(o.model)
		if err != nil {
			return err
		}
		b.Model = model
	}
	if o.nCtx.set {
		b.NCtx = o.nCtx.tokens
	}
	for _, v := range []struct {
		flag intValue
		to   *int
	}{{o.slots, &b.Slots}, {o.threads, &b.Threads}} {
		if v.flag.set {
			*v.to = *v.flag.to
		}
	}
	return nil
}

// modelPath is the model as the config would name it: there, a path must not
// depend on where the daemon was started.
func modelPath(model string) (string, error) {
	if model == config.BuiltinModel {
		return model, nil
	}
	// A bare word is a name in the store; ./word is a file.
	if _, err := store.ParseName(model); err == nil && !strings.HasSuffix(model, ".gguf") {
		return model, nil
	}
	path, err := filepath.Abs(model)
	if err != nil {
		return "", fmt.Errorf("find model %s: %w", model, err)
	}
	return path, nil
}
