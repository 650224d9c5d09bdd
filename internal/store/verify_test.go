package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

// verify checks tiny, which must work.
func (w *world) verify(repair bool) store.Check {
	w.t.Helper()
	c, err := w.store.Verify(w.t.Context(), mustName(w.t, "tiny"), store.VerifyOptions{Repair: repair})
	check(w.t, err)
	return c
}

func TestVerify_FindsGoodBytes(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	var told []int64
	c, err := w.store.Verify(t.Context(), mustName(t, "tiny"), store.VerifyOptions{
		Progress: func(d store.Digest, done, total int64) { told = append(told, done, total) },
	})
	check(t, err)
	if c.State != store.CheckGood || c.Size != 7 || len(c.Names) != 1 || c.Blob.Hex() != sum("weights") {
		t.Errorf("the check says %+v", c)
	}
	if diff := cmp.Diff([]int64{7, 7}, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	equal(t, w.events, "verify "+dataPath(sum("weights")))
}

func TestVerify_FindsAMissingBlob(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	check(t, w.volume.Remove("store/"+dataPath(sum("weights"))))
	if c := w.verify(true); c.State != store.CheckMissing {
		t.Errorf("the check says %+v", c)
	}
	e, err := w.store.Get(mustName(t, "tiny"))
	check(t, err)
	if e.State != store.BlobMissing {
		t.Errorf("the blob is %s", e.State)
	}
	// What is missing can be brought in again under the same name.
	w.add("tiny", "weights")
	w.valid()
}

func TestVerify_QuarantinesCorruptBytesWhenAsked(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	data := "store/" + dataPath(sum("weights"))
	w.overwrite(data, "Weights")
	c := w.verify(false)
	if c.State != store.CheckCorrupt || c.Actual.Hex() != sum("Weights") || c.QuarantinePath != "" || !w.has(data) {
		t.Errorf("the check says %+v", c)
	}
	w.events = nil
	c = w.verify(true)
	if c.State != store.CheckCorrupt || w.has(data) {
		t.Errorf("the repair says %+v", c)
	}
	if got := w.read("store/" + c.QuarantinePath); got != "Weights" {
		t.Errorf("quarantine has %q", got)
	}
	equal(t, w.events, "verify "+dataPath(sum("weights")),
		"quarantine "+dataPath(sum("weights"))+" "+sum("weights")+" "+sum("Weights")+" "+c.QuarantinePath)
	var note struct{ Expected, Actual string }
	check(t, json.Unmarshal([]byte(w.read("store/"+strings.TrimSuffix(c.QuarantinePath, ".data")+".json")), &note))
	if note.Expected != "sha256:"+sum("weights") || note.Actual != "sha256:"+sum("Weights") {
		t.Errorf("the note says %+v", note)
	}
	w.add("tiny", "weights")
	w.valid()
}

func TestVerify_CorrectsASizeWhenAsked(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	manifest := w.read("store/manifests/tiny.json")
	w.write("store/manifests/tiny.json", strings.Replace(manifest, `"size_bytes": 7`, `"size_bytes": 8, "x_mine": 1`, 1))
	e, err := w.store.Get(mustName(t, "tiny"))
	check(t, err)
	if c := w.verify(false); c.State != store.CheckWrongSize || c.Corrected || e.State != store.BlobWrongSize {
		t.Errorf("the check says %+v, the entry %+v", c, e)
	}
	if c := w.verify(true); c.State != store.CheckWrongSize || !c.Corrected {
		t.Errorf("the repair says %+v", c)
	}
	if c := w.verify(false); c.State != store.CheckGood {
		t.Errorf("the check says %+v", c)
	}
	if !strings.Contains(w.read("store/manifests/tiny.json"), `"x_mine": 1`) {
		t.Error("a field of another tool is lost")
	}
}

func TestVerify_LeavesAGoodBlobThatTookTheBadOnesPlace(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	data := "store/" + dataPath(sum("weights"))
	w.overwrite(data, "Weights")
	c, err := w.store.Verify(t.Context(), mustName(t, "tiny"), store.VerifyOptions{
		Repair:   true,
		Progress: func(store.Digest, int64, int64) { w.write(data, "weights") },
	})
	check(t, err)
	if c.State != store.CheckCorrupt || c.QuarantinePath != "" {
		t.Errorf("the check says %+v", c)
	}
	w.valid()
}

func TestVerify_ReportsWhatItCannotRead(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	w.add("other", "others")
	w.open(disktest.Fault{
		Match: func(op disktest.Op) bool {
			return op.Kind == disktest.OpRead && op.Name == dataPath(sum("weights"))
		},
		Err: syscall.EIO,
	})
	checks, err := w.store.VerifyAll(t.Context(), store.VerifyOptions{Repair: true})
	check(t, err)
	for _, c := range checks {
		if failed := c.Names[0].String() == "tiny"; failed != errors.Is(c.Err, syscall.EIO) || failed != (c.State == store.CheckFailed) {
			t.Errorf("the check says %+v", c)
		}
	}
	if len(checks) != 2 {
		t.Errorf("%d checks", len(checks))
	}
	w.valid()
	w.open(disktest.Fault{Match: func(op disktest.Op) bool { return op.Kind == disktest.OpRead && strings.HasSuffix(op.Name, "data") }, Err: syscall.EIO})
	if _, err := w.store.Verify(t.Context(), mustName(t, "tiny"), store.VerifyOptions{}); !errors.Is(err, syscall.EIO) {
		t.Errorf("%v, want EIO", err)
	}
}

func TestVerifyAll_ChecksEachBlobOnce(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("a", "weights")
	w.add("b", "weights")
	w.add("c", "gone")
	check(t, w.volume.Remove("store/"+dataPath(sum("gone"))))
	w.write("store/"+dataPath(sum("unnamed")), "Unnamed")
	w.write("store/manifests/broken.json", "{")
	checks, err := w.store.VerifyAll(t.Context(), store.VerifyOptions{Repair: true})
	check(t, err)
	got := map[string]string{}
	for _, c := range checks {
		var names []string
		for _, n := range c.Names {
			names = append(names, n.String())
		}
		got[c.Blob.Hex()] = string(c.State) + " " + strings.Join(names, "+")
	}
	want := map[string]string{sum("weights"): "good a+b", sum("gone"): "missing c", sum("unnamed"): "corrupt "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	check(t, w.volume.Remove("store/manifests/broken.json"))
	w.valid(sum("gone"))
}

func TestVerify_EndsWithItsContext(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	w.add("other", "others")
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	checks, err := w.store.VerifyAll(ctx, store.VerifyOptions{
		Progress: func(store.Digest, int64, int64) { cancel(stop) },
	})
	if !errors.Is(err, stop) || len(checks) != 1 {
		t.Errorf("%v after %d checks, want the cause after one", err, len(checks))
	}
}

func TestStore_SaysWhenThereIsNoSuchModel(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	_, getErr := w.store.Get(mustName(t, "tiny"))
	_, verifyErr := w.store.Verify(t.Context(), mustName(t, "tiny"), store.VerifyOptions{})
	for _, err := range []error{getErr, verifyErr} {
		if !errors.Is(err, store.ErrNoModel) || !strings.Contains(err.Error(), "tiny") {
			t.Errorf("%v, want ErrNoModel", err)
		}
	}
	if _, err := w.store.Blob(t.Context(), mustDigest(t, sum("weights"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
	equal(t, w.files("store"))
}

func TestList_IsInOrderAndComplete(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("b", "weights")
	w.add("a", "others")
	w.write("store/manifests/c.json", "{")
	w.overwrite("store/"+dataPath(sum("others")), "short")
	entries, err := w.store.List()
	check(t, err)
	var got []string
	for _, e := range entries {
		line := e.Name.String() + " " + string(e.State)
		if e.Err != nil {
			line += "unreadable"
		}
		got = append(got, line)
	}
	equal(t, got, "a wrong size", "b present", "c unreadable")
}

func TestGet_SaysWhereItLooks(t *testing.T) {
	w := newWorld(t, disktest.MemoryOptions{})
	w.add("tiny", "weights")
	_, err := w.store.Get(mustName(t, "tiny"))
	check(t, err)
	equal(t, w.events, "checking "+dataPath(sum("weights")))
}
