package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// pieces reads as many bytes at a time as it is told.
type pieces struct {
	data  []byte
	sizes []int
}

func (p *pieces) Read(buf []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := len(buf)
	if len(p.sizes) > 0 {
		n, p.sizes = min(n, p.sizes[0]), p.sizes[1:]
	}
	n = copy(buf[:n], p.data)
	p.data = p.data[n:]
	return n, nil
}

func TestTransfer_HashesAndCopiesEveryByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := bytes.Repeat(rapid.SliceOf(rapid.Byte()).Draw(t, "data"), rapid.IntRange(0, 2000).Draw(t, "times"))
		src := &pieces{data, rapid.SliceOf(rapid.IntRange(0, 5000)).Draw(t, "pieces")}
		size := rapid.Int64Range(0, int64(2*len(data))).Draw(t, "expected size")
		var dst bytes.Buffer
		var told int64
		d, n, err := transfer(context.Background(), &dst, src, size, func(done int64) { told = done })
		if err != nil {
			t.Fatal(err)
		}
		if want := digestOfBytes(data); d != want || n != int64(len(data)) || told != n || !bytes.Equal(dst.Bytes(), data) {
			t.Fatalf("%d of %d bytes, told %d, digest %s, want %s", n, len(data), told, d, want)
		}
	})
}

func digestOfBytes(data []byte) Digest {
	sum := sha256.Sum256(data)
	return digestOf(sum[:])
}

func TestTransfer_KnowsTheDigestOfNothing(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	d, n, err := transfer(t.Context(), nil, bytes.NewReader(nil), 0, nil)
	if d.Hex() != empty || n != 0 || err != nil {
		t.Errorf("digest %s of %d bytes, %v", d, n, err)
	}
}

var errMine = errors.New("mine")

// failingWriter fails after some bytes.
type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errMine
	}
	return len(p), nil
}

// Whatever fails, the error is that one, and no goroutine stays: TestMain looks.
func TestTransfer_EndsWithTheFirstError(t *testing.T) {
	large := bytes.Repeat([]byte("x"), 10*chunkSize)
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(errMine)
	midway, stop := context.WithCancelCause(t.Context())
	for name, c := range map[string]struct {
		ctx      context.Context
		src      io.Reader
		dst      io.Writer
		progress func(int64)
	}{
		"read":        {src: iotest.ErrReader(errMine)},
		"read later":  {src: io.MultiReader(bytes.NewReader(large), iotest.ErrReader(errMine)), dst: io.Discard},
		"write":       {src: bytes.NewReader(large), dst: &failingWriter{}},
		"write later": {src: bytes.NewReader(large), dst: &failingWriter{5 * chunkSize}},
		"cancelled":   {ctx: cancelled, src: bytes.NewReader(large)},
		"cancelled later": {ctx: midway, src: bytes.NewReader(large), dst: io.Discard, progress: func(done int64) {
			if done > 3*chunkSize {
				stop(errMine)
			}
		}},
	} {
		ctx := c.ctx
		if ctx == nil {
			ctx = t.Context()
		}
		if _, _, err := transfer(ctx, c.dst, c.src, int64(len(large)), c.progress); !errors.Is(err, errMine) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTransfer_AllocatesNothingForAChunk(t *testing.T) {
	run := func(size int64) float64 {
		return testing.AllocsPerRun(5, func() {
			if _, _, err := transfer(t.Context(), io.Discard, io.LimitReader(zeros{}, size), size, nil); err != nil {
				t.Error(err)
			}
		})
	}
	few, many := run(4*chunkSize), run(64*chunkSize)
	// The runtime may allocate when a goroutine waits for the first time.
	if many > few+8 {
		t.Errorf("%v allocations for 64 chunks, %v for 4", many, few)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
