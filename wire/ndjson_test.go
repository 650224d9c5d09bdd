package wire

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// frames reads r to its end and returns copies of the frames, and the error
// that ended it.
func frames(r *Reader) ([]string, error) {
	var got []string
	for {
		f, err := r.Next()
		if err != nil {
			return got, err
		}
		got = append(got, string(f))
	}
}

func TestReader_CutsLines(t *testing.T) {
	long := strings.Repeat("x", 3*readChunk)
	tests := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"one", "a\n", []string{"a"}},
		{"two", "a\nb\n", []string{"a", "b"}},
		{"a trailing line without newline is a last frame", "a\nb", []string{"a", "b"}},
		{"carriage return and newline", "a\r\nb\r\n", []string{"a", "b"}},
		{"a trailing carriage return", "a\r", []string{"a"}},
		{"only one carriage return is part of the line end", "a\r\r\n", []string{"a\r"}},
		{"a carriage return inside stays", "a\rb\n", []string{"a\rb"}},
		{"blank lines are skipped", "\n\na\n\r\n\n \t \nb\n\n", []string{"a", "b"}},
		{"blank last line", "a\n  ", []string{"a"}},
		{"white space around a frame stays", " a \n", []string{" a "}},
		{"longer than a read", long + "\nb\n" + long, []string{long, "b", long}},
		{"zero bytes", "\x00\n\x00\x00", []string{"\x00", "\x00\x00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, src := range map[string]io.Reader{
				"whole":         strings.NewReader(tt.in),
				"bytes":         iotest.OneByteReader(strings.NewReader(tt.in)),
				"end with data": iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				r := NewReader(src)
				got, err := frames(r)
				if err != io.EOF {
					t.Errorf("%s: ended with %v, want io.EOF", name, err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: frames (-want +got):\n%s", name, diff)
				}
				if _, err := r.Next(); err != io.EOF {
					t.Errorf("%s: after the end: %v, want io.EOF again", name, err)
				}
			}
		})
	}
}

func TestReader_AcceptsExactlyItsLimit(t *testing.T) {
	for _, max := range []int{1, 2, 7, readChunk - 1, readChunk, readChunk + 1, 3 * readChunk} {
		fits := strings.Repeat("x", max)
		over := fits + "x"
		tests := []struct {
			name, in string
			want     []string
			err      error
		}{
			{"limit", fits + "\n", []string{fits}, io.EOF},
			{"limit with carriage return", fits + "\r\n", []string{fits}, io.EOF},
			{"limit without newline", fits, []string{fits}, io.EOF},
			{"limit with trailing carriage return", fits + "\r", []string{fits}, io.EOF},
			{"one more", over + "\n", nil, ErrFrameTooLarge},
			{"one more with carriage return", over + "\r\n", nil, ErrFrameTooLarge},
			{"one more without newline", over, nil, ErrFrameTooLarge},
			{"a carriage return inside counts", fits + "\rx\n", nil, ErrFrameTooLarge},
			{"two carriage returns", fits + "\r\r\n", nil, ErrFrameTooLarge},
			{"blank but too long", strings.Repeat(" ", max+1) + "\na\n", nil, ErrFrameTooLarge},
			{"frames before it come first", "a\n" + fits + "\nb\n" + over + "\n", []string{"a", fits, "b"}, ErrFrameTooLarge},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				for name, src := range map[string]io.Reader{
					"whole": strings.NewReader(tt.in),
					"bytes": iotest.OneByteReader(strings.NewReader(tt.in)),
				} {
					got, err := frames(NewReaderSize(src, max))
					if !errors.Is(err, tt.err) {
						t.Errorf("max %d, %s: ended with %v, want %v", max, name, err, tt.err)
					}
					if diff := cmp.Diff(tt.want, got); diff != "" {
						t.Errorf("max %d, %s: frames (-want +got):\n%s", max, name, diff)
					}
				}
			})
		}
	}
}

var filler = bytes.Repeat([]byte{'x'}, 4<<10)

