package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/memory"
	"github.com/inferd/inferd/internal/memplan"
	"github.com/inferd/inferd/internal/store"
)

// splitModel writes a model in two parts, the second with a tensor of 1 MiB.
func splitModel(t *testing.T, total int32) string {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.WriteModel(&b, gguf.TinyModel()); err != nil {
		t.Fatal(err)
	}
	whole, err := gguf.Parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	zeros := func(p []byte) error { clear(p); return nil }
	var parts [2]gguf.Writer
	for i := range parts {
		parts[i].Add("split.no", uint16(i))
		parts[i].Add("split.count", uint16(2))
		parts[i].Add("split.tensors.count", total)
	}
	for _, v := range whole.Metadata {
		parts[0].Add(v.Key, v)
	}
	for _, x := range whole.Tensors {
		parts[0].Tensor(x.Name, x.Type, zeros, x.Dims...)
	}
	parts[1].Tensor("more.weight", gguf.F16, zeros, 1024, 512)
	dir := t.TempDir()
	for i := range parts {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("m-%05d-of-00002.gguf", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = parts[i].WriteTo(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "m-00001-of-00002.gguf")
}

// The plan of a split model has the weights of all its parts, which must be
// there and belong together.
func TestHeaders_ReadsTheOtherParts(t *testing.T) {
	const tensors = 3 + 2*9 + 1
	path := splitModel(t, tensors)
	var h headers
	defer h.close()
	if err := errors.Join(h.read(t.Context(), &program{}, path), h.check()); err != nil || len(h.parts) != 2 {
		t.Fatalf("%d parts, %v", len(h.parts), err)
	}
	var other headers
	defer other.close()
	if err := errors.Join(other.read(t.Context(), &program{}, splitModel(t, tensors+1)), other.check()); err == nil || !strings.Contains(err.Error(), "and should have 23") {
		t.Errorf("parts that lack a tensor: %v", err)
	}
	if err := os.Remove(strings.Replace(path, "00001-of", "00002-of", 1)); err != nil {
		t.Fatal(err)
	}
	var torn headers
	defer torn.close()
	if err := torn.read(t.Context(), &program{}, path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a part is missing: %v", err)
	}
}

// A split model of the store is one name for all of its parts; one of its files
// alone is no model.
func TestHeaders_ReadsTheOtherPartsFromTheStore(t *testing.T) {
	first := splitModel(t, 3+2*9+1)
	if err := checkGGUF(first); err == nil || !strings.Contains(err.Error(), "2 parts") {
		t.Errorf("one part is taken for a model: %v", err)
	}
	root := t.TempDir()
	s, err := store.Open(root, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var blobs []*store.Blob
	for i, path := range []string{first, strings.Replace(first, "00001-of", "00002-of", 1)} {
		src, err := store.OpenSource(path)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		name, _ := store.ParseName(fmt.Sprintf("part%d", i))
		in, err := s.Import(t.Context(), src, name, store.ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Blob(t.Context(), in.Manifest.Blob)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		blobs = append(blobs, b)
	}
	whole, _ := store.ParseName("whole")
	if _, err := s.Publish(whole, blobs, []string{"1", "2"}, store.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	p := &program{getenv: func(name string) string { return map[string]string{"MODELS_HOME": root}[name] }}
	var h headers
	defer h.close()
	if err := errors.Join(h.read(t.Context(), p, "whole"), h.check()); err != nil || len(h.parts) != 2 {
		t.Errorf("%d parts, %v", len(h.parts), err)
	}
}

func TestPlanView_SaysWhetherItFits(t *testing.T) {
	var b bytes.Buffer
	if err := gguf.WriteModel(&b, gguf.TinyModel()); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := memplan.For(f, memplan.Options{Slots: 2, GPULayers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		free memory.Available
		fits bool
		want string
	}{
		{memory.Available{Bytes: 1 << 40, Bound: "a lot"}, true, "1.00 TiB"},
		{memory.Available{Bytes: 1 << 20, Bound: "little"}, false, "little: does not fit"},
		{memory.Available{}, true, "not known on this system"},
	} {
		var out strings.Builder
		if err := viewOf(plan, c.free, c.fits).print(&out); err != nil {
			t.Fatal(err)
		}
		for _, words := range []string{c.want, "on the accelerator; ", "largest context", "in all"} {
			if !strings.Contains(out.String(), words) {
				t.Errorf("%q is not in\n%s", words, out.String())
			}
		}
	}
	if err := viewOf(plan, memory.Available{}, true).print(io.Discard); err != nil {
		t.Error(err)
	}
}
