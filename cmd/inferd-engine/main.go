// Command inferd-engine is the worker of inferd: it loads llama.cpp and a
// model, and computes. The daemon starts it; by hand only its version and
// probe commands are of use.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/inferd/inferd/internal/engine"
	"github.com/inferd/inferd/internal/engine/host"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/model"
)

const usage = `usage: inferd-engine serve            (started by inferd, not by hand)
       inferd-engine probe --engine DIR  print what the engine in DIR computes on, as JSON
       inferd-engine bench-raw [flags]   measure the bare library, without a daemon; see --help
       inferd-engine version
`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "inferd-engine:", err)
		if errors.Is(err, errUsage) {
			fmt.Fprint(os.Stderr, usage)
			os.Exit(2)
		}
		os.Exit(1)
	}
}

var errUsage = errors.New("bad usage")

func run(args []string, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "serve":
		return serve()
	case len(args) == 3 && args[0] == "probe" && args[1] == "--engine":
		return probe(args[2], out)
	case len(args) >= 1 && args[0] == "bench-raw":
		return benchRaw(args[1:], out)
	case len(args) == 1 && args[0] == "version":
		_, err := fmt.Fprintf(out, "inferd-engine link %d, llama.cpp %s, built-in model %s\n",
			proto.Version, llama.KnownVersions(), model.Name)
		return err
	case len(args) == 1 && (args[0] == "help" || args[0] == "--help" || args[0] == "-h"):
		_, err := fmt.Fprint(out, usage)
		return err
	}
	return errUsage
}

// serve is the worker's life. The daemon alone ends it, by the link: signals
// that a terminal sends to all are not meant for it.
func serve() error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	link, err := engine.OpenLink()
	if err != nil {
		return err
	}
	return host.Run(context.Background(), link, host.Options{
		Builtin: host.Builtin{Name: model.Name, GGUF: model.GGUF},
		Open:    engine.OpenFile,
		Log:     func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
}

// report is what probe prints.
type report struct {
	EngineVersion string   `json:"engine_version"`
	CPUBackend    string   `json:"cpu_backend"`
	Devices       []device `json:"devices"`
	SystemInfo    string   `json:"system_info"`
}

type device struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        string `json:"type"`
	MemoryBytes uint64 `json:"memory_bytes"`
}

func probe(dir string, out io.Writer) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	// The libraries look for others in the current directory too.
	if err := os.Chdir(filepath.VolumeName(abs) + string(filepath.Separator)); err != nil {
		return err
	}
	lib, err := host.OpenEngine(abs, nil)
	if err != nil {
		return err
	}
	r := report{EngineVersion: lib.Version(), CPUBackend: lib.CPUBackend(), SystemInfo: lib.SystemInfo()}
	for _, d := range lib.Devices() {
		r.Devices = append(r.Devices, device{d.Name, d.Description, d.Type, d.TotalMemory})
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
