package weights

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

func identity(n uint64) disk.Identity {
	return disk.Identity{Device: 1, Inode: n, Size: 3, Modified: time.Unix(4, 5), Changed: time.Unix(6, 7)}
}

func ledgerIn(t *testing.T) (*ledger, string, store.Digest) {
	t.Helper()
	root := t.TempDir()
	l, err := openLedger(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	d, err := store.ParseDigest(sum("x"))
	if err != nil {
		t.Fatal(err)
	}
	return l, filepath.Join(root, ledgerName), d
}

func TestLedger_KnowsOneStateOfAFile(t *testing.T) {
	l, path, d := ledgerIn(t)
	id := identity(2)
	if l.has(d, id) {
		t.Error("knows what it was not told")
	}
	if err := l.add(d, id); err != nil {
		t.Fatal(err)
	}
	if !l.has(d, id) {
		t.Error("has forgotten")
	}
	other, _ := store.ParseDigest(sum("y"))
	for name, known := range map[string]bool{
		"another digest": l.has(other, id),
		"another inode":  l.has(d, identity(3)),
		"another size":   l.has(d, disk.Identity{Device: 1, Inode: 2, Size: 4, Modified: id.Modified, Changed: id.Changed}),
		"another ctime":  l.has(d, disk.Identity{Device: 1, Inode: 2, Size: 3, Modified: id.Modified, Changed: time.Unix(6, 8)}),
	} {
		if known {
			t.Errorf("%s passes", name)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want mode 0600", info.Mode(), err)
	}
}

func TestLedger_CountsOnlyWhereNobodyElseCanHaveWrittenIt(t *testing.T) {
	l, path, d := ledgerIn(t)
	if err := l.add(d, identity(2)); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o620); err != nil {
			t.Fatal(err)
		}
		if l.has(d, identity(2)) {
			t.Error("a ledger that the group may write counts")
		}
	}
	if runtime.GOOS != "windows" && os.Geteuid() == 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, 12345, -1); err != nil {
			t.Fatal(err)
		}
		if l.has(d, identity(2)) {
			t.Error("a ledger of another user counts")
		}
	}
	if err := l.add(d, identity(3)); err != nil {
		t.Fatal(err)
	}
	if l.has(d, identity(2)) || !l.has(d, identity(3)) {
		t.Error("what others may have written was taken over")
	}
	for name, content := range map[string]string{
		"no JSON": "{", "another version": strings.Replace(string(good), `"schema_version": 1`, `"schema_version": 2`, 1),
		"endless": strings.Repeat(" ", maxLedger) + string(good), "nothing": "", "another kind": "[]",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if l.has(d, identity(2)) {
			t.Errorf("%s: counts", name)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	elsewhere := write(t, filepath.Join(t.TempDir(), "l"), string(good))
	if err := os.Symlink(elsewhere, path); err == nil && l.has(d, identity(2)) {
		t.Error("a link to a ledger counts")
	}
}

func TestLedger_IsBounded(t *testing.T) {
	l, path, d := ledgerIn(t)
	for i := range maxRecords + 3 {
		if err := l.add(d, identity(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	records, err := l.read()
	if err != nil || len(records) != maxRecords || !l.has(d, identity(maxRecords+2)) {
		t.Errorf("%d records, %v", len(records), err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > maxLedger {
		t.Error(fmt.Sprint(info.Size(), err))
	}
}

func FuzzLedger(f *testing.F) {
	f.Add([]byte(`{"schema_version":1,"verified":[{"sha256":"a","device":1,"inode":2,"size_bytes":3,"mtime_ns":4,"ctime_ns":5}]}`))
	f.Add([]byte(`{"schema_version":1,"verified":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		l, path, d := ledgerIn(t)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if l.has(d, identity(1)) {
			t.Error("vouches for a file that was never verified")
		}
		if err := l.add(d, identity(1)); err != nil || !l.has(d, identity(1)) {
			t.Errorf("can't be written any more: %v", err)
		}
	})
}
