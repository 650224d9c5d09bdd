package weights

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/wire"
)

func TestOpen_WhatWasHashedIsWhatIsRead(t *testing.T) {
	root := t.TempDir()
	path := write(t, filepath.Join(root, "m.gguf"), "good")
	m := model(t, Config{Model: path, SHA256: sum("good"), StoreRoot: root})
	if got := m.content(t); got != "good" || !m.hashed() {
		t.Errorf("read %q, phases %v", got, m.phases)
	}
	// Replaced between the hashing and the loading.
	if err := os.Rename(write(t, filepath.Join(root, "evil"), "evil"), path); err != nil {
		t.Fatal(err)
	}
	if err := m.Check(t.Context()); err != nil {
		t.Errorf("Check of a file that only lost its name: %v", err)
	}
	if got := m.content(t); got != "good" {
		t.Errorf("read %q after the file was replaced", got)
	}
}

func TestCheck_RefusesAFileThatWasWrittenTo(t *testing.T) {
	for _, verify := range []Verify{VerifyAlways, VerifyOnce, VerifyNever} {
		path := write(t, filepath.Join(t.TempDir(), "m.gguf"), "good")
		m := model(t, Config{Model: path, SHA256: sum("good"), StoreRoot: t.TempDir(), Verify: verify})
		m.content(t)
		overwrite(t, path, "evil")
		if _, ok := errors.AsType[*ChangedError](m.Check(t.Context())); !ok {
			t.Errorf("%s: not refused", verify)
		}
	}
}

func TestCheck_SetBackTimesDeceiveNobody(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // its owner can set the time of change there
	}
	path := write(t, filepath.Join(t.TempDir(), "m.gguf"), "good")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	m := model(t, Config{Model: path, SHA256: sum("good"), StoreRoot: t.TempDir()})
	m.content(t)
	overwrite(t, path, "evil")
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*DigestError](m.Check(t.Context())); !ok {
		t.Error("a file with its old time and other bytes is taken for the same")
	}
}

func TestOpen_AfterAChangeTakesWhatIsThereNow(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "m.gguf"), "one")
	m := model(t, Config{Model: path, StoreRoot: t.TempDir()})
	m.content(t)
	overwrite(t, path, "other")
	if got := m.content(t); got != "other" {
		t.Errorf("read %q", got)
	}
}

func TestOpen_RefusesAnotherDigest(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "m.gguf"), "evil")
	m := model(t, Config{Model: path, SHA256: sum("good"), StoreRoot: t.TempDir()})
	_, err := m.Open(t.Context())
	bad, ok := errors.AsType[*DigestError](err)
	if !ok || bad.Expected.Hex() != sum("good") || bad.Actual.Hex() != sum("evil") || !exists(path) {
		t.Errorf("got %v, want both digests, and the user's file left alone", err)
	}
	never := model(t, Config{Model: path, SHA256: sum("good"), StoreRoot: t.TempDir(), Verify: VerifyNever})
	if got := never.content(t); got != "evil" {
		t.Errorf("read %q with verify never", got)
	}
}

