package internal_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers is who may import whom. A package may import the project's packages
// and the third-party modules in its row, and nothing else but the standard
// library. Rows stand in order: a package's imports are all above it, so that
// nothing goes in circles or upwards.
//
// Packages are named by their path in the project, modules by their last
// element, as in modulePaths.
var layers = []struct{ pkg, imports, modules string }{
	// The map of the repository: no code.
	{".", "", ""},

	// Leaves: formats, rules, the system.
	{"wire", "", ""},
	{"model", "", ""},
	{"internal/disk", "", "sys"},
	{"internal/gguf", "", ""},
	{"internal/memory", "", "sys"},
	{"internal/memplan", "internal/gguf", ""},
	{"internal/queue", "", ""},
	{"internal/prompt/stop", "", ""},
	{"internal/prompt", "", ""},
	{"internal/prompt/canon", "", ""},
	{"internal/prompt/chatml", "internal/prompt internal/prompt/canon", ""},
	{"internal/prompt/hermes", "internal/prompt internal/prompt/canon", ""},
	{"internal/prompt/task", "wire", ""},
	{"internal/transport", "", "sys go-winio"},
	{"internal/config", "internal/disk", "hujson"},
	{"internal/store", "internal/disk", ""},
	{"internal/store/adopt", "internal/store", ""},
	{"internal/preflight", "internal/disk internal/gguf internal/store", ""},
	{"internal/store/fetch", "internal/store", ""},
	{"internal/disk/disktest", "internal/disk", ""},
	{"internal/status", "wire", ""},
	{"internal/schema", "", "jsonschema"},

	// The engine: its worker's inside, then its outside.
	{"internal/engine/proto", "internal/prompt wire", ""},
	{"internal/engine/library", "internal/disk", ""},
	{"internal/engine/llama", "", "purego sys"},
	{"internal/engine/inbox", "", ""},
	{"internal/engine/batch", "internal/engine/inbox internal/prompt internal/prompt/stop wire", ""},
	{"internal/engine/encode", "internal/engine/inbox", ""},
	{"internal/engine/host", "internal/gguf internal/engine/batch internal/engine/encode internal/engine/library internal/engine/llama " +
		"internal/engine/proto internal/memplan internal/prompt internal/prompt/chatml internal/prompt/hermes internal/prompt/task wire", "sys"},
	{"internal/engine", "internal/engine/proto internal/memory", "sys"},
	{"internal/engine/enginetest", "", ""},
	{"internal/weights", "internal/disk internal/engine internal/gguf internal/preflight internal/store wire", ""},

	// What answers requests, and who decides which one does.
	{"internal/backend", "wire", ""},
	{"internal/backend/mock", "internal/backend internal/prompt/stop wire", ""},
	{"internal/backend/local", "internal/backend internal/engine internal/engine/proto internal/prompt wire", ""},
	{"internal/backend/backendtest", "internal/backend wire", ""},
	{"internal/router", "internal/backend wire", ""},

	// The service, and its composition.
	{"internal/server", "internal/backend internal/queue internal/router internal/status internal/transport wire", ""},
	{"internal/daemon", "internal/backend internal/backend/local internal/backend/mock internal/config internal/disk " +
		"internal/gguf internal/memory internal/memplan internal/preflight internal/queue internal/router internal/schema internal/server internal/status internal/store internal/store/fetch internal/transport internal/weights wire", ""},
	{"internal/daemon/daemontest", "internal/backend/mock internal/config internal/daemon " +
		"internal/transport wire", ""},

	// Outside: an app's view, and the programs.
	{"client", "internal/transport wire", ""},
	{"internal/loadgen", "client wire", ""},
	{"internal/conformance", "internal/transport", ""},
	{"conformance", "internal/conformance internal/transport", ""},
	{"internal/lineedit", "", ""},
	{"internal/chatfile", "client internal/disk wire", ""},
	{"cmd/inferd", "client internal/chatfile internal/config internal/daemon internal/disk " +
		"internal/engine/library internal/gguf internal/lineedit internal/loadgen internal/memory internal/memplan internal/preflight internal/store internal/store/adopt internal/store/fetch internal/transport internal/weights wire", "cobra pflag term sys"},
	{"bench", "client internal/disk internal/engine internal/engine/proto internal/gguf internal/loadgen " +
		"internal/transport wire", ""},
	{"cmd/inferd-engine", "internal/engine internal/engine/host internal/engine/llama internal/engine/proto model", ""},
}

// modulePaths are the third-party modules by the short names of the table.
var modulePaths = map[string]string{
	"cobra":      "github.com/spf13/cobra",
	"go-winio":   "github.com/Microsoft/go-winio",
	"jsonschema": "github.com/santhosh-tekuri/jsonschema/v6",
	"hujson":     "github.com/tailscale/hujson",
	"pflag":      "github.com/spf13/pflag",
	"purego":     "github.com/ebitengine/purego",
	"sys":        "golang.org/x/sys",
	"term":       "golang.org/x/term",
}

// testModules may be imported by tests, and by the packages that only tests
// import.
var testModules = []string{
	"github.com/google/go-cmp",
	"github.com/rogpeppe/go-internal",
	"go.uber.org/goleak",
	"pgregory.net/rapid",
}

// testPackages are fixtures and suites: no program links them.
var testPackages = []string{"internal/backend/backendtest", "internal/daemon/daemontest", "internal/disk/disktest", "internal/engine/enginetest"}

