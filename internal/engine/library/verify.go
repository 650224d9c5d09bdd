package library

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Verify reads every file and returns a *CorruptError for the first one that
// is not as installed. A file that was not installed is an error as well: the
// library loads every ggml backend that it finds in its directory.
func (in Installed) Verify() error {
	if err := in.checkNames(); err != nil {
		return err
	}
	for _, f := range in.Files {
		if err := in.checkFile(f); err != nil {
			return err
		}
	}
	return nil
}

func (in Installed) corrupt(file, format string, args ...any) error {
	return &CorruptError{Dir: in.Dir, File: file, What: fmt.Sprintf(format, args...)}
}

// checkNames compares the directory's entries with the list.
func (in Installed) checkNames() error {
	entries, err := os.ReadDir(in.Dir)
	if err != nil {
		return fmt.Errorf("verify engine: %w", err)
	}
	missing := map[string]bool{manifestName: true}
	for _, f := range in.Files {
		missing[f.Name] = true
	}
	for _, e := range entries {
		if !missing[e.Name()] {
			return in.corrupt(e.Name(), "was not installed")
		}
		if !e.Type().IsRegular() {
			return in.corrupt(e.Name(), "is not a regular file")
		}
		delete(missing, e.Name())
	}
	for _, f := range in.Files {
		if missing[f.Name] {
			return in.corrupt(f.Name, "missing")
		}
	}
	if missing[manifestName] {
		return in.corrupt(manifestName, "missing")
	}
	return nil
}

func (in Installed) checkFile(want File) error {
	f, err := os.Open(filepath.Join(in.Dir, want.Name))
	if err != nil {
		return fmt.Errorf("verify engine: %w", err)
	}
	defer f.Close()
	// A file that grew is told by its size; reading it all would say no more.
	got, err := measure(want.Name, io.Discard, io.LimitReader(f, want.Size+1))
	if err != nil {
		return fmt.Errorf("verify engine: %w", err)
	}
	if got.Size != want.Size {
		if info, err := f.Stat(); err == nil {
			got.Size = info.Size()
		}
		return in.corrupt(want.Name, "size is %d, want %d", got.Size, want.Size)
	}
	if got.SHA256 != want.SHA256 {
		return in.corrupt(want.Name, "sha256 is %s, want %s", got.SHA256, want.SHA256)
	}
	return nil
}

// measure copies r to w and returns what was copied as a File.
func measure(name string, w io.Writer, r io.Reader) (File, error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), r)
	return File{Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}
