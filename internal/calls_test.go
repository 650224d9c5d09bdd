package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// calls are what may be used in some places only: a function, as the import
// path and name, and the packages that may. Tests and what only they import may
// do as they like.
var calls = []struct {
	call *regexp.Regexp
	in   []string // these, and the packages below them
	why  string
}{
	{regexp.MustCompile(`^fmt\.Print(f|ln)?$`), []string{"cmd", "bench"}, "standard output belongs to the commands"},
	{regexp.MustCompile(`^os\.(Getenv|LookupEnv)$`), []string{"cmd", "bench", "internal/config", "internal/transport"},
		"the environment is read there and handed on"},
	{regexp.MustCompile(`^(os\.Exit|log\.Fatal(f|ln)?)$`), []string{"cmd", "bench", "conformance"}, "only main ends the process"},
	{regexp.MustCompile(`^os\.(Create|CreateTemp|OpenFile|WriteFile|Rename|Remove|RemoveAll|Mkdir|MkdirAll|MkdirTemp)$`),
		// transport makes socket files. library unpacks into a directory that no
		// other code writes. host needs a temporary file where a model cannot be
		// in memory alone. cmd/inferd makes the directory of a background daemon's
		// log. bench writes its results, and its daemons' folders.
		[]string{"bench", "internal/disk", "internal/transport", "internal/engine/library", "internal/engine/host", "cmd/inferd"},
		"files are written there"},
	{regexp.MustCompile(`^net/http\..*`), []string{"bench", "internal/loadgen", "internal/store/fetch"},
		"nothing else speaks HTTP: loadgen and bench on loopback, fetch to get models"},
}

// timeless packages have cores that are told the time.
var timeless = []string{"internal/queue", "internal/router"}

var clock = regexp.MustCompile(`^time\.(Now|Since|Until|Sleep|After|AfterFunc|NewTimer|NewTicker|Tick)$`)

func TestCalls_AreMadeWhereTheyBelong(t *testing.T) {
	for _, path := range goFiles(t) {
		dir := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(path, "_test.go") || slices.Contains(testPackages, dir) {
			continue
		}
		for call, pos := range qualifiedNames(t, path) {
			for _, rule := range calls {
				if rule.call.MatchString(call) && !slices.ContainsFunc(rule.in, func(p string) bool { return isIn(dir, p) }) {
					t.Errorf("%s: %s is not for this package: %s", pos, call, rule.why)
				}
			}
			if clock.MatchString(call) && slices.Contains(timeless, dir) {
				t.Errorf("%s: %s is not for this package: it is told the time", pos, call)
			}
		}
	}
}

// qualifiedNames returns what a file uses of other packages, as the import
// path, a dot and the name, with the place of the first use.
func qualifiedNames(t *testing.T, path string) map[string]token.Position {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string]string{} // by the name in the file
	for _, spec := range file.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		name := imported[strings.LastIndex(imported, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = imported
	}
	found := map[string]token.Position{}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		// An identifier that is resolved in the file is a variable, whatever its
		// name.
		if x, ok := sel.X.(*ast.Ident); ok && x.Obj == nil && imports[x.Name] != "" {
			name := imports[x.Name] + "." + sel.Sel.Name
			if _, known := found[name]; !known {
				found[name] = fset.Position(sel.Pos())
			}
		}
		return true
	})
	return found
}
