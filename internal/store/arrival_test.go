package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
)

func arrivalStore(boot string, volume disk.FS) *Store {
	return New(volume, Options{BootID: boot, SyncEvery: 100})
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// arrive begins or goes on with an arrival that must not be there yet.
func arrive(t testing.TB, s *Store, data []byte) *Arrival {
	t.Helper()
	a, b, err := s.Arrive(context.Background(), digestOfBytes(data), -1)
	if err != nil || b != nil {
		t.Fatalf("there is blob %+v, %v", b, err)
	}
	return a
}

func TestArrive_GoesOnAcrossStoresWithoutReadingAgain(t *testing.T) {
	data := bytes.Repeat([]byte("weights "), 100)
	volume := disktest.NewMemory(disktest.MemoryOptions{})
	for from := 0; from < len(data); from += 50 {
		faulty := disktest.NewFaulty(volume)
		a := arrive(t, arrivalStore("one", faulty), data)
		if a.Offset() != int64(from) || from > 0 && a.Tag() != "v1" {
			t.Fatalf("it goes on at %d with tag %q, want %d", a.Offset(), a.Tag(), from)
		}
		if from == 0 {
			if err := a.Restart("v1"); err != nil {
				t.Fatal(err)
			}
		}
		broken := io.MultiReader(bytes.NewReader(data[from:from+50]), iotest.ErrReader(errors.New("cut")))
		if err := a.Receive(t.Context(), broken, nil); err == nil || err.Error() != "cut" {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		for _, op := range faulty.Ops() {
			if op.Kind == disktest.OpRead && strings.HasSuffix(op.Name, partExt) {
				t.Fatal("what had arrived was read again")
			}
		}
	}
	a := arrive(t, arrivalStore("one", volume), data)
	b := must[*Blob](t)(a.Finish(t.Context(), ""))
	defer b.Close()
	got := must[[]byte](t)(io.ReadAll(b.File()))
	if !bytes.Equal(got, data) || !a.Matches() {
		t.Errorf("the blob is %q", got)
	}
}

// After a power cut the bytes are looked at. What the disk lost is not claimed,
// and what it kept is.
func TestArrive_AfterAPowerCutKeepsWhatIsRight(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 100)
	for _, c := range []struct {
		name   string
		damage func(f disk.File) error
		boot   string
		want   int64
	}{
		{"nothing was lost", func(disk.File) error { return nil }, "two", 500},
		{"the system has no name for its run", func(disk.File) error { return nil }, "", 500},
		{"the last bytes were lost", func(f disk.File) error { return f.Truncate(450) }, "two", 400},
		{"the last bytes are others", func(f disk.File) error { _, err := f.WriteAt([]byte("x"), 480); return err }, "two", 400},
		{"the first bytes are others", func(f disk.File) error { _, err := f.WriteAt([]byte("x"), 3); return err }, "two", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			volume := disktest.NewMemory(disktest.MemoryOptions{})
			a := arrive(t, arrivalStore("one", volume), data)
			for from := 0; from < 500; from += 100 {
				// Each piece but the last one is synced at the next.
				if from == 400 {
					a.s.options.SyncEvery = 1000
				}
				if err := a.Receive(t.Context(), bytes.NewReader(data[from:from+100]), nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			part := must[disk.File](t)(volume.OpenWrite(digestOfBytes(data).part(partExt)))
			if err := c.damage(part); err != nil {
				t.Fatal(err)
			}
			part.Close()
			a = arrive(t, arrivalStore(c.boot, volume), data)
			if a.Offset() != c.want {
				t.Errorf("it goes on at %d, want %d", a.Offset(), c.want)
			}
			if err := a.Receive(t.Context(), bytes.NewReader(data[a.Offset():]), nil); err != nil {
				t.Fatal(err)
			}
			must[*Blob](t)(a.Finish(t.Context(), "")).Close()
		})
	}
}

func TestArrive_AFailedSyncIsNotForgotten(t *testing.T) {
	data := bytes.Repeat([]byte("x"), 300)
	volume := disktest.NewMemory(disktest.MemoryOptions{})
	cut := errors.New("the disk is gone")
	faulty := disktest.NewFaulty(volume, disktest.Fault{Err: cut, Match: func(op disktest.Op) bool {
		return op.Kind == disktest.OpSync && strings.HasSuffix(op.Name, partExt)
	}})
	a := arrive(t, arrivalStore("one", faulty), data)
	var local *ReceiveError
	if err := a.Receive(t.Context(), bytes.NewReader(data[:200]), nil); !errors.Is(err, cut) || !errors.As(err, &local) {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	faulty = disktest.NewFaulty(volume)
	a = arrive(t, arrivalStore("one", faulty), data)
	defer a.Close()
	read := false
	for _, op := range faulty.Ops() {
		read = read || op.Kind == disktest.OpRead && strings.HasSuffix(op.Name, partExt)
	}
	if !read || a.Offset() != 200 {
		t.Errorf("it goes on at %d, and looked at the disk: %t", a.Offset(), read)
	}
}

// A state is believed only whole.
func FuzzDecodeState(f *testing.F) {
	hash, err := marshalHash(sha256.New())
	if err != nil {
		f.Fatal(err)
	}
	good := state{seq: 7, offset: 42, boot: "one", tag: `"etag"`, hash: hash}.encode()
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte(slotMagic))
	f.Fuzz(func(t *testing.T, slot []byte) {
		s, ok := decodeState(slot)
		if ok && (s.offset < 0 || !bytes.HasPrefix(slot, s.encode())) {
			t.Errorf("%+v is not what was written", s)
		}
	})
}

func TestState_SurvivesOneBadSlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		volume := disktest.NewMemory(disktest.MemoryOptions{})
		f := must2(volume.Create("states"))
		n := rapid.IntRange(2, 9).Draw(t, "saves")
		a := &Arrival{hash: sha256.New(), states: f}
		for i := range n {
			a.state.offset = int64(i)
			if err := a.save(rapid.Bool().Draw(t, "synced")); err != nil {
				t.Fatal(err)
			}
		}
		before, err := readStates(f)
		if err != nil || before[0].offset != int64(n-1) {
			t.Fatalf("the states are %+v, %v", before, err)
		}
		torn := before[rapid.IntRange(0, len(before)-1).Draw(t, "torn")].slot
		at := int64(torn*slotSize + rapid.IntRange(0, 150).Draw(t, "at"))
		var old [1]byte
		if _, err := f.ReadAt(old[:], at); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{old[0] ^ 1}, at); err != nil {
			t.Fatal(err)
		}
		after, err := readStates(f)
		if err != nil || len(after) != len(before)-1 {
			t.Fatalf("of %d states %d are left, %v", len(before), len(after), err)
		}
	})
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return v
}
