package main

import (
	"context"
	"fmt"
	"io"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/store"
)

// headers are those of the files of a model, more than one where it is split.
// The files stay open for values that are read later, until close.
type headers struct {
	parts []*gguf.File
	files []io.Closer
}

func (h *headers) close() {
	for _, f := range h.files {
		_ = f.Close()
	}
}

// read reads the headers of a model of the store, or of a file and the parts
// that lie beside it.
func (h *headers) read(ctx context.Context, p *program, model string) error {
	path, err := modelPath(model)
	if err != nil {
		return err
	}
	if path == config.BuiltinModel {
		return usageError("its GGUF file, model/inferd-demo-q8_0.gguf in the sources, can be named instead",
			"the built-in model lies in inferd-engine and is planned there")
	}
	if name, err := store.ParseName(path); err == nil {
		return h.readStored(ctx, p, name)
	}
	if err := h.readFile(path); err != nil {
		return err
	}
	split, err := h.parts[0].Split()
	if err != nil || split.Count == 1 || split.No != 0 {
		return nil // check says what is wrong
	}
	names, err := gguf.PartNames(path, split.Count)
	if err != nil {
		return &failure{err: err, hint: "the parts of a model lie beside each other, under the names that they were made with", code: exitEngine}
	}
	for _, name := range names[1:] {
		if err := h.readFile(name); err != nil {
			return err
		}
	}
	return nil
}

func (h *headers) readFile(path string) error {
	f, size, err := openRegular(path)
	if err != nil {
		return &failure{err: err, hint: "a bare word is a name in the store, ./word a file", code: exitFailure}
	}
	h.files = append(h.files, f)
	return h.add(path, f, size)
}

func (h *headers) readStored(ctx context.Context, p *program, name store.Name) error {
	return withStore(p, func(s *store.Store) error {
		e, err := s.Get(name)
		if err != nil {
			return noSuchModel(err)
		}
		for _, part := range e.Manifest.Files() {
			b, err := s.Blob(ctx, part.Blob)
			if err != nil {
				return noSuchModel(fmt.Errorf("model %s: %w", name, err))
			}
			h.files = append(h.files, b)
			if err := h.add(name.String(), b.File(), b.Size); err != nil {
				return err
			}
		}
		return nil
	})
}

func (h *headers) add(name string, r io.ReaderAt, size int64) error {
	g, err := gguf.Open(r, size)
	if err != nil {
		return asEngine(fmt.Errorf("model %s: %w", name, err))
	}
	h.parts = append(h.parts, g)
	return nil
}

// check says whether a daemon would load the model: the first part is checked
// by itself, and that all are there and belong together.
func (h *headers) check() error {
	if err := h.parts[0].Check(); err != nil {
		return err
	}
	return gguf.CheckParts(h.parts)
}
