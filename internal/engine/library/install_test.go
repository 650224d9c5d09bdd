package library

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInstall_PutsOnlyTheLibrariesInPlace(t *testing.T) {
	f := newFixture(t, goodPackage())
	in := f.install(t)

	want := Installed{Dir: f.dir(), LlamaVersion: "v1.0.0", Package: "@test/package", Version: "1.2.3", Files: in.Files}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("Installed (-want +got):\n%s", diff)
	}
	if got, want := names(t, in.Dir), append([]string{"LICENSE", manifestName}, goodFiles[1:]...); !slices.Equal(got, want) {
		t.Errorf("directory holds %q, want %q", got, want)
	}
	data, err := os.ReadFile(filepath.Join(in.Dir, "libllama.v1.0.0.so"))
	if err != nil || string(data) != "code of libllama.v1.0.0.so" {
		t.Errorf("libllama holds %q, %v", data, err)
	}
	checkTidy(t, f)

	opened, err := open(f.Root, *f.pin)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, opened); diff != "" {
		t.Errorf("open differs from what Install returned:\n%s", diff)
	}
}

func TestInstall_KeepsAHealthyEngine(t *testing.T) {
	f := newFixture(t, goodPackage())
	first := f.install(t)
	before, err := os.Stat(first.Dir)
	if err != nil {
		t.Fatal(err)
	}
	f.From = filepath.Join(t.TempDir(), "is not read")
	second := f.install(t)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("second install differs:\n%s", diff)
	}
	if after, err := os.Stat(first.Dir); err != nil || !os.SameFile(before, after) {
		t.Errorf("the directory was replaced (%v)", err)
	}
	if last := (*f.lines)[len(*f.lines)-1]; !strings.HasPrefix(last, "already installed") {
		t.Errorf("last line of progress is %q", last)
	}
}

func TestInstall_NeedsNoWritableRootForAHealthyEngine(t *testing.T) {
	f := newFixture(t, goodPackage())
	f.install(t)
	f.step = func(step string) error {
		if step == "root" {
			return &os.PathError{Op: "mkdir", Path: f.Root, Err: syscall.EROFS}
		}
		return nil
	}
	f.install(t)
}

