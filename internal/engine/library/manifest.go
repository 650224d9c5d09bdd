package library

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const (
	manifestName    = "engine.json"
	manifestVersion = 1
	maxManifest     = 1 << 20
)

// File is one installed file.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // lower-case hex
}

// Installed is an engine on disk, as its engine.json describes it. Verify says
// whether the files are what it describes.
type Installed struct {
	Dir          string // absolute
	LlamaVersion string
	Package      string
	Version      string
	Files        []File // sorted by name, without engine.json
}

// manifest is engine.json.
type manifest struct {
	SchemaVersion int    `json:"schema_version"`
	Package       string `json:"package"`
	Version       string `json:"version"`
	Integrity     string `json:"integrity"`
	LlamaVersion  string `json:"llama_version"`
	Files         []File `json:"files"`
}

func newManifest(pin Pin, files []File) manifest {
	return manifest{
		SchemaVersion: manifestVersion,
		Package:       pin.Package,
		Version:       pin.Version,
		Integrity:     pin.Integrity,
		LlamaVersion:  pin.LlamaVersion,
		Files:         files,
	}
}

func (m manifest) encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}

func (m manifest) installed(dir string) Installed {
	return Installed{Dir: dir, LlamaVersion: m.LlamaVersion, Package: m.Package, Version: m.Version, Files: m.Files}
}

// Open finds the engine that is pinned for this platform below root. It reads
// engine.json only: call Verify before loading anything.
func Open(root string) (Installed, error) {
	pin, err := PinFor(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return Installed{}, err
	}
	return open(root, pin)
}

func open(root string, pin Pin) (Installed, error) {
	if root == "" {
		return Installed{}, errNoRoot
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return Installed{}, fmt.Errorf("find engine directory: %w", err)
	}
	dir := filepath.Join(root, pin.dirName())
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return Installed{}, &MissingError{Root: root, Want: pin.dirName(), Found: otherEngines(root)}
	}
	m, err := readManifest(dir)
	if err != nil {
		return Installed{}, err
	}
	if what := m.differs(pin); what != "" {
		return Installed{}, &CorruptError{Dir: dir, File: manifestName, What: what}
	}
	return m.installed(dir), nil
}

var errNoRoot = errors.New("no engine directory is known: set INFERD_ENGINE_DIR")

// otherEngines lists the engines of other releases below root, so that an
// upgrade explains itself.
func otherEngines(root string) []string {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			found = append(found, e.Name())
		}
	}
	return found
}

func readManifest(dir string) (manifest, error) {
	corrupt := func(what string) error {
		return &CorruptError{Dir: dir, File: manifestName, What: what}
	}
	f, err := os.Open(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return manifest{}, corrupt("missing")
	}
	if err != nil {
		return manifest{}, fmt.Errorf("read engine: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return manifest{}, fmt.Errorf("read engine: %w", err)
	}
	if len(data) > maxManifest {
		return manifest{}, corrupt(fmt.Sprintf("larger than %d bytes", maxManifest))
	}
	m, err := parseManifest(data)
	if err != nil {
		return manifest{}, corrupt(err.Error())
	}
	return m, nil
}

// parseManifest reads engine.json. Whatever it returns names only plain files
// in the directory itself.
func parseManifest(data []byte) (manifest, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var m manifest
	if err := dec.Decode(&m); err != nil {
		return manifest{}, fmt.Errorf("not a list of files: %w", err)
	}
	if m.SchemaVersion != manifestVersion {
		return manifest{}, fmt.Errorf("schema_version is %d, want %d", m.SchemaVersion, manifestVersion)
	}
	if len(m.Files) == 0 {
		return manifest{}, errors.New("lists no files")
	}
	for _, f := range m.Files {
		if !plainName.MatchString(f.Name) || f.Name == manifestName {
			return manifest{}, fmt.Errorf("lists %q, which is no plain file name", f.Name)
		}
	}
	slices.SortFunc(m.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return m, nil
}

// differs says how the manifest is not that of pin, or "".
func (m manifest) differs(pin Pin) string {
	for _, c := range []struct{ key, got, want string }{
		{"package", m.Package, pin.Package},
		{"version", m.Version, pin.Version},
		{"integrity", m.Integrity, pin.Integrity},
		{"llama_version", m.LlamaVersion, pin.LlamaVersion},
	} {
		if c.got != c.want {
			return fmt.Sprintf("%s is %q, want %q", c.key, c.got, c.want)
		}
	}
	return ""
}
