package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestOpen_TakesWhatIsValid(t *testing.T) {
	big := &raw{order: binary.BigEndian}
	for name, c := range map[string]struct {
		file *raw
		want File
	}{
		"nothing in it": {start(0, 0), File{Version: 3, Alignment: 32, DataOffset: 24}},
		"version 2": {(&raw{order: binary.LittleEndian}).bytes("GGUF").u32(2).u64(0).u64(0),
			File{Version: 2, Alignment: 32, DataOffset: 24}},
		"big-endian": {big.bytes("GGUF").u32(3).u64(1).u64(1).entry("k", 7).tensor("t", F32, 0, 2).pad(32).zeros(8),
			File{Version: 3, BigEndian: true, Alignment: 32, DataOffset: 96, DataSize: 8,
				Tensors: []Tensor{{Name: "t", Type: F32, Dims: []int64{2}, Size: 8}}}},
		"metadata without padding": {start(0, 1).entry("k", 7), File{Version: 3, Alignment: 32, DataOffset: 41}},
		"another alignment": {
			start(2, 1).entry(keyAlignment, 8).tensor("a", F16, 0, 3).tensor("b", I8, 8, 5).pad(8).zeros(8 + 5),
			File{Version: 3, Alignment: 8, DataOffset: 128, DataSize: 13, Tensors: []Tensor{
				{Name: "a", Type: F16, Dims: []int64{3}, Size: 6}, {Name: "b", Type: I8, Dims: []int64{5}, Offset: 8, Size: 5}}}},
		"four dimensions": {start(1, 0).tensor("t", Q8_0, 0, 64, 3, 1, 2).pad(32).zeros(64 / 32 * 34 * 6),
			File{Version: 3, Alignment: 32, DataOffset: 96, DataSize: 408,
				Tensors: []Tensor{{Name: "t", Type: Q8_0, Dims: []int64{64, 3, 1, 2}, Size: 408}}}},
		"a single number": {start(1, 0).tensor("t", F32, 0).pad(32).zeros(4),
			File{Version: 3, Alignment: 32, DataOffset: 64, DataSize: 4, Tensors: []Tensor{{Name: "t", Type: F32, Dims: []int64{}, Size: 4}}}},
		"bytes after the data": {start(1, 0).tensor("t", F32, 0, 1).pad(32).zeros(4 + 100),
			File{Version: 3, Alignment: 32, DataOffset: 64, DataSize: 4,
				Tensors: []Tensor{{Name: "t", Type: F32, Dims: []int64{1}, Size: 4}}}},
		"the longest names": {
			start(1, 1).entry(strings.Repeat("k", MaxKey), 1).tensor(strings.Repeat("t", MaxTensorName), F32, 0, 1).pad(32).zeros(4),
			File{Version: 3, Alignment: 32, DataOffset: 416, DataSize: 4,
				Tensors: []Tensor{{Name: strings.Repeat("t", MaxTensorName), Type: F32, Dims: []int64{1}, Size: 4}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := parse(t, c.file.b)
			c.want.Size = int64(len(c.file.b))
			if d := cmp.Diff(&c.want, got, cmpopts.IgnoreUnexported(File{}), cmpopts.IgnoreFields(File{}, "Metadata")); d != "" {
				t.Error(d)
			}
			for _, want := range got.Tensors {
				if found, ok := got.Tensor(want.Name); !ok || found.Offset != want.Offset {
					t.Errorf("Tensor(%q) is %v, %v", want.Name, found, ok)
				}
			}
		})
	}
}

func TestOpen_RefusesABadHeader(t *testing.T) {
	le := func() *raw { return &raw{order: binary.LittleEndian} }
	for name, c := range map[string]struct {
		file   *raw
		offset int64
		words  string
	}{
		"empty":                   {le(), 0, "the magic number takes 4 bytes, and the file has 0 more"},
		"another format":          {le().bytes("GGML").u32(3).u64(0).u64(0), 0, `begins with "GGML"`},
		"no version":              {le().bytes("GGUF\x03"), 4, "the version takes 4 bytes"},
		"version 0":               {le().bytes("GGUF").u32(0).u64(0).u64(0), 4, "version is 0, allowed are 2 and 3"},
		"version 1":               {le().bytes("GGUF").u32(1).u64(0).u64(0), 4, "version is 1, allowed are 2 and 3"},
		"version 4":               {le().bytes("GGUF").u32(4).u64(0).u64(0), 4, "version is 4, allowed are 2 and 3"},
		"version 1 in big-endian": {le().bytes("GGUF").u32(1 << 24).u64(0).u64(0), 4, "version is 1, allowed are 2 and 3"},
		"no tensor count":         {le().bytes("GGUF").u32(3).u32(0), 8, "the number of tensors takes 8 bytes"},
		"no entry count":          {le().bytes("GGUF").u32(3).u64(0).u32(0), 16, "the number of metadata entries takes 8 bytes"},
		"too many tensors":        {start(MaxTensors+1, 0), 8, "131073 tensors, allowed are at most 131072"},
		"too many entries":        {start(0, MaxKeys+1), 16, "65537 metadata entries, allowed are at most 65536"},
		"a negative count":        {start(math.MaxUint64, 0), 8, "allowed are at most 131072"},
		"tensors without bytes":   {start(2, 0).zeros(10), 8, "declares 2 tensors, and has 18 more bytes"},
		"entries without bytes":   {start(0, 2).zeros(27), 16, "declares 2 metadata entries, and has 27 more bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(c.file.b)
			wantFormatError(t, err, c.offset, c.words)
		})
	}
}