func TestOpen_QuarantinesABadBlob(t *testing.T) {
	for name, bad := range map[string]string{"same size": "evil", "another size": "longer than it was"} {
		t.Run(name, func(t *testing.T) {
			root, blob := storeWith(t, "m", "good")
			overwrite(t, blob, bad)
			m := model(t, Config{Model: "m", StoreRoot: root})
			_, err := m.Open(t.Context())
			e, ok := errors.AsType[*DigestError](err)
			if !ok || exists(blob) || !exists(e.QuarantinePath) {
				t.Fatalf("got %v", err)
			}
			want := wire.PhaseQuarantine{
				Path: blob, ExpectedSHA256: sum("good"), ActualSHA256: sum(bad), QuarantinePath: e.QuarantinePath,
			}
			if last := m.phases[len(m.phases)-1]; last != want {
				t.Errorf("last phase %+v, want %+v", last, want)
			}
			if _, err := m.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "missing") {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}

func TestOpen_RefusesANameThatStandsForAnotherModel(t *testing.T) {
	root, _ := storeWith(t, "m", "good")
	if _, err := model(t, Config{Model: "m", SHA256: sum("other"), StoreRoot: root}).Open(t.Context()); err == nil ||
		!strings.Contains(err.Error(), sum("good")) || !strings.Contains(err.Error(), sum("other")) {
		t.Errorf("got %v, want both digests", err)
	}
	if got := model(t, Config{Model: "m", SHA256: sum("good"), StoreRoot: root}).content(t); got != "good" {
		t.Errorf("read %q", got)
	}
}

func TestVerifyOnce_IsRememberedAndForgottenWithAChange(t *testing.T) {
	root, blob := storeWith(t, "m", "good")
	open := func(v Verify) *opening {
		m := model(t, Config{Model: "m", StoreRoot: root, Verify: v})
		m.content(t)
		return m
	}
	if !open(VerifyOnce).hashed() {
		t.Error("not hashed the first time")
	}
	if open(VerifyOnce).hashed() {
		t.Error("hashed again, though nothing has changed")
	}
	if !open(VerifyAlways).hashed() {
		t.Error("not hashed with verify always")
	}
	if open(VerifyNever).hashed() {
		t.Error("hashed with verify never")
	}
	overwrite(t, blob, "evil")
	m := model(t, Config{Model: "m", StoreRoot: root})
	if _, err := m.Open(t.Context()); err == nil {
		t.Error("a changed file passes for verified")
	}
}

func TestVerifyOnce_DoesNotRememberWhatIsNotAtRest(t *testing.T) {
	root, _ := storeWith(t, "m", "good")
	model(t, Config{Model: "m", StoreRoot: root, Now: time.Now}).content(t)
	if exists(filepath.Join(root, ledgerName)) {
		t.Error("a file that was written a moment ago is remembered")
	}
}

func TestOpen_FindsAllParts(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"1", "2", "3"} {
		write(t, filepath.Join(dir, "m-0000"+n+"-of-00003.gguf"), n)
	}
	lora := write(t, filepath.Join(dir, "lora.gguf"), "lora")
	m := model(t, Config{Model: filepath.Join(dir, "m-00001-of-00003.gguf"), Adapters: []string{lora}, StoreRoot: dir})
	files, err := m.Open(t.Context())
	if err != nil || len(files.Parts) != 3 || len(files.Adapters) != 1 {
		t.Fatalf("%+v, %v", files, err)
	}
	for i, f := range files.Parts {
		b := make([]byte, 1)
		if _, err := f.ReadAt(b, 0); err != nil || string(b) != string(rune('1'+i)) {
			t.Errorf("part %d is %q", i+1, b)
		}
	}
	overwrite(t, lora, "other")
	if err := m.Check(t.Context()); err == nil {
		t.Error("a changed adapter passes")
	}
}

func TestOpen_RefusesWhatIsNoModel(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a-00001-of-00002.gguf"), "1")
	file := write(t, filepath.Join(dir, "file"), "x")
	for want, cfg := range map[string]Config{
		"no such file":        {Model: filepath.Join(dir, "none.gguf")},
		"not a regular file":  {Model: dir},
		"name part 1":         {Model: filepath.Join(dir, "a-00002-of-00002.gguf")},
		"a-00002-of-00002":    {Model: filepath.Join(dir, "a-00001-of-00002.gguf")},
		"allowed are 1 to":    {Model: filepath.Join(dir, "a-00001-of-99999.gguf")},
		"it has 2 parts":      {Model: filepath.Join(dir, "a-00001-of-00002.gguf"), SHA256: sum("1")},
		"64 lower-case":       {Model: file, SHA256: "abc"},
		"no such model":       {Model: "unknown"},
		"adapter: ":           {Model: file, Adapters: []string{filepath.Join(dir, "none")}},
		"model name \"../x\"": {Model: "../x"},
	} {
		cfg.StoreRoot = dir
		m := model(t, cfg)
		if _, err := m.Open(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", cfg, err, want)
		}
	}
}

func TestFingerprint_TellsWhatANameStandsFor(t *testing.T) {
	root, _ := storeWith(t, "m", "good")
	if got := Fingerprint(Config{Model: "m", StoreRoot: root}); got != sum("good") {
		t.Errorf("got %q", got)
	}
	if got := Fingerprint(Config{Model: "other", StoreRoot: root}); got != "" {
		t.Errorf("got %q of a model that is not there", got)
	}
	path := write(t, filepath.Join(root, "f"), "one")
	before := Fingerprint(Config{Model: path})
	if again := Fingerprint(Config{Model: path}); before == "" || again != before {
		t.Errorf("%q, then %q of the same file", before, again)
	}
	overwrite(t, path, "other")
	if after := Fingerprint(Config{Model: path}); after == before {
		t.Error("a changed file has the same fingerprint")
	}
}

// What belongs to a model counts as much as its first file.
func TestFingerprint_TellsOfEveryFile(t *testing.T) {
	dir := t.TempDir()
	first := write(t, filepath.Join(dir, "m-00001-of-00002.gguf"), "one")
	second := write(t, filepath.Join(dir, "m-00002-of-00002.gguf"), "two")
	adapter := write(t, filepath.Join(dir, "a.gguf"), "three")
	root, _ := storeWith(t, "m", "good")
	for name, c := range map[string]struct {
		cfg     Config
		changed string
	}{
		"a further part":                   {Config{Model: first}, second},
		"an adapter":                       {Config{Model: first, Adapters: []string{adapter}}, adapter},
		"an adapter to the built-in model": {Config{Adapters: []string{adapter}}, adapter},
		"an adapter to one of the store":   {Config{Model: "m", StoreRoot: root, Adapters: []string{adapter}}, adapter},
	} {
		before := Fingerprint(c.cfg)
		overwrite(t, c.changed, "other")
		if after := Fingerprint(c.cfg); before == "" || after == "" || after == before {
			t.Errorf("%s: %q, then %q", name, before, after)
		}
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	if got := Fingerprint(Config{Model: first}); got != "" {
		t.Errorf("got %q of a model without its second part", got)
	}
}