// endless gives n times the byte x, then what follows, without holding it.
type endless struct {
	n     int64
	after string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		n := copy(p, e.after)
		e.after = e.after[n:]
		if n == 0 {
			return 0, io.EOF
		}
		return n, nil
	}
	n := int(min(int64(len(p)), e.n))
	for i := 0; i < n; i += len(filler) {
		copy(p[i:n], filler)
	}
	e.n -= int64(n)
	return n, nil
}

func TestReader_AcceptsExactly64MiB(t *testing.T) {
	r := NewReaderSize(&endless{64 << 20, "\nnext\n"}, 0) // 0 is the default
	f, err := r.Next()
	if err != nil || len(f) != 67_108_864 {
		t.Fatalf("Next() = %d bytes, %v; want 67108864", len(f), err)
	}
	if f, err := r.Next(); string(f) != "next" || err != nil {
		t.Fatalf("the frame after it = %q, %v", f, err)
	}
	if cap(r.buf) > 2*readChunk {
		t.Errorf("the buffer still has %d bytes after the large frame", cap(r.buf))
	}
}

func TestReader_RefusesOneByteMoreForGood(t *testing.T) {
	src := &endless{1 << 40, ""}
	r := NewReader(src)
	for range 3 {
		if f, err := r.Next(); err != ErrFrameTooLarge || f != nil {
			t.Fatalf("Next() = %d bytes, %v; want ErrFrameTooLarge", len(f), err)
		}
	}
	if read := 1<<40 - src.n; read > MaxFrame+readChunk {
		t.Errorf("read %d bytes before refusing, want at most %d", read, MaxFrame+readChunk)
	}
	if r.buf != nil {
		t.Errorf("a dead reader keeps a buffer of %d bytes", cap(r.buf))
	}
}