func TestLayers_EveryImportIsInTheTable(t *testing.T) {
	for _, system := range systems {
		for _, p := range listPackages(t, system) {
			row, ok := rowOf(p.name())
			if !ok {
				t.Errorf("%s is not in the table of internal/arch_test.go", p.name())
				continue
			}
			forTests := slices.Contains(testPackages, p.name())
			for _, path := range p.Imports {
				if row.allows(path) || forTests && isTestModule(path) {
					continue
				}
				t.Errorf("%s (%s) must not import %s", p.name(), system, path)
			}
			for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
				if !row.allows(path) && !isTestModule(path) && !isProject(path) {
					t.Errorf("a test of %s (%s) must not import %s", p.name(), system, path)
				}
			}
		}
	}
}

// A row that allows what does not exist hides what should be noticed.
func TestLayers_TableIsInOrderAndNotStale(t *testing.T) {
	var above []string
	for _, r := range layers {
		for name := range strings.FieldsSeq(r.imports) {
			if !slices.Contains(above, name) {
				t.Errorf("%s may import %s, which is not above it", r.pkg, name)
			}
		}
		for name := range strings.FieldsSeq(r.modules) {
			if modulePaths[name] == "" {
				t.Errorf("%s may import %s, which is no known module", r.pkg, name)
			}
		}
		if files, err := filepath.Glob(r.pkg + "/*.go"); err != nil || len(files) == 0 {
			t.Errorf("%s has a row, but no files", r.pkg)
		}
		above = append(above, r.pkg)
	}
}

func TestLayers_EveryRowIsUsed(t *testing.T) {
	used := map[string][]string{} // by package, on any system
	for _, system := range systems {
		for _, p := range listPackages(t, system) {
			used[p.name()] = append(used[p.name()], p.Imports...)
			// Of the project tests may import anything; of modules they need a row.
			for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
				if !isProject(path) {
					used[p.name()] = append(used[p.name()], path)
				}
			}
		}
	}
	for _, r := range layers {
		for name := range strings.FieldsSeq(r.imports) {
			if !slices.Contains(used[r.pkg], project+"/"+name) {
				t.Errorf("%s may import %s, and does not", r.pkg, name)
			}
		}
		for name := range strings.FieldsSeq(r.modules) {
			if !slices.ContainsFunc(used[r.pkg], func(path string) bool { return isIn(path, modulePaths[name]) }) {
				t.Errorf("%s may import %s, and does not", r.pkg, name)
			}
		}
	}
}

// The map for people has what the table has.
func TestLayers_ArchitectureNamesEveryPackage(t *testing.T) {
	page, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, levels, _ := strings.Cut(string(page), "## Who may import whom")
	for _, r := range layers {
		if r.pkg == "." || slices.Contains(testPackages, r.pkg) {
			continue
		}
		// A package may stand behind the one that it is part of, as `local`.
		if !strings.Contains(levels, "`"+r.pkg+"`") && !strings.Contains(levels, "`"+filepath.Base(r.pkg)+"`") {
			t.Errorf("docs/ARCHITECTURE.md has no level for %s", r.pkg)
		}
	}
}

// Each module that code or tests import has its record.
func TestModules_HaveADecision(t *testing.T) {
	index, err := os.ReadFile("docs/decisions/README.md")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob("docs/decisions/0*.md")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range records {
		if !strings.Contains(string(index), "("+filepath.Base(path)+")") {
			t.Errorf("docs/decisions/README.md does not list %s", path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "v") { // the indirect ones have a comment
			continue
		}
		short := fields[0]
		for name, path := range modulePaths {
			if path == fields[0] {
				short = name
			}
		}
		if !strings.Contains(strings.ToLower(all.String()), strings.ToLower(filepath.Base(short))) {
			t.Errorf("no record in docs/decisions names %s", fields[0])
		}
	}
}

// What a program must not contain, however indirectly.
func TestPrograms_LeaveOut(t *testing.T) {
	for _, c := range []struct{ program, pkg, why string }{
		{"inferd", "github.com/ebitengine/purego", "the daemon has no native code, and stays static"},
		{"inferd", project + "/internal/engine/llama", "the daemon has no native code"},
		{"inferd", project + "/internal/engine/host", "models are read in the worker, which may crash"},
		{"inferd", project + "/model", "the built-in model is the worker's"},
		{"inferd", "testing", "fixtures are for tests"},
		{"inferd-engine", "net/http", "the worker has no network code"},
		{"inferd-engine", "crypto/tls", "the worker has no network code"},
		{"inferd-engine", "github.com/spf13/cobra", "the worker has no command line to speak of"},
		{"inferd-engine", "testing", "fixtures are for tests"},
	} {
		for _, system := range systems {
			if slices.Contains(dependencies(t, system, c.program), c.pkg) {
				t.Errorf("%s (%s) links %s: %s", c.program, system, c.pkg, c.why)
			}
		}
	}
}

type row struct{ imports, modules []string }

func rowOf(name string) (row, bool) {
	for _, r := range layers {
		if r.pkg == name {
			return row{strings.Fields(r.imports), strings.Fields(r.modules)}, true
		}
	}
	// The rules themselves are a package of tests alone.
	return row{}, name == "internal"
}

func (r row) allows(path string) bool {
	if name, ok := strings.CutPrefix(path, project+"/"); ok {
		return slices.Contains(r.imports, name)
	}
	if isStandard(path) {
		return true
	}
	return slices.ContainsFunc(r.modules, func(m string) bool { return isIn(path, modulePaths[m]) })
}

func isTestModule(path string) bool {
	return slices.ContainsFunc(testModules, func(m string) bool { return isIn(path, m) })
}

func isProject(path string) bool { return isIn(path, project) }

func isIn(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

// isStandard reports whether path is the standard library's: only other paths
// start with the name of a host.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestMain(m *testing.M) {
	if err := os.Chdir(root); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