func TestOpen_RefusesBadMetadata(t *testing.T) {
	const at = 24 // where the first entry begins
	for name, c := range map[string]struct {
		file   *raw
		offset int64
		words  string
	}{
		"empty key":             {start(0, 1).str("").u32(4).u32(0).u32(0), at, "a key has 0 bytes, allowed are 1 to 256"},
		"long key":              {start(0, 1).str(strings.Repeat("k", 257)).u32(4).u32(0), at, "a key has 257 bytes"},
		"huge key":              {start(0, 1).u64(math.MaxUint64).zeros(50), at, "allowed are 1 to 256"},
		"key past the end":      {start(0, 1).u64(200).zeros(100), at + 8, "a key takes 200 bytes, and the file has 100 more"},
		"zero byte in a key":    {start(0, 1).entry("a\x00b", 1), at + 8, `"a\x00b", allowed is text`},
		"control byte in a key": {start(0, 1).entry("\x1b[31m", 1), at + 8, "without control characters"},
		"key that is not UTF-8": {start(0, 1).entry("a\xff", 1), at + 8, "without control characters"},
		"key twice":             {start(0, 2).entry("a", 1).entry("a", 1), at + 17, `the key "a" is there twice`},
		"no type":               {start(0, 1).str("abcdefgh").zeros(3), at + 16, `the type of "abcdefgh" takes 4 bytes`},
		"unknown type":          {start(0, 1).str("a").u32(13).u32(0), at + 9, `"a" has the value type 13, allowed are 0 to 12`},
		"no value":              {start(0, 1).str("a").u32(10).u32(0), at + 13, `the value of "a" takes 8 bytes, and the file has 4 more`},
		"no string length":      {start(0, 1).str("a").u32(8).u32(0), at + 13, `the length of a string of "a" takes 8 bytes`},
		"long string":           {start(0, 1).str("a").u32(8).u64(MaxString + 1), at + 13, "16777217 bytes, allowed are at most 16777216"},
		"string past the end":   {start(0, 1).str("a").u32(8).u64(5).zeros(4), at + 21, `the value of "a" takes 5 bytes, and the file has 4 more`},
		"no element type":       {start(0, 1).str("abc").u32(9).zeros(3), at + 15, `the type of "abc" takes 4 bytes`},
		"unknown element type":  {start(0, 1).str("a").u32(9).u32(77).u64(0), at + 13, `"a" has the value type 77`},
		"array of arrays":       {start(0, 1).str("a").u32(9).u32(9).u64(0), at + 13, `"a" is an array of arrays`},
		"no array length":       {start(0, 1).str("a").u32(9).u32(4).zeros(7), at + 17, `the length of "a" takes 8 bytes`},
		"long array":            {start(0, 1).str("a").u32(9).u32(4).u64(MaxArray + 1), at + 17, "16777217 elements, allowed are at most 16777216"},
		"array past the end":    {start(0, 1).str("a").u32(9).u32(4).u64(3).zeros(11), at + 25, `the elements of "a" takes 12 bytes, and the file has 11 more`},
		"strings past the end":  {start(0, 1).str("a").u32(9).u32(8).u64(2).str("x").zeros(7), at + 34, `the length of a string of "a" takes 8 bytes`},
		"long string in array":  {start(0, 1).str("a").u32(9).u32(8).u64(1).u64(MaxString + 1), at + 25, "allowed are at most 16777216"},
		"cut string in array":   {start(0, 1).str("a").u32(9).u32(8).u64(1).u64(3).zeros(2), at + 33, `an element of "a" takes 3 bytes`},
		"alignment of 0":        {start(0, 1).entry(keyAlignment, 0), at + 29, "is 0, allowed are powers of two from 8 to 65536"},
		"alignment of 4":        {start(0, 1).entry(keyAlignment, 4), at + 29, "is 4, allowed are powers of two"},
		"alignment of 24":       {start(0, 1).entry(keyAlignment, 24), at + 29, "is 24, allowed are powers of two"},
		"alignment of 128 KiB":  {start(0, 1).entry(keyAlignment, 128<<10), at + 29, "is 131072, allowed are powers of two"},
		"alignment of uint64":   {start(0, 1).str(keyAlignment).u32(10).u64(32), at + 29, "has type uint64, wanted is uint32"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(c.file.b)
			wantFormatError(t, err, c.offset, c.words)
		})
	}
}

