// Package preflight checks model files before the engine sees any of them, and
// remembers what it found, by the digest of the file.
package preflight

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/store"
)

// rules is the number of the set of rules that gguf checks by. It goes up with
// every change of them, and what was found by others is forgotten.
const rules = 1

// maxRecord bounds a record in bytes; one has 200 and a reason.
const maxRecord = 64 << 10

// Memory is what was found. A nil Memory remembers nothing.
//
// What it says is trusted as much as the check itself, so it lies in a folder
// that only this user can write to, and a record counts only for the very file
// it was made of: the same digest, device, file number, size and times. The
// time of the last change of the file's description is among them, which
// nobody but the system can set.
type Memory struct{ fs *disk.Real }

// Open opens the folder that findings are kept in, and makes it where it is
// missing.
func Open(dir string) (*Memory, error) {
	r, err := disk.MakeReal(dir)
	if err != nil {
		return nil, fmt.Errorf("open the findings of the pre-flight: %w", err)
	}
	m := &Memory{fs: r}
	if err := m.private(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return m, nil
}

// private refuses a folder that others can write to.
func (m *Memory) private() error {
	info, err := m.fs.Stat(".")
	if err != nil {
		return fmt.Errorf("open the findings of the pre-flight: %w", err)
	}
	if disk.OthersMayWrite(info) {
		return fmt.Errorf("%s holds findings that are trusted, and others may write to it (%s)", m.fs.Path("."), info.Mode())
	}
	return nil
}

// Close gives up the folder. Calls after the first do nothing.
func (m *Memory) Close() error {
	if m == nil {
		return nil
	}
	return m.fs.Close()
}

// record is a finding. The check of a record is the comparison of this whole
// struct, but for the finding itself.
type record struct {
	Rules  int      `json:"rules"`
	Digest string   `json:"digest"`
	File   identity `json:"file"`
	// Refused is why the file was refused; empty if it passed.
	Refused string `json:"refused,omitempty"`
}

// identity is what tells a file from others, and from itself before a change.
type identity struct {
	Device uint64 `json:"device"`
	Number uint64 `json:"number"`
	Size   int64  `json:"size"`
	Times  int64  `json:"modified_ns"`
	Change int64  `json:"changed_ns"`
}

// Refusal means that a file was refused, now or when it was first seen.
type Refusal struct{ Reason string }

func (e *Refusal) Error() string { return e.Reason }

// Check reports whether the file passes, from memory if it is known. The error
// is a *Refusal, or says why the file could not be read.
func (m *Memory) Check(d store.Digest, f disk.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("check model: %w", err)
	}
	who, known := identityOf(info)
	known = known && m != nil
	if known {
		if r, ok := m.recall(d, who); ok {
			return refusal(r.Refused)
		}
	}
	reason, err := look(f, info.Size())
	if err != nil {
		return fmt.Errorf("check model: %w", err)
	}
	if known && m.still(f, who) {
		// What can't be remembered is looked at again.
		_ = m.remember(record{Rules: rules, Digest: d.Hex(), File: who, Refused: reason})
	}
	return refusal(reason)
}

func refusal(reason string) error {
	if reason == "" {
		return nil
	}
	return &Refusal{Reason: reason}
}

// look checks a file. A file that can't be read says nothing about itself.
func look(f io.ReaderAt, size int64) (reason string, err error) {
	g, err := gguf.Open(f, size)
	if err == nil {
		err = g.Check()
	}
	if bad, ok := errors.AsType[*gguf.FormatError](err); ok {
		return bad.Error(), nil
	}
	return "", err
}

// still reports whether the file has not changed while it was looked at.
func (m *Memory) still(f disk.File, who identity) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	now, ok := identityOf(info)
	return ok && now == who
}

func name(d store.Digest) string { return d.Hex() + ".json" }

func (m *Memory) recall(d store.Digest, who identity) (record, bool) {
	f, err := m.fs.Open(name(d))
	if err != nil {
		return record{}, false
	}
	defer f.Close()
	// The folder was private when it was opened; the file has to be, too.
	info, err := f.Stat()
	if err != nil || disk.OthersMayWrite(info) || info.Size() > maxRecord {
		return record{}, false
	}
	var r record
	b, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil || json.Unmarshal(b, &r) != nil {
		return record{}, false
	}
	return r, r.Rules == rules && r.Digest == d.Hex() && r.File == who
}

func (m *Memory) remember(r record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return disk.AtomicWrite(m.fs, r.Digest+".json", func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// Accept looks at all files of a model before a name of the store stands for
// them, and refuses what no engine should see. Nothing is remembered: they have
// just been read.
func Accept(blobs []*store.Blob) error {
	parts := make([]*gguf.File, len(blobs))
	for i, b := range blobs {
		g, err := gguf.Open(b.File(), b.Size)
		if err == nil && i == 0 { // the others have no header of a model
			err = g.Check()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", b.Path, err)
		}
		parts[i] = g
	}
	return gguf.CheckParts(parts)
}