func TestReader_GrowsWithWhatArrives(t *testing.T) {
	const max = 1 << 20
	src := &endless{max, "\n"}
	r := NewReaderSize(nil, max)
	if r.buf != nil {
		t.Fatal("a reader has a buffer before the first read")
	}
	r.src = readerFunc(func(p []byte) (int, error) {
		arrived := max - src.n
		if c := int64(cap(r.buf)); c > 2*arrived+readChunk || c > max+readChunk {
			t.Fatalf("the buffer has %d bytes when %d have arrived", c, arrived)
		}
		return src.Read(p[:min(len(p), 1000)])
	})
	if f, err := r.Next(); len(f) != max || err != nil {
		t.Fatalf("Next() = %d bytes, %v", len(f), err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestReader_LetsGoOfALargeBuffer(t *testing.T) {
	idle := false
	r := &Reader{max: MaxFrame}
	src := io.MultiReader(&endless{1 << 20, "\nshort\n"}, readerFunc(func([]byte) (int, error) {
		idle = true
		if cap(r.buf) > readChunk {
			t.Errorf("an idle reader holds %d bytes, want %d", cap(r.buf), readChunk)
		}
		return 0, io.EOF
	}))
	r.src = src
	got, err := frames(r)
	if err != io.EOF || len(got) != 2 || got[1] != "short" || !idle {
		t.Fatalf("frames() = %d frames, %v", len(got), err)
	}
}

func TestReader_KeepsReadAhead(t *testing.T) {
	const in = "first\nsecond\nthi"
	reads := 0
	r := NewReader(readerFunc(func(p []byte) (int, error) {
		reads++
		switch reads {
		case 1:
			return copy(p, in), nil
		case 2:
			return copy(p, "rd\n"), nil
		}
		return 0, io.EOF
	}))
	for i, want := range []string{"first", "second", "third"} {
		f, err := r.Next()
		if err != nil || string(f) != want {
			t.Fatalf("frame %d = %q, %v; want %q", i, f, err, want)
		}
		if i == 1 && reads != 1 {
			t.Errorf("read %d times for two frames that came together", reads)
		}
	}
}

func TestReader_ReturnsTransportErrorsAsTheyAreAndGoesOn(t *testing.T) {
	steps := []struct {
		data string
		err  error
	}{
		{"a\nhal", os.ErrDeadlineExceeded},
		{"", os.ErrDeadlineExceeded},
		{"f\nb\n", nil},
		{"cut", io.ErrUnexpectedEOF},
		{"", io.EOF},
	}
	r := NewReader(readerFunc(func(p []byte) (int, error) {
		s := steps[0]
		steps = steps[1:]
		return copy(p, s.data), s.err
	}))
	want := []struct {
		frame string
		err   error
	}{
		{"a", nil},
		{"", os.ErrDeadlineExceeded},
		{"", os.ErrDeadlineExceeded},
		{"half", nil},
		{"b", nil},
		{"", io.ErrUnexpectedEOF},
		{"cut", nil},
	}
	for i, w := range want {
		if f, err := r.Next(); string(f) != w.frame || err != w.err {
			t.Fatalf("call %d: Next() = %q, %v; want %q, %v", i, f, err, w.frame, w.err)
		}
	}
}

func TestReader_GivesUpOnATransportThatReturnsNothing(t *testing.T) {
	r := NewReader(readerFunc(func([]byte) (int, error) { return 0, nil }))
	if _, err := r.Next(); err != io.ErrNoProgress {
		t.Errorf("Next() error = %v, want io.ErrNoProgress", err)
	}
}

// chunkReader gives at most chunk bytes at a time.
type chunkReader struct {
	src   io.Reader
	chunk int
}

func (c chunkReader) Read(p []byte) (int, error) { return c.src.Read(p[:min(len(p), c.chunk)]) }

func TestReader_NeverScansAByteTwice(t *testing.T) {
	const size = 1 << 20
	src := chunkReader{&endless{size, "\n"}, 16}
	r := NewReaderSize(nil, size)
	r.src = readerFunc(func(p []byte) (int, error) {
		if again := len(r.buf) - r.scanned; again != 0 {
			t.Fatalf("%d bytes that have arrived would be scanned again", again)
		}
		return src.Read(p)
	})
	if f, err := r.Next(); len(f) != size || err != nil {
		t.Fatalf("Next() = %d bytes, %v", len(f), err)
	}
}

func TestReader_AnyChunkingGivesTheSameFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.OneOf(
			rapid.StringMatching(`[a-z \t\r]{0,20}`),
			rapid.Just(strings.Repeat("y", readChunk)),
			rapid.Just(strings.Repeat("z", 5*readChunk)),
		)
		in := strings.Join(rapid.SliceOfN(line, 0, 12).Draw(t, "lines"), "\n")
		max := rapid.SampledFrom([]int{10, readChunk, MaxFrame}).Draw(t, "max")
		want, wantErr := frames(NewReaderSize(strings.NewReader(in), max))

		rest := []byte(in)
		r := NewReaderSize(readerFunc(func(p []byte) (int, error) {
			if len(rest) == 0 {
				return 0, io.EOF
			}
			n := rapid.IntRange(1, min(len(p), len(rest))).Draw(t, "chunk")
			copy(p, rest[:n])
			rest = rest[n:]
			return n, nil
		}), max)
		got, err := frames(r)
		if err != wantErr {
			t.Fatalf("ended with %v, in one piece with %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("frames (-in one piece +in chunks):\n%s", diff)
		}
	})
}

// FuzzReader compares the reader with the plain definition of its job.
func FuzzReader(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n c"), byte(3), uint16(2))
	f.Add([]byte("\r\n\r"), byte(1), uint16(1))
	f.Add([]byte("xxxx\r\nyyyyy"), byte(2), uint16(4))
	f.Fuzz(func(t *testing.T, in []byte, chunk byte, limit uint16) {
		max := int(limit) + 1
		var want []string
		wantErr := io.EOF
		for line := range bytes.SplitSeq(in, []byte{'\n'}) {
			line = bytes.TrimSuffix(line, []byte{'\r'})
			if len(line) > max {
				wantErr = ErrFrameTooLarge
				break
			}
			if len(bytes.Trim(line, " \t\r")) > 0 {
				want = append(want, string(line))
			}
		}
		got, err := frames(NewReaderSize(chunkReader{bytes.NewReader(in), int(chunk) + 1}, max))
		if err != wantErr {
			t.Fatalf("ended with %v, want %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("frames (-want +got):\n%s", diff)
		}
	})
}
