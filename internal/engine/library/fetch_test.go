package library

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// withNPM is a fixture that fetches from the fake npm client.
func withNPM(t *testing.T, mode string) fixture {
	t.Helper()
	f := newFixture(t, goodPackage())
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(fakeNPMVar, strings.Replace(mode, "PACKAGE", f.From, 1))
	f.NPM, f.From = exe, ""
	return f
}

func TestInstall_FetchesWithNPM(t *testing.T) {
	f := withNPM(t, "serve:PACKAGE")
	f.install(t)
	checkTidy(t, f)
}

func TestInstall_ChecksWhatNPMServed(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.tgz")
	if err := os.WriteFile(other, tarball(t, goodPackage()[1:]), 0o644); err != nil {
		t.Fatal(err)
	}
	f := withNPM(t, "serve:"+other)
	_, err := Install(t.Context(), f.Options)
	if _, ok := errors.AsType[*IntegrityError](err); !ok {
		t.Errorf("error is %v, want an *IntegrityError", err)
	}
}

func TestInstall_ExplainsNPMsErrors(t *testing.T) {
	for mode, want := range map[string]string{
		"fail:ENOTFOUND": "npm cannot reach its registry (ENOTFOUND)",
		"fail:E404":      "does not have it (E404)",
		"fail:EWEIRD":    "npm: something went wrong EWEIRD",
		"nothing":        "npm made 0 packages",
	} {
		t.Run(mode, func(t *testing.T) {
			f := withNPM(t, mode)
			_, err := Install(t.Context(), f.Options)
			npm, ok := errors.AsType[*NPMError](err)
			if !ok || !strings.Contains(err.Error(), want) {
				t.Fatalf("error is %v, want an *NPMError with %q", err, want)
			}
			if !strings.Contains(npm.Hint(), "--from FILE") || !strings.Contains(npm.Hint(), "@test/package@1.2.3") {
				t.Errorf("hint is %q", npm.Hint())
			}
		})
	}
}

func TestInstall_SaysThatThereIsNoNPM(t *testing.T) {
	f := newFixture(t, goodPackage())
	f.From, f.NPM = "", "npm-that-is-not-there"
	_, err := Install(t.Context(), f.Options)
	npm, ok := errors.AsType[*NPMError](err)
	if !ok || !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "not installed") {
		t.Fatalf("error is %v, want an *NPMError", err)
	}
	if !strings.Contains(npm.Hint(), "--from FILE") {
		t.Errorf("hint is %q", npm.Hint())
	}
}

func TestInstall_StopsNPMWhenItsContextEnds(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	f := withNPM(t, "hang:"+started)
	stop := errors.New("stopped by the user")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := Install(ctx, f.Options)
		done <- err
	}()
	for { // another process makes the file: there is nothing to wait on
		if _, err := os.Stat(started); err == nil {
			break
		}
		select {
		case err := <-done:
			t.Fatalf("ended before npm started: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel(stop)
	if err := <-done; !errors.Is(err, stop) {
		t.Errorf("error is %v", err)
	}
}

func TestInstall_HidesTheEnvironmentFromNPM(t *testing.T) {
	out := filepath.Join(t.TempDir(), "environment")
	f := withNPM(t, "environment:"+out)
	t.Setenv("SOME_API_KEY", "secret")
	t.Setenv("HTTPS_PROXY", "proxy")
	t.Setenv("no_proxy", "localhost")
	t.Setenv("NPM_TOKEN", "token")
	if _, err := Install(t.Context(), f.Options); err == nil {
		t.Fatal("npm made no package, and that was no error")
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(data), "\n")
	for _, want := range []string{"HTTPS_PROXY=proxy", "no_proxy=localhost", "NPM_TOKEN=token", "PATH=" + os.Getenv("PATH")} {
		if !slices.Contains(got, want) {
			t.Errorf("npm does not see %s", want)
		}
	}
	if strings.Contains(string(data), "secret") {
		t.Error("npm sees the secret of another program")
	}
}

func TestInstall_AsksNPMForThePinnedPackage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "arguments")
	f := withNPM(t, "arguments:"+out)
	if _, err := Install(t.Context(), f.Options); err == nil {
		t.Fatal("npm made no package, and that was no error")
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(data), "\n")
	if len(got) < 2 || got[0] != "pack" || got[1] != "@test/package@1.2.3" || !slices.Contains(got, "--ignore-scripts") {
		t.Errorf("npm was called with %q", got)
	}
}