func TestOpen_RefusesABadTensorTable(t *testing.T) {
	const at = 24 // where the first entry begins
	huge := uint64(math.MaxInt64)
	for name, c := range map[string]struct {
		file   *raw
		offset int64
		words  string
	}{
		"empty name":            {start(1, 0).tensor("", F32, 0, 1).zeros(100), at, "the name of a tensor has 0 bytes, allowed are 1 to 63"},
		"long name":             {start(1, 0).tensor(strings.Repeat("t", 64), F32, 0, 1).zeros(100), at, "has 64 bytes, allowed are 1 to 63"},
		"zero byte in a name":   {start(1, 0).tensor("t\x00", F32, 0, 1).zeros(100), at + 8, `is "t\x00"`},
		"name twice":            {start(2, 0).tensor("t", F32, 0, 1).tensor("t", F32, 32, 1).zeros(100), at + 33, `the tensor "t" is there twice`},
		"cut after the name":    {start(1, 0).str("a name that has room").zeros(3), at + 28, `the number of dimensions of "a name that has room" takes 4`},
		"five dimensions":       {start(1, 0).tensor("t", F32, 0, 1, 1, 1, 1, 1).zeros(100), at + 9, "has 5 dimensions, allowed are at most 4"},
		"cut dimensions":        {start(1, 0).str("t").u32(4).u64(1).u64(1).zeros(3), at + 29, `a dimension of "t" takes 8 bytes`},
		"dimension of 0":        {start(1, 0).tensor("t", F32, 0, 4, 0).zeros(100), at + 21, "has a dimension of 0"},
		"negative dimension":    {start(1, 0).tensor("t", F32, 0, 1<<63).zeros(100), at + 13, "has a dimension of 9223372036854775808"},
		"product too large":     {start(1, 0).tensor("t", F32, 0, 1<<32, 1<<32).zeros(100), at + 21, "more than 9223372036854775807 elements"},
		"product of 2^63-1":     {start(1, 0).tensor("t", F32, 0, huge).zeros(100), at + 13, "more than 9223372036854775807 elements"},
		"cut before the type":   {start(1, 0).str("t").u32(1).u64(1).u32(0).bytes("ab"), at + 25, `the offset of "t" takes 8 bytes`},
		"withdrawn type":        {start(1, 0).tensor("t", 4, 0, 1).zeros(100), at + 21, "has the type 4, which the engine does not know"},
		"unknown type":          {start(1, 0).tensor("t", 43, 0, 1).zeros(100), at + 21, "has the type 43"},
		"huge type":             {start(1, 0).tensor("t", math.MaxUint32, 0, 1).zeros(100), at + 21, "has the type 4294967295"},
		"half a block":          {start(1, 0).tensor("t", Q4_0, 0, 48, 2).zeros(100), at + 9, "rows of 48 elements, allowed for Q4_0 are multiples of 32"},
		"a block of one number": {start(1, 0).tensor("t", Q4_0, 0).zeros(100), at + 9, "rows of 1 elements"},
		"size too large":        {start(1, 0).tensor("t", F64, 0, 1<<61).zeros(100), at + 9, "more than fit into the file"},
		"larger than the file":  {start(1, 0).tensor("t", F32, 0, 1000).zeros(100), at + 9, "1000 elements of F32, more than fit into the file of 157 bytes"},
		"no offset":             {start(1, 0).str("t").u32(1).u64(1).u32(0).zeros(7), at + 25, `the offset of "t" takes 8 bytes`},
		"unaligned offset":      {start(1, 0).tensor("t", F32, 16, 1).zeros(100), at + 25, "begins at 16 of the data, allowed are multiples of 32"},
		"gap at the start":      {start(1, 0).tensor("t", F32, 32, 1).zeros(100), at + 25, "begins at 32 of the data, the one before it ends at 0"},
		"gap between":           {start(2, 0).tensor("t", F32, 0, 1).tensor("u", F32, 64, 1).zeros(200), at + 58, "begins at 64 of the data, the one before it ends at 32"},
		"overlap":               {start(2, 0).tensor("t", F32, 0, 9).tensor("u", F32, 32, 1).zeros(200), at + 58, "begins at 32 of the data, the one before it ends at 64"},
		"huge offset":           {start(1, 0).tensor("t", F32, 1<<63, 1).zeros(100), at + 25, "begins at 9223372036854775808"},
		"more than the file":    {start(2, 0).tensor("t", I8, 0, 100).tensor("u", I8, 128, 70).zeros(20), at + 58, "needs 70 bytes at 128 of the data, and the whole file has 110"},
		"no padding":            {start(1, 0).tensor("t", I8, 0, 1), 57, "the file ends before its data, which begins at byte 64"},
		"data cut short":        {start(2, 0).tensor("t", F32, 0, 8).tensor("u", F32, 32, 8).pad(32).zeros(63), 159, `the data of tensor "u" at byte 160: it is cut short`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(c.file.b)
			wantFormatError(t, err, c.offset, c.words)
		})
	}
}

