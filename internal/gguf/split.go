package gguf

import (
	"errors"
	"fmt"
	"strings"
)

// The keys of a part of a split model. The engine takes these types only, and
// aborts on others.
const (
	keySplitNo      = "split.no"            // uint16, from 0
	keySplitCount   = "split.count"         // uint16
	keySplitTensors = "split.tensors.count" // int32, of all parts
)

// Split is a file's place in a model that is split over several files.
type Split struct {
	No      int // from 0
	Count   int // parts in all
	Tensors int // of all parts
}

// Split returns the file's place in a split model. One that is not split is
// part 0 of 1.
func (f *File) Split() (Split, error) {
	whole := Split{Count: 1, Tensors: len(f.Tensors)}
	if _, ok := f.Get(keySplitCount); !ok {
		if v, ok := f.Get(keySplitNo); ok {
			return Split{}, wrong(v.Offset, "the file has %q, but no %q", keySplitNo, keySplitCount)
		}
		return whole, nil
	}
	var s Split
	for _, k := range []struct {
		name string
		t    ValueType
		to   *int
	}{{keySplitNo, Uint16, &s.No}, {keySplitCount, Uint16, &s.Count}, {keySplitTensors, Int32, &s.Tensors}} {
		v, ok := f.Get(k.name)
		if !ok {
			return Split{}, wrong(0, "the file is part of a split model, but has no %q", k.name)
		}
		if v.Type != k.t {
			return Split{}, v.mistyped(k.t.String())
		}
		n, err := v.Uint()
		if err != nil {
			return Split{}, err
		}
		*k.to = int(n)
	}
	if s.Count == 0 || s.No >= s.Count {
		return Split{}, wrong(0, "the file is part %d of %d, counted from 0: allowed are 1 to %d parts",
			s.No, s.Count, MaxParts)
	}
	return s, nil
}

// PartNames are the names of the files of a model in count parts, in order, from
// the name of the first, which ends in -00001-of- and the count with five
// digits, as the engine wants it.
func PartNames(first string, count int) ([]string, error) {
	suffix := func(no int) string { return fmt.Sprintf("-%05d-of-%05d.gguf", no, count) }
	stem, ok := strings.CutSuffix(first, suffix(1))
	if !ok || count < 1 || count > MaxParts {
		return nil, fmt.Errorf("the first of %d parts is named %q, wanted is a name that ends in %s", count, first, suffix(1))
	}
	names := make([]string, count)
	for i := range names {
		names[i] = stem + suffix(i+1)
	}
	return names, nil
}

// CheckParts reports whether files are the parts of one model, all of them and
// in order. Only the first part has the model's metadata; nothing but the
// numbers in the others says which model they belong to, and the names of
// their tensors.
func CheckParts(parts []*File) error {
	if len(parts) == 0 {
		return errors.New("check the parts of a model: there are none")
	}
	first, err := parts[0].Split()
	if err != nil {
		return partError(0, err)
	}
	if first.Count != len(parts) {
		return fmt.Errorf("the model has %d parts, but %d files were given", first.Count, len(parts))
	}
	tensors := 0
	names := map[string]int{}
	for i, f := range parts {
		if err := f.follows(parts[0], first, i); err != nil {
			return partError(i, err)
		}
		for _, t := range f.Tensors {
			if j, again := names[t.Name]; again {
				return fmt.Errorf("parts %d and %d of the model both have the tensor %q", j+1, i+1, t.Name)
			}
			names[t.Name] = i
		}
		tensors += len(f.Tensors)
	}
	if tensors != first.Tensors {
		return fmt.Errorf("the parts of the model have %d tensors, and should have %d", tensors, first.Tensors)
	}
	return nil
}

// follows reports whether f is part i of the model that first begins.
func (f *File) follows(first *File, want Split, i int) error {
	s, err := f.Split()
	if err != nil {
		return err
	}
	if s.Count != want.Count || s.Tensors != want.Tensors {
		return fmt.Errorf("it is one of %d parts with %d tensors in all, the first part is one of %d with %d",
			s.Count, s.Tensors, want.Count, want.Tensors)
	}
	if s.No != i {
		return fmt.Errorf("it is part %d of the model", s.No+1)
	}
	if f.BigEndian != first.BigEndian {
		return errors.New("its byte order is not that of the first part")
	}
	return nil
}

func partError(i int, err error) error { return fmt.Errorf("part %d of the model: %w", i+1, err) }
