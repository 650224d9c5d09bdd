package library

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// The files that are taken out of a package, by the name of the library
// without its lib prefix. llama-common and llama-addon, which serve another
// program, match neither.
var (
	plainName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	libraryName = regexp.MustCompile(`^(lib)?(llama\.|ggml[.-]).*(so|dylib|dll|metal)$`)
	licencePath = "package/LICENSE"
)

// wanted returns the name under which a tarball's file is installed, or ""
// for one that is not needed. dir is the pin's directory.
func wanted(name, dir string) string {
	if name == licencePath {
		return path.Base(name)
	}
	base := path.Base(name)
	if path.Dir(name) == dir && plainName.MatchString(base) && libraryName.MatchString(base) {
		return base
	}
	return ""
}

// Paths returns the three libraries that the worker opens, in the order in
// which they depend on each other. Their names differ by system and release:
// libllama.v0.5.0.so, libggml.metal.v0.4.0.dylib, llama.v0.4.0.dll.
func (in Installed) Paths() (base, ggml, llama string, err error) {
	for _, l := range []struct {
		prefix string
		path   *string
	}{{"ggml-base.", &base}, {"ggml.", &ggml}, {"llama.", &llama}} {
		var found []string
		for _, f := range in.Files {
			if isLoadable(f.Name) && strings.HasPrefix(strings.TrimPrefix(f.Name, "lib"), l.prefix) {
				found = append(found, f.Name)
			}
		}
		if len(found) != 1 {
			return "", "", "", fmt.Errorf("engine in %s: want one %s* library, found %q", in.Dir, l.prefix, found)
		}
		*l.path = filepath.Join(in.Dir, found[0])
	}
	return base, ggml, llama, nil
}

func isLoadable(name string) bool {
	switch path.Ext(name) {
	case ".so", ".dylib", ".dll":
		return true
	}
	return false
}