// zeros is a file of zeros behind some bytes, of any size.
type zeros []byte

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(z)) {
		copy(p, z[off:])
	}
	return len(p), nil
}

func TestOpen_BoundsTheHeader(t *testing.T) {
	elements := start(0, 1).str("a").u32(uint32(Array)).u32(uint32(Uint64)).u64(MaxArray)
	_, err := Open(zeros(elements.b), 1<<40)
	wantFormatError(t, err, 49, "the header goes on beyond 134217728 bytes")
}

func TestOpen_RefusesASizeThatIsNone(t *testing.T) {
	for _, size := range []int64{-1, math.MinInt64, math.MaxInt64, maxFile + 1} {
		_, err := Open(zeros(start(0, 0).b), size)
		wantFormatError(t, err, 0, "allowed are at most")
	}
}

// A file can become shorter while it is read, or be shorter than was said.
func TestOpen_RefusesAFileThatEndsEarly(t *testing.T) {
	b := start(0, 1).entry("k", 1).b
	_, err := Open(bytes.NewReader(b), int64(len(b))+1000)
	wantFormatError(t, err, int64(len(b)), "the file ends here")
}

type brokenDisk struct{}

var errBroken = errors.New("input/output error")

func (brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

func TestOpen_PassesReadErrorsOn(t *testing.T) {
	_, err := Open(brokenDisk{}, 100)
	var fe *FormatError
	if !errors.Is(err, errBroken) || errors.As(err, &fe) {
		t.Errorf("error is %v, want the reader's, and no *FormatError", err)
	}
}
