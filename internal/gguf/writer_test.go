package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriter_WritesWhatIsReadBack(t *testing.T) {
	fill := func(c byte) Fill {
		return func(p []byte) error {
			for i := range p {
				p[i] = c
			}
			return nil
		}
	}
	for _, alignment := range []int{0, 8, 64, 4096} {
		b := write(t, nil, func(w *Writer) {
			w.Alignment = alignment
			w.Add("a", uint32(1))
			w.Tensor("first", I8, fill('1'), 5)
			w.Tensor("second", Q4_0, fill('2'), 64, 3)
			w.Tensor("third", F16, fill('3'), 1)
		})
		f := parse(t, b)
		if want := max(int64(alignment), 8); f.Alignment != want && alignment != 0 || alignment == 0 && f.Alignment != 32 {
			t.Errorf("the alignment is %d, want %d", f.Alignment, want)
		}
		if f.Size%f.Alignment != 0 || int64(len(b)) != f.Size {
			t.Errorf("the file has %d bytes, want a multiple of %d", f.Size, f.Alignment)
		}
		for i, want := range []string{strings.Repeat("1", 5), strings.Repeat("2", 6*18), "33"} {
			x := f.Tensors[i]
			at := f.DataOffset + x.Offset
			if got := string(b[at : at+x.Size]); got != want {
				t.Errorf("tensor %q holds %q, want %q", x.Name, got, want)
			}
		}
	}
}

func TestWriter_CopiesValues(t *testing.T) {
	from := parse(t, write(t, nil, func(w *Writer) {
		for _, e := range everything {
			w.Add(e.key, e.value)
		}
		w.Add("long", strings.Repeat("x", keepValue+1))
	}))
	b := write(t, nil, func(w *Writer) {
		for _, v := range from.Metadata {
			w.Add(v.Key, v)
		}
	})
	for i, v := range parse(t, b).Metadata {
		got, err := read(v)
		want, wantErr := read(from.Metadata[i])
		if d := cmp.Diff(want, got); d != "" || err != nil || wantErr != nil {
			t.Errorf("%s: %v %v %s", v.Key, err, wantErr, d)
		}
	}
}

func TestWriter_SaysWhatIsWrong(t *testing.T) {
	big := parse(t, write(t, binary.BigEndian, func(w *Writer) { w.Add("a", uint32(1)) }))
	failing := errors.New("no more numbers")
	for words, add := range map[string]func(*Writer){
		`add "a" to GGUF metadata: a value of type int, allowed are`: func(w *Writer) { w.Add("a", 1) },
		`a value of type []int, allowed are`:                         func(w *Writer) { w.Add("a", []int{1}) },
		`a value of type map[string]int, allowed are`:                func(w *Writer) { w.Add("a", map[string]int{}) },
		`add "a" to GGUF metadata: no value`:                         func(w *Writer) { w.Add("a", nil) },
		`its file has another byte order`:                            func(w *Writer) { w.Add("a", big.Metadata[0]) },
		`add tensor "t": dimensions [33] of Q8_0`:                    func(w *Writer) { w.Tensor("t", Q8_0, nil, 33) },
		`add tensor "t": dimensions [] of F32`:                       func(w *Writer) { w.Tensor("t", F32, nil) },
		`dimensions [1 1 1 1 1] of F32`:                              func(w *Writer) { w.Tensor("t", F32, nil, 1, 1, 1, 1, 1) },
		`of type 4,`:                                                 func(w *Writer) { w.Tensor("t", 4, nil, 1) },
		`dimensions [-1] of F32`:                                     func(w *Writer) { w.Tensor("t", F32, nil, -1) },
		`alignment 12, allowed are powers of two from 8 to 65536`:    func(w *Writer) { w.Alignment = 12 },
		`write GGUF file: tensor "t": no more numbers`: func(w *Writer) {
			w.Tensor("t", F32, func([]byte) error { return failing }, 1)
		},
	} {
		var w Writer
		add(&w)
		if _, err := w.WriteTo(io.Discard); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("error is %v, want it to say %q", err, words)
		}
	}
}

// limited takes some bytes and no more.
type limited struct {
	b    []byte
	left int
}

var errFull = errors.New("no space left")

func (l *limited) Write(p []byte) (int, error) {
	n := min(l.left, len(p))
	l.b = append(l.b, p[:n]...)
	l.left -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestWriter_PassesWriteErrorsOn(t *testing.T) {
	whole := random(t, TinyModel())
	for room := 0; room < len(whole); room += 997 {
		out := &limited{left: room}
		if err := WriteModel(out, TinyModel()); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d bytes: %v, want the writer's error", room, err)
		}
		if !bytes.Equal(out.b, whole[:room]) {
			t.Fatalf("with room for %d bytes, others were written", room)
		}
	}
	var w Writer
	w.Tensor("t", F32, constant(1), 100)
	if n, err := w.WriteTo(&limited{left: 50}); n != 50 || !errors.Is(err, errFull) {
		t.Errorf("WriteTo says %d, %v", n, err)
	}
}
