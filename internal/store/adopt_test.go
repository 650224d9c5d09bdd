package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

func TestAdopt_PrefersAClone(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.write("files/tiny", "weights")
	done, err := w.store.Adopt(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
	check(t, err)
	if done.Method != store.MethodClone || done.Saved != 7 || done.Manifest.SharedWith != "" {
		t.Errorf("the adoption says %+v", done)
	}
}

func TestAdopt_LinksWhereItCannotClone(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{NoClone: true})
	w.write("files/tiny", "weights")
	done, err := w.store.Adopt(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
	check(t, err)
	if done.Method != store.MethodLink || done.Saved != 7 || done.Manifest.SharedWith != "tiny" {
		t.Errorf("the adoption says %+v", done)
	}
	if !strings.Contains(w.read("store/manifests/tiny.json"), `"shared_with": "tiny"`) {
		t.Error("the manifest does not say whose file it is")
	}
	w.valid()
	w.clean()

	// Another name for the same bytes must say so too.
	again, err := w.store.Import(t.Context(), w.file("tiny"), mustName(t, "again"), store.ImportOptions{})
	check(t, err)
	if again.Method != store.MethodPresent || again.Manifest.SharedWith != "tiny" {
		t.Errorf("the import says %+v", again)
	}
}

func TestAdopt_CopiesWhatCannotBeLinked(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{NoClone: true, NoLink: true})
	w.write("files/tiny", "weights")
	done, err := w.store.Adopt(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
	check(t, err)
	if done.Method != store.MethodCopy || done.Saved != 0 {
		t.Errorf("the adoption says %+v", done)
	}
}

// Import must give a blob that no other tool can change.
func TestImport_NeverLinks(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{NoClone: true})
	if done := w.add("tiny", "weights"); done.Method != store.MethodCopy {
		t.Errorf("the import says %+v", done)
	}
	for _, op := range w.faulty.Ops() {
		if op.Kind == disktest.OpLink {
			t.Error("a link was made")
		}
	}
}

// A link is made by name; the name must still be that of the file whose rights
// were looked at.
func TestAdopt_NoticesAFileThatTookTheSourcesName(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{NoClone: true})
	w.write("files/tiny", "weights")
	w.open(disktest.Fault{Match: func(op disktest.Op) bool {
		if op.Kind == disktest.OpLink {
			w.write("files/tiny", "Weights")
		}
		return false
	}})
	_, err := w.store.Adopt(t.Context(), w.file("tiny"), mustName(t, "tiny"), store.ImportOptions{})
	if _, ok := errors.AsType[*store.ChangedError](err); !ok {
		t.Errorf("%v, want a *ChangedError", err)
	}
	w.valid()
	w.clean()
}