func TestInstall_ReplacesADamagedEngine(t *testing.T) {
	f := newFixture(t, goodPackage())
	in := f.install(t)
	if err := os.WriteFile(filepath.Join(in.Dir, "libggml-planted.so"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.install(t)
	checkTidy(t, f)
	if all := strings.Join(*f.lines, "\n"); !strings.Contains(all, "libggml-planted.so: was not installed") {
		t.Errorf("progress does not say what was wrong:\n%s", all)
	}
}

func TestInstall_RefusesAPackageOfOtherContents(t *testing.T) {
	f := newFixture(t, goodPackage())
	data, err := os.ReadFile(f.From)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(f.From, data, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Install(t.Context(), f.Options)
	wrong, ok := errors.AsType[*IntegrityError](err)
	if !ok {
		t.Fatalf("error is %v, want an *IntegrityError", err)
	}
	if wrong.Want != f.pin.Integrity || wrong.Got != pinOf(data).Integrity {
		t.Errorf("error names %q and %q", wrong.Want, wrong.Got)
	}
	for _, s := range []string{wrong.Want, wrong.Got, f.From} {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("message %q lacks %q", err, s)
		}
	}
	if got := names(t, f.Root); !slices.Equal(got, []string{lockName}) {
		t.Errorf("root holds %q", got)
	}
}

func TestInstall_RefusesAnIncompletePackage(t *testing.T) {
	for _, missing := range []string{"libggml-base.so", "libggml.v1.0.0.so", "libllama.v1.0.0.so"} {
		f := newFixture(t, slices.DeleteFunc(goodPackage(), func(e entry) bool { return e.name == testDir+"/"+missing }))
		_, err := Install(t.Context(), f.Options)
		if _, ok := errors.AsType[*PackageError](err); !ok {
			t.Errorf("without %s: error is %v, want a *PackageError", missing, err)
		}
	}
}

func TestInstall_NamesAFileThatIsNotThere(t *testing.T) {
	f := newFixture(t, goodPackage())
	for _, from := range []string{filepath.Join(t.TempDir(), "absent.tgz"), t.TempDir()} {
		f.From = from
		if _, err := Install(t.Context(), f.Options); err == nil || !strings.Contains(err.Error(), from) {
			t.Errorf("From %q: error is %v", from, err)
		}
	}
}

func TestInstall_BlamesThePackageFileThatCannotBeRead(t *testing.T) {
	f := newFixture(t, goodPackage())
	denied := &os.PathError{Op: "open", Path: f.From, Err: syscall.EACCES}
	f.step = failAt("obtain", denied)
	_, err := Install(t.Context(), f.Options)
	if _, ok := errors.AsType[*RootError](err); ok || !errors.Is(err, denied) {
		t.Errorf("error is %v", err)
	}
}

func TestInstall_ExplainsARootThatCannotBeWritten(t *testing.T) {
	f := newFixture(t, goodPackage())
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f.Root = filepath.Join(file, "root")
	_, err := Install(t.Context(), f.Options)
	if _, ok := errors.AsType[*RootError](err); !ok {
		t.Errorf("error is %v, want a *RootError", err)
	}
	f.Root = t.TempDir()
	if err := os.Mkdir(filepath.Join(f.Root, lockName), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = Install(t.Context(), f.Options)
	if _, ok := errors.AsType[*RootError](err); !ok || !strings.Contains(err.Error(), lockName) {
		t.Errorf("with a directory in place of the lock: error is %v", err)
	}
	f.Root = ""
	if _, err := Install(t.Context(), f.Options); !errors.Is(err, errNoRoot) {
		t.Errorf("without a root: error is %v", err)
	}
}

func TestInstall_SaysWhenTheDiskIsFull(t *testing.T) {
	for _, step := range []string{"temp", "file", "manifest", "rename"} {
		f := newFixture(t, goodPackage())
		f.step = failAt(step, &os.PathError{Op: "write", Path: filepath.Join(f.Root, "x"), Err: syscall.ENOSPC})
		_, err := Install(t.Context(), f.Options)
		root, ok := errors.AsType[*RootError](err)
		if !ok || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("at %s: error is %v, want a *RootError", step, err)
			continue
		}
		if !strings.Contains(root.Hint(), "space") {
			t.Errorf("hint is %q", root.Hint())
		}
	}
}

func TestInstall_BringsBackAnEngineThatWasOnlyMovedAside(t *testing.T) {
	f := newFixture(t, goodPackage())
	in := f.install(t)
	if err := os.Rename(in.Dir, filepath.Join(f.Root, oldPrefix+filepath.Base(in.Dir))); err != nil {
		t.Fatal(err)
	}
	f.From = filepath.Join(t.TempDir(), "offline")
	f.install(t)
	checkTidy(t, f)
}

func TestInstall_ManyAtOnceEndWell(t *testing.T) {
	f := newFixture(t, goodPackage())
	f.Progress = nil
	var wg sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		wg.Go(func() { _, results[i] = Install(t.Context(), f.Options) })
	}
	wg.Wait()
	for i, err := range results {
		if err != nil {
			t.Errorf("install %d: %v", i, err)
		}
	}
	checkTidy(t, f)
}

func TestInstall_WaitingForAnotherEndsWithItsContext(t *testing.T) {
	f := newFixture(t, goodPackage())
	if err := os.MkdirAll(f.Root, 0o755); err != nil {
		t.Fatal(err)
	}
	release, err := lockRoot(t.Context(), f.Root, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	stop := errors.New("stopped by the user")
	ctx, cancel := context.WithCancelCause(t.Context())
	f.Progress = func(line string) {
		if strings.HasPrefix(line, "waiting") {
			cancel(stop)
		}
	}
	if _, err := Install(ctx, f.Options); !errors.Is(err, stop) {
		t.Errorf("error is %v", err)
	}
}
