package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/engine/library"
)

// version is set by the linker in a release: -X main.version=v1.2.3.
var version string

// versionInfo is what `version --json` prints.
type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Engine is the engine library that this version is made for.
	Engine *engineInfo `json:"engine,omitempty"`
}

type engineInfo struct {
	LlamaCPP string `json:"llama_cpp"`
	Package  string `json:"package"`
}

func newVersionCommand(p *program) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		GroupID: groupSetup,
		Short:   "Print the version of inferd and of the engine that it is made for",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return runVersion(p, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func runVersion(p *program, asJSON bool) error {
	v := readVersion()
	if asJSON {
		return p.printJSON(v)
	}
	line := "inferd " + v.Version
	if v.Commit != "" {
		line += " (" + v.Commit
		if v.Modified {
			line += ", modified"
		}
		line += ")"
	}
	line += fmt.Sprintf("\n%s, %s\n", v.Go, v.Platform)
	if v.Engine == nil {
		line += "no engine for this platform\n"
	} else {
		line += fmt.Sprintf("engine: llama.cpp %s (%s)\n", v.Engine.LlamaCPP, v.Engine.Package)
	}
	_, err := fmt.Fprint(p.stdout, line)
	return err
}

func readVersion() versionInfo {
	v := versionInfo{
		Version: buildVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, s := range build.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	if pin, err := library.PinFor(runtime.GOOS, runtime.GOARCH); err == nil {
		v.Engine = &engineInfo{LlamaCPP: pin.LlamaVersion, Package: pin.String()}
	}
	return v
}

// buildVersion is the release, or what the module knows of itself.
func buildVersion() string {
	known := version
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "(devel)" {
		known = cmp.Or(known, build.Main.Version)
	}
	return cmp.Or(known, "devel")
}

// printJSON writes v to standard output, for programs and for people.
func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
