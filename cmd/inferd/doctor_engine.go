package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/engine/library"
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
	checks = append(checks, p.checkModels(ctx, cfg)...)
	checks = append(checks, checkMedia(cfg)...)
	return append(checks, p.checkRuntime(ctx)...)
}

func (p *program) checkConfig() (config.Config, []check) {
	const name = "config"
	cfg, err := p.config("", config.Flags{})
	if err != nil {
		return cfg, []check{notPassed(name, &failure{err: err, hint: hintForConfig(err)})}
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

// hintForConfig is what to do about a configuration that can't be loaded.
func hintForConfig(err error) string {
	if p, ok := errors.AsType[*config.Problem](err); ok && p.Line == 0 && p.Key == "" {
		if f, err := os.Open(p.Source); err == nil {
			_ = f.Close()
		} else if errors.Is(err, os.ErrPermission) {
			return "make it yours to read: `chmod u+r " + p.Source + "`, or `chown` it to your user"
		}
	}
	return "correct what is named above; `inferd config check` tells when it is right, docs/CONFIGURATION.md lists every key with its range"
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
