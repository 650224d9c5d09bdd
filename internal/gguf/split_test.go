package gguf

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// part is a part of a split model with a tensor or more.
func part(t *testing.T, no, count uint16, total int32, tensors ...string) *File {
	t.Helper()
	return parse(t, write(t, nil, func(w *Writer) {
		w.Add(keySplitNo, no)
		w.Add(keySplitCount, count)
		w.Add(keySplitTensors, total)
		for _, name := range tensors {
			w.Tensor(name, F32, constant(1), 3)
		}
	}))
}

func TestSplit_OfAFileThatIsWhole(t *testing.T) {
	f := parse(t, write(t, nil, func(w *Writer) { w.Tensor("a", F32, constant(1), 3) }))
	if s, err := f.Split(); s != (Split{No: 0, Count: 1, Tensors: 1}) || err != nil {
		t.Errorf("Split is %+v, %v", s, err)
	}
	if err := CheckParts([]*File{f}); err != nil {
		t.Error(err)
	}
}

func TestCheckParts_TakesAllPartsInOrder(t *testing.T) {
	if err := CheckParts([]*File{part(t, 0, 3, 4, "a"), part(t, 1, 3, 4, "b", "c"), part(t, 2, 3, 4, "d")}); err != nil {
		t.Error(err)
	}
}

func TestCheckParts_RefusesOthers(t *testing.T) {
	first, second := part(t, 0, 2, 2, "a"), part(t, 1, 2, 2, "b")
	big := parse(t, write(t, binary.BigEndian, func(w *Writer) {
		w.Add(keySplitNo, uint16(1))
		w.Add(keySplitCount, uint16(2))
		w.Add(keySplitTensors, int32(2))
		w.Tensor("b", F32, constant(1), 3)
	}))
	for words, parts := range map[string][]*File{
		"there are none":                             nil,
		"has 2 parts, but 1 files":                   {first},
		"has 2 parts, but 3 files":                   {first, second, second},
		"part 1 of the model: it is part 2":          {second, first},
		"part 2 of the model: it is part 1":          {first, first},
		"one of 3 parts with 2 tensors":              {first, part(t, 1, 3, 2, "b")},
		"one of 2 parts with 5 tensors":              {first, part(t, 1, 2, 5, "b")},
		`parts 1 and 2 of the model both have the`:   {first, part(t, 1, 2, 2, "a")},
		"have 3 tensors, and should have 2":          {first, part(t, 1, 2, 2, "b", "c")},
		"its byte order is not that of the first":    {first, big},
		"one of 1 parts with 1 tensors in all, the ": {first, parse(t, write(t, nil, func(w *Writer) { w.Tensor("b", F32, constant(1), 3) }))},
	} {
		err := CheckParts(parts)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("error is %v, want it to say %q", err, words)
		}
	}
}

func TestSplit_RefusesBadNumbers(t *testing.T) {
	for _, c := range []struct {
		no, count, tensors any
		words              string
	}{
		{uint16(0), nil, nil, `has "split.no", but no "split.count"`},
		{nil, uint16(2), int32(2), `has no "split.no"`},
		{uint16(0), uint16(2), nil, `has no "split.tensors.count"`},
		{uint32(0), uint16(2), int32(2), `"split.no" has type uint32, wanted is uint16`},
		{uint16(0), uint32(2), int32(2), `"split.count" has type uint32, wanted is uint16`},
		{uint16(0), uint16(2), uint32(2), `"split.tensors.count" has type uint32, wanted is int32`},
		{uint16(0), uint16(2), int32(-2), `"split.tensors.count" is -2`},
		{uint16(0), uint16(0), int32(2), "part 0 of 0"},
		{uint16(2), uint16(2), int32(2), "part 2 of 2"},
	} {
		t.Run(c.words, func(t *testing.T) {
			f := parse(t, write(t, nil, func(w *Writer) {
				for key, v := range map[string]any{keySplitNo: c.no, keySplitCount: c.count, keySplitTensors: c.tensors} {
					if v != nil {
						w.Add(key, v)
					}
				}
			}))
			_, err := f.Split()
			wantFormatError(t, err, -1, c.words)
			if got := CheckParts([]*File{f}); got == nil || got.Error() != fmt.Sprintf("part 1 of the model: %v", err) {
				t.Errorf("CheckParts says %v", got)
			}
		})
	}
}

func TestPartNames_FollowTheFirst(t *testing.T) {
	names, err := PartNames("/m/big-00001-of-00003.gguf", 3)
	if err != nil || strings.Join(names, " ") != "/m/big-00001-of-00003.gguf /m/big-00002-of-00003.gguf /m/big-00003-of-00003.gguf" {
		t.Errorf("%v, %v", names, err)
	}
	for _, c := range []struct {
		first string
		count int
	}{{"big.gguf", 3}, {"big-00002-of-00003.gguf", 3}, {"big-00001-of-00002.gguf", 3}, {"big-00001-of-00000.gguf", 0}, {"big-00001-of-70000.gguf", 70_000}} {
		if names, err := PartNames(c.first, c.count); err == nil {
			t.Errorf("%s of %d parts: %v", c.first, c.count, names)
		}
	}
}
