package library

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary plays two parts beside its own: the npm client, and an
// install that is killed at a given step.
const (
	fakeNPMVar = "npm_config_fake" // an npm setting, so that it gets through to npm
	killVar    = "INFERD_TEST_KILL"

	killedCode = 99
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(fakeNPMVar) != "":
		// Not os.Exit: under the race detector it sleeps for a second.
		syscall.Exit(fakeNPM(os.Getenv(fakeNPMVar), os.Args[1:]))
	case os.Getenv(killVar) != "":
		os.Exit(installUntilKilled(os.Getenv(killVar)))
	}
	os.Exit(m.Run())
}

// fakeNPM does as `npm pack PKG --pack-destination DIR …` does. mode says what
// happens, with an argument after a colon.
func fakeNPM(mode string, args []string) int {
	mode, arg, _ := strings.Cut(mode, ":")
	dir := args[slices.Index(args, "--pack-destination")+1]
	switch mode {
	case "serve": // arg is the tarball
		data, err := os.ReadFile(arg)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "fake-package-1.2.3.tgz"), data, 0o644)
		}
		return exitCode(err)
	case "environment": // arg is where to write it
		return exitCode(os.WriteFile(arg, []byte(strings.Join(os.Environ(), "\n")), 0o644))
	case "arguments":
		return exitCode(os.WriteFile(arg, []byte(strings.Join(args, "\n")), 0o644))
	case "hang":
		if err := os.WriteFile(arg, nil, 0o644); err != nil {
			return 1
		}
		time.Sleep(time.Hour)
	case "fail": // arg is npm's code
		fmt.Fprintf(os.Stderr, "npm error code %s\nnpm error something went wrong\n", arg)
		return 1
	}
	return 0
}

func exitCode(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "npm error", err)
		return 1
	}
	return 0
}

// entry is one member of a tarball made for a test.
type entry struct {
	name string
	body string
	head tar.Header // Typeflag, Size and Linkname override what name and body give
}

const testDir = "package/bins/test"

// goodPackage is what a whole package looks like, with what is not wanted.
func goodPackage() []entry {
	lib := func(name string) entry {
		return entry{name: testDir + "/" + name, body: "code of " + name}
	}
	return []entry{
		{name: "package/LICENSE", body: "licence"},
		{name: "package/package.json", body: "{}"},
		{name: "package/dist/libllama.so", body: "not in the directory of libraries"},
		lib("llama-addon.node"), lib("libllama-common.so"), lib("_nlcBuildMetadata.json"),
		lib("libggml-base.so"), lib("libggml.v1.0.0.so"), lib("libllama.v1.0.0.so"),
		lib("libggml-cpu-x64.so"), lib("libggml-cpu-haswell.so"),
	}
}

// goodFiles are the files of goodPackage that are installed.
var goodFiles = []string{
	"LICENSE", "libggml-base.so", "libggml-cpu-haswell.so", "libggml-cpu-x64.so", "libggml.v1.0.0.so",
	"libllama.v1.0.0.so",
}

func tarball(t testing.TB, entries []entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	w := tar.NewWriter(gz)
	for _, e := range entries {
		h := e.head
		h.Name, h.Mode = e.name, 0o644
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Size == 0 {
			h.Size = int64(len(e.body))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatalf("write header %q: %v", e.name, err)
		}
		if _, err := w.Write([]byte(e.body)); err != nil {
			t.Fatalf("write %q: %v", e.name, err)
		}
	}
	// Flush and not Close: an entry may claim more than its body. The two
	// empty blocks are the end of a tarball.
	_ = w.Flush()
	if _, err := gz.Write(make([]byte, 1024)); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func pinOf(data []byte) Pin {
	sum := sha512.Sum512(data)
	return Pin{
		Package:      "@test/package",
		Version:      "1.2.3",
		Integrity:    "sha512-" + base64.StdEncoding.EncodeToString(sum[:]),
		LlamaVersion: "v1.0.0",
		Dir:          testDir,
	}
}

// fixture is a package in a file, with Options that install it.
type fixture struct {
	Options

	lines *[]string // what Progress was told
}

func newFixture(t testing.TB, entries []entry) fixture {
	t.Helper()
	data := tarball(t, entries)
	from := filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(from, data, 0o644); err != nil {
		t.Fatal(err)
	}
	pin, lines := pinOf(data), &[]string{}
	return fixture{
		Options: Options{
			Root:     filepath.Join(t.TempDir(), "root"),
			From:     from,
			Progress: func(line string) { *lines = append(*lines, line) },
			pin:      &pin,
		},
		lines: lines,
	}
}

func (f fixture) dir() string { return filepath.Join(f.Root, f.pin.dirName()) }

func (f fixture) install(t testing.TB) Installed {
	t.Helper()
	in, err := Install(t.Context(), f.Options)
	if err != nil {
		t.Fatalf("Install: %v", err)
	}
	return in
}

// names lists a directory.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// checkTidy fails unless the root holds the engine, whole, and nothing else.
func checkTidy(t testing.TB, f fixture) {
	t.Helper()
	in, err := open(f.Root, *f.pin)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	if err := in.Verify(); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if got, want := names(t, f.Root), []string{lockName, f.pin.dirName()}; !slices.Equal(got, want) {
		t.Errorf("root holds %q, want %q", got, want)
	}
}
