package internal_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the top of the tree, from this directory; TestMain goes there.
const root = ".."

// skipped are directories that hold nothing of the project's own.
var skipped = map[string]bool{".git": true, ".cache": true, "build": true, "node_modules": true, "__pycache__": true}

// treeFiles lists the project's files.
func treeFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && skipped[d.Name()] {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, path := range treeFiles(t) {
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
	}
	return files
}

// The comment of a package says what it is for, once.
func TestPackages_HaveOneComment(t *testing.T) {
	comments, packages := map[string][]string{}, map[string]string{}
	for _, path := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(path)
		packages[dir] = file.Name.Name
		if file.Doc != nil {
			comments[dir] = append(comments[dir], path)
			checkComment(t, path, file)
		}
	}
	for dir := range packages {
		if n := len(comments[dir]); n != 1 {
			t.Errorf("%s has %d package comments %q, want one", dir, n, comments[dir])
		}
	}
}

// checkComment looks at how a package comment begins, as go doc shows it.
func checkComment(t *testing.T, path string, file *ast.File) {
	t.Helper()
	want := "Package " + file.Name.Name + " "
	if file.Name.Name == "main" {
		want = "Command " + filepath.Base(filepath.Dir(path)) + " "
	}
	if text := file.Doc.Text(); !strings.HasPrefix(text, want) {
		first, _, _ := strings.Cut(text, "\n")
		t.Errorf("%s: the package comment begins with %q, want %q", path, first, want)
	}
}

const maxLines = 800

func TestFiles_AreNotTooLong(t *testing.T) {
	for _, path := range goFiles(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(data, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d", path, n, maxLines)
		}
	}
}

// Things that are true of one machine only have no place in the project. The
// patterns are put together here, so that they do not match themselves.
var machineOnly = regexp.MustCompile(`(^|[\s"'` + "`" + `=(:])/(work|root)/[a-z.]|` +
	`registry\.npm` + `js|registry\.yarn` + `pkg|proxy\.golang` + `\.org|sum\.golang` + `\.org`)

func TestFiles_NameNoMachine(t *testing.T) {
	for _, path := range treeFiles(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(data, 0) >= 0 {
			continue // not text
		}
		for i, line := range bytes.Split(data, []byte("\n")) {
			if m := machineOnly.Find(line); m != nil {
				t.Errorf("%s:%d: holds %q", path, i+1, m)
			}
		}
	}
}
