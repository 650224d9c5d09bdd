//go:build unix

package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/inferd/inferd/internal/store"
)

// A hard link is a way in for whoever may write to the file.
func TestAdopt_LinksOnlyWhatNobodyElseMayWrite(t *testing.T) {
	for mode, mayLink := range map[os.FileMode]bool{
		0o644: true,
		0o600: true,
		0o444: true,
		0o664: false,
		0o646: false,
		0o666: false,
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "weights")
		writeFile(t, file, "weights")
		check(t, os.Chmod(file, mode))
		src, err := store.OpenSource(file)
		check(t, err)
		defer src.Close()
		s := openReal(t, filepath.Join(dir, "models"))
		done, err := s.Adopt(t.Context(), src, mustName(t, "tiny"), store.ImportOptions{})
		check(t, err)
		want := store.MethodCopy
		if mayLink {
			want = store.MethodLink
		}
		// Where the file system can clone, it is a clone in any case.
		if done.Method != want && done.Method != store.MethodClone {
			t.Errorf("%v: %s, want %s", mode, done.Method, want)
		}
		before, err := os.Stat(file)
		check(t, err)
		after, err := os.Stat(done.Path)
		check(t, err)
		if os.SameFile(before, after) != (done.Method == store.MethodLink) {
			t.Errorf("%v: %s, and the same file: %v", mode, done.Method, os.SameFile(before, after))
		}
	}
}
