package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

const project = "github.com/inferd/inferd"

// systems are those whose files differ; the processor makes no difference to
// who imports whom.
var systems = []string{"linux", "darwin", "windows"}

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// name is the package's path in the project, "." for the top of it.
func (p goPackage) name() string {
	if p.ImportPath == project {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, project+"/")
}

// goList runs go list as the given system sees the tree.
func goList(t *testing.T, system string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list (%s): %v\n%s", system, err, exit.Stderr)
	}
	if err != nil {
		t.Fatalf("go list (%s): %v", system, err)
	}
	return string(out)
}

// listed keeps what go list said: it takes a second a call.
var listed sync.Map

func listPackages(t *testing.T, system string) []goPackage {
	t.Helper()
	if known, ok := listed.Load(system); ok {
		return known.([]goPackage)
	}
	out := goList(t, system, "-json=ImportPath,Dir,Imports,TestImports,XTestImports", "./...")
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("go list (%s): %v", system, err)
		}
		all = append(all, p)
	}
	listed.Store(system, all)
	return all
}

// dependencies returns all that a program links.
func dependencies(t *testing.T, system, program string) []string {
	t.Helper()
	key := system + "/" + program
	if known, ok := listed.Load(key); ok {
		return known.([]string)
	}
	all := strings.Fields(goList(t, system, "-deps", "./cmd/"+program))
	listed.Store(key, all)
	return all
}
