package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/engine/library"
	"github.com/inferd/inferd/internal/store"
)

// examine makes all checks, in the order in which a start needs what they
// look at.
func (p *program) examine(ctx context.Context) []check {
	cfg, checks := p.checkConfig()
	checks = append(checks, p.checkWorker(ctx))
	root := cmp.Or(cfg.EngineDir, p.engineRoot())
	engine := checkLibrary(root)
	checks = append(checks, engine)
	if engine.Status == verdictOK {
		checks = append(checks, p.checkKernel(ctx, root))
	}
	checks = append(checks, p.checkModels(cfg)...)
	checks = append(checks, checkMedia(cfg)...)
	return append(checks, p.checkRuntime(ctx)...)
}

func (p *program) checkConfig() (config.Config, []check) {
	const name = "config"
	cfg, err := p.config("", config.Flags{})
	if err != nil {
		return cfg, []check{notPassed(name, err)}
	}
	if err := cfg.Unbuilt(); err != nil {
		return cfg, []check{notPassed(name, err)}
	}
	kinds := make([]string, len(cfg.Backends))
	for i, b := range cfg.Backends {
		kinds[i] = fmt.Sprintf("%s (%s)", b.Name, b.Kind)
	}
	return cfg, []check{passed(name, "valid; backends: %s", strings.Join(kinds, ", "))}
}

// checkWorker looks for the worker's program and lets it say its version.
func (p *program) checkWorker(ctx context.Context) check {
	const name = "engine program"
	path := p.workerPath()
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return notPassed(name, &failure{
			err:  fmt.Errorf("run %s: %w", path, err),
			hint: "inferd-engine belongs beside inferd: install both, or set " + envWorker,
		})
	}
	return passed(name, "%s: %s", path, strings.TrimSpace(string(out)))
}

// checkLibrary looks for the engine library and reads all of it.
func checkLibrary(root string) check {
	const name = "engine library"
	in, err := library.Open(root)
	if err == nil {
		err = in.Verify()
	}
	if err != nil {
		return notPassed(name, err)
	}
	return passed(name, "llama.cpp %s in %s, whole", in.LlamaVersion, in.Dir)
}

// probe is what `inferd-engine probe` prints of the library that it loaded.
type probe struct {
	EngineVersion string `json:"engine_version"`
	CPUBackend    string `json:"cpu_backend"`
	Devices       []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Type        string `json:"type"`
		MemoryBytes uint64 `json:"memory_bytes"`
	} `json:"devices"`
}

// deviceList names what the engine can compute on, with its kind and memory.
func (p probe) deviceList() string {
	list := make([]string, len(p.Devices))
	for i, d := range p.Devices {
		list[i] = fmt.Sprintf("%s (%s, %s): %s", d.Name, d.Type, sizeOf(int64(d.MemoryBytes)), d.Description)
	}
	return strings.Join(list, "; ")
}

// checkKernel loads the library in the worker, as a start would, and says on
// what it would compute.
func (p *program) checkKernel(ctx context.Context, root string) check {
	const name = "compute"
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, p.workerPath(), "probe", "--engine", root)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var found probe
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil {
		return notPassed(name, &failure{
			err:  fmt.Errorf("load the engine library: %w: %s", err, strings.TrimSpace(stderr.String())),
			hint: "`inferd engine install` replaces a damaged library; an old system may lack what it needs (glibc 2.34)",
		})
	}
	return passed(name, "llama.cpp %s, CPU kernel %s; devices: %s", found.EngineVersion, found.CPUBackend, found.deviceList())
}

// checkModels looks at the model of each backend that has a file.
func (p *program) checkModels(cfg config.Config) []check {
	var checks []check
	for _, b := range cfg.Backends {
		if b.Kind == config.KindLlamaCPP {
			checks = append(checks, p.checkModelOf(cfg, "model "+b.Name, b.LlamaCPP))
		}
	}
	return checks
}

func (p *program) checkModelOf(cfg config.Config, name string, model config.LlamaCPP) check {
	stored, err := store.ParseName(model.Model)
	if err != nil || model.Model == config.BuiltinModel {
		return checkModel(name, model.Model)
	}
	root, err := store.DefaultRoot(cfg.ModelsHome, p.getenv, runtime.GOOS)
	if err != nil {
		return notPassed(name, err)
	}
	return checkStored(name, root, stored, model.SHA256)
}

// checkStored looks for a model in the store. A store that is not there is not
// made for that.
func checkStored(name, root string, model store.Name, sha256 string) check {
	const hint = "`inferd models` lists the models that are there, `inferd models import FILE` brings one in"
	if _, err := os.Stat(root); err != nil {
		return notPassed(name, &failure{err: fmt.Errorf("find model %s: %w", model, err), hint: hint})
	}
	s, err := store.Open(root, store.Options{})
	if err != nil {
		return notPassed(name, err)
	}
	defer func() { _ = s.Close() }()
	e, err := s.Get(model)
	switch {
	case err != nil:
		return notPassed(name, &failure{err: err, hint: hint})
	case e.State != store.BlobPresent:
		return notPassed(name, &failure{err: fmt.Errorf("model %s: its file is %s", model, e.State), hint: hint})
	case sha256 != "" && e.Manifest.Blob.Hex() != sha256:
		return notPassed(name, &failure{
			err:  fmt.Errorf("model %s: the store has sha256 %s, the config wants %s", model, e.Manifest.Blob.Hex(), sha256),
			hint: "import the right one with --replace, or correct sha256 in the config",
		})
	}
	return passed(name, "%s in the store, %s", model, sizeOf(e.Manifest.Size))
}

func checkModel(name, model string) check {
	if model == config.BuiltinModel {
		return passed(name, "built in")
	}
	const hint = "name the absolute path of a GGUF file in the config, or with --model"
	f, err := os.Open(model)
	if err != nil {
		return notPassed(name, &failure{err: err, hint: hint})
	}
	defer f.Close()
	magic := make([]byte, 4)
	if _, err := io.ReadFull(f, magic); err != nil || string(magic) != "GGUF" {
		return notPassed(name, &failure{err: fmt.Errorf("%s is not a GGUF file", model), hint: hint})
	}
	info, err := f.Stat()
	if err != nil {
		return notPassed(name, &failure{err: err, hint: hint})
	}
	return passed(name, "%s, %s", model, sizeOf(info.Size()))
}
