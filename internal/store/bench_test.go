package store_test

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/store"
)

// benchSize is the size of the file that targets are measured with; -short
// takes a small one.
const benchSize = 2 << 30

func benchFile(b *testing.B) (dir, file string, size int64) {
	b.Helper()
	dir, size = b.TempDir(), benchSize
	if testing.Short() {
		size = 64 << 20
	}
	file = filepath.Join(dir, "weights")
	f, err := os.Create(file)
	check(b, err)
	_, err = io.CopyN(f, rand.Reader, size)
	check(b, err)
	check(b, f.Sync())
	check(b, f.Close())
	return dir, file, size
}

// against measures do and sha256sum on the same file in turn, and reports how
// many times as fast do is: the median of the ratios. undo is not measured.
// Where there is no sha256sum, only the speed of do is reported.
func against(b *testing.B, file string, size int64, do, undo func()) {
	b.Helper()
	sha256sum, err := exec.LookPath("sha256sum")
	hash := func() time.Duration {
		began := time.Now()
		check(b, exec.CommandContext(b.Context(), sha256sum, file).Run())
		return time.Since(began)
	}
	if err == nil {
		hash() // warms the cache
	}
	var ratios []float64
	b.SetBytes(size)
	for b.Loop() {
		began := time.Now()
		do()
		took := time.Since(began)
		b.StopTimer()
		undo()
		if err == nil {
			ratios = append(ratios, hash().Seconds()/took.Seconds())
		}
		b.StartTimer()
	}
	if slices.Sort(ratios); len(ratios) > 0 {
		b.ReportMetric(ratios[len(ratios)/2], "x-sha256sum")
	}
}

// The target is 0.9 times the speed of sha256sum, for each of these.

func BenchmarkImport(b *testing.B) {
	dir, file, size := benchFile(b)
	s, name := openReal(b, filepath.Join(dir, "models")), mustName(b, "tiny")
	src, err := store.OpenSource(file)
	check(b, err)
	defer src.Close()
	against(b, file, size, func() {
		_, err := s.Import(context.Background(), src, name, store.ImportOptions{})
		check(b, err)
	}, func() {
		_, err := s.Remove(context.Background(), name)
		check(b, err)
	})
}

func BenchmarkVerify(b *testing.B) {
	dir, file, size := benchFile(b)
	s, name := openReal(b, filepath.Join(dir, "models")), mustName(b, "tiny")
	importFile(b, s, file, "tiny")
	against(b, file, size, func() {
		c, err := s.Verify(context.Background(), name, store.VerifyOptions{})
		check(b, err)
		if c.State != store.CheckGood {
			b.Fatalf("the check says %+v", c)
		}
	}, func() {})
}
