package daemon_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

// on is the config of backends on the real engine, named name=model.
func on(backends ...string) config.Config {
	c := version(backends...)
	for i := range c.Backends {
		c.Backends[i].LlamaCPP.Slots, c.Backends[i].LlamaCPP.Threads = 4, 1
		c.Backends[i].LlamaCPP.MMap = true
	}
	return c
}

// startReal runs a daemon on the real engine.
func startReal(t *testing.T, backends ...string) *daemontest.Daemon {
	t.Helper()
	return daemontest.Start(t, realConfig(t, backends...))
}

func realConfig(t *testing.T, backends ...string) daemon.Config {
	t.Helper()
	cfg := daemontest.Config(t)
	cfg.Config.Backends = on(backends...).Backends
	cfg.WorkerPath, cfg.EngineRoot = enginetest.Worker(t), enginetest.Root(t)
	cfg.ModelsRoot = t.TempDir()
	return cfg
}

// writeModel writes a tiny model of random weights.
func writeModel(t *testing.T, path string, seed uint64) {
	t.Helper()
	c := gguf.TinyModel()
	c.Seed = seed
	writeModelOf(t, path, c)
}

func writeModelOf(t *testing.T, path string, c gguf.ModelConfig) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := gguf.WriteModel(f, c); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// question is one whose greedy answer tells the models apart.
const question = `{"id":"1","messages":[{"role":"user","content":"What is the capital of France?"}],"temperature":0,"max_tokens":16,"stream":false}`

// answerOn is the answer to the question on a connection.
func answerOn(c *daemontest.Client) (string, error) {
	c.Send(question)
	switch last := c.Next().(type) {
	case *wire.V1Done:
		if last.StopReason == wire.StopEnd || last.StopReason == wire.StopLength {
			return last.Content, nil
		}
		return "", fmt.Errorf("ended as %s", last.StopReason)
	case *wire.V1Error:
		return "", fmt.Errorf("%s: %s", last.Code, last.Message)
	}
	return "", fmt.Errorf("no terminal frame")
}

// answerNow is the answer to the question on a connection of its own.
func answerNow(t *testing.T, d *daemontest.Daemon) string {
	t.Helper()
	c := d.V1()
	defer c.Close()
	text, err := answerOn(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// workers are the processes of the daemon's backends.
func workers(d *daemontest.Daemon) []int {
	var pids []int
	for _, b := range d.Status().Backends {
		pids = append(pids, b.PID)
	}
	return pids
}

// gone fails the test if a process is still there.
func gone(t *testing.T, pids []int) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return // elsewhere the daemon's own wait is all there is
	}
	for _, pid := range pids {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
			t.Errorf("worker %d is still there", pid)
		}
	}
}

func TestSwap_UnderLoadThereAndBack(t *testing.T) {
	for name, fits := range map[string]func(_, _ []config.Backend) bool{"beside": nil, "instead": never} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tiny.gguf")
			writeModel(t, path, 1)
			cfg := realConfig(t, "m=builtin")
			cfg.Fits = fits
			d := daemontest.Start(t, cfg)
			d.WaitReady()
			one := answerNow(t, d)
			swap := func(model string) string {
				pids := workers(d)
				if err := d.Swap(t.Context(), on("m="+model)); err != nil {
					t.Fatal(err)
				}
				if fits != nil {
					gone(t, pids)
				}
				return answerNow(t, d)
			}
			other := swap(path)
			if other == one || swap("builtin") != one {
				t.Fatalf("answers %q and %q", one, other)
			}

			stop := make(chan struct{})
			answers := make([][]string, 8)
			var clients sync.WaitGroup
			for i := range answers {
				c := d.V1()
				// A socket that closes drops who is not accepted yet.
				if _, err := answerOn(c); err != nil {
					t.Fatal(err)
				}
				clients.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						text, err := answerOn(c)
						if err != nil {
							t.Errorf("client %d: %v", i, err)
							return
						}
						answers[i] = append(answers[i], text)
					}
				})
			}
			for range 3 {
				if got := swap(path); got != other {
					t.Errorf("after the swap %q, want %q", got, other)
				}
				if got := swap("builtin"); got != one {
					t.Errorf("after the swap back %q, want %q", got, one)
				}
			}
			close(stop)
			clients.Wait()
			for i, all := range answers {
				for _, text := range all {
					if text != one && text != other {
						t.Errorf("client %d got %q, which is neither model's answer", i, text)
					}
				}
			}
			if all := slices.Concat(answers...); !slices.Contains(all, one) || !slices.Contains(all, other) {
				t.Errorf("the clients have not seen both models in %d answers", len(all))
			}
			if s := d.Status(); s.Queue.Refused != 0 {
				t.Errorf("%d requests were refused", s.Queue.Refused)
			}
			pids := workers(d)
			d.Stop()
			gone(t, pids)
		})
	}
}

func TestSwap_ABrokenModelLeavesTheOldServing(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.gguf")
	writeModel(t, broken, 1)
	if err := os.Truncate(broken, 100_000); err != nil {
		t.Fatal(err)
	}
	d := startReal(t, "m=builtin")
	d.WaitReady()
	want, pids := answerNow(t, d), workers(d)
	for _, model := range []string{broken, "not-in-the-store", filepath.Join(t.TempDir(), "none.gguf")} {
		err := d.Swap(t.Context(), on("m="+model))
		if daemon.ExitCode(err) != daemon.ExitEngine {
			t.Errorf("%s: %v", model, err)
		}
		if got := answerNow(t, d); got != want {
			t.Errorf("answered %q, want %q", got, want)
		}
	}
	if now := workers(d); !slices.Equal(now, pids) || d.Status().State != "ready" {
		t.Errorf("workers %v, were %v; state %s", now, pids, d.Status().State)
	}
}

func TestSwap_FollowsAFileThatWasReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	writeModel(t, path, 1)
	cfg := realConfig(t, "m="+path)
	cfg.Reload = func() (config.Config, error) { return cfg.Config, nil }
	d := daemontest.Start(t, cfg)
	d.WaitReady()
	before, pids := answerNow(t, d), workers(d)
	if err := d.Swap(t.Context(), on("m="+path)); err != nil || !slices.Equal(workers(d), pids) {
		t.Errorf("%v: the same file was loaded again", err)
	}
	writeModel(t, path+".new", 2)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if got := answerNow(t, d); got != before {
		t.Errorf("%q before the swap, want %q", got, before)
	}
	if got := d.Reload(t.Context()); !slices.Equal(got.Applied, []string{"backends[m]"}) {
		t.Fatalf("reload: %+v", got)
	}
	if got := d.Reload(t.Context()); len(got.Applied) > 0 {
		t.Errorf("a second reload: %+v", got)
	}
	if got := answerNow(t, d); got == before {
		t.Errorf("still %q, though there is another model", got)
	}
}

func TestDaemon_KilledWorkerOfOneBackendLeavesTheOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	writeModel(t, path, 1)
	d := startReal(t, "a="+path, "b=builtin")
	d.WaitReady()
	admin := d.Admin()
	admin.Until(wire.Ready{})
	pids := workers(d)
	victim, err := os.FindProcess(pids[0])
	if err != nil {
		t.Fatal(err)
	}
	first := answerNow(t, d)
	if err := errors.Join(victim.Kill(), victim.Release()); err != nil {
		t.Fatal(err)
	}
	for now := workers(d); now[0] == pids[0] || now[0] == 0; now = workers(d) {
		if now[0] == 0 {
			answerNow(t, d) // of the other one
		}
	}
	if now := workers(d); now[1] != pids[1] || now[0] == pids[0] {
		t.Errorf("workers %v, were %v", now, pids)
	}
	if got := answerNow(t, d); got != first {
		t.Errorf("%q afterwards, want %q", got, first)
	}
	if s := d.Status(); s.Backends[0].Restarts != 1 || s.Backends[1].Restarts != 0 {
		t.Errorf("backends %+v", s.Backends)
	}
}

func TestDaemon_BadModelOfTheStoreEndsTheBoot(t *testing.T) {
	cfg := realConfig(t, "m=stored")
	source := filepath.Join(t.TempDir(), "m.gguf")
	writeModel(t, source, 1)
	importModel(t, cfg.ModelsRoot, "stored", source)
	good := digest(t, source)
	blob := filepath.Join(cfg.ModelsRoot, "blobs", "sha256", good[:2], good, "data")
	if err := os.Chmod(blob, 0o600); err != nil {
		t.Fatal(err)
	}
	writeModel(t, blob, 2)
	bad := digest(t, blob)
	d := daemontest.Start(t, cfg)
	err := d.Wait()
	if daemon.ExitCode(err) != daemon.ExitEngine || !strings.Contains(err.Error(), good) || !strings.Contains(err.Error(), bad) {
		t.Errorf("got %v, exit code %d: want 4, and both digests", err, daemon.ExitCode(err))
	}
	if _, err := os.Stat(blob); err == nil {
		t.Error("the blob is still where it would be loaded from")
	}
}

func TestDaemon_LoadsAModelOfTheStore(t *testing.T) {
	cfg := realConfig(t, "m=stored")
	source := filepath.Join(t.TempDir(), "m.gguf")
	writeModel(t, source, 1)
	importModel(t, cfg.ModelsRoot, "stored", source)
	d := daemontest.Start(t, cfg)
	var phases []string
	for _, e := range d.Admin().Until(wire.Ready{}) {
		if l, ok := e.(wire.LoadingModel); ok && (len(phases) == 0 || phases[len(phases)-1] != l.Phase.PhaseName()) {
			phases = append(phases, l.Phase.PhaseName())
		}
	}
	// The first may be over before the client listens.
	want := "checking_local verify mmap load kv_cache"
	if got := strings.Join(phases, " "); !strings.HasSuffix(want, got) || !strings.Contains(got, "mmap load kv_cache") {
		t.Errorf("phases %q, want %q", got, want)
	}
	answerNow(t, d)
}

func importModel(t *testing.T, root, name, path string) {
	t.Helper()
	s, err := store.Open(root, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	src, err := store.OpenSource(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	n, err := store.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), src, n, store.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
}

func digest(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// A model whose template is not rendered is served as far as it goes.
func TestDaemon_ModelOfAnotherFamilyAnswersStatusAndRefusesByName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	c := gguf.TinyModel()
	c.ChatTemplate = "{% for m in messages %}<|start_header_id|>{{ m.content }}{% endfor %}"
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := gguf.WriteModel(f, c); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	d := startReal(t, "m="+path)
	d.WaitReady()
	const why = "the chat template of family Llama 3 is not rendered yet"
	if b := d.Status().Backends[0]; b.Template != "Llama 3" || b.Reason != why || !b.Ready || b.NCtx != 512 {
		t.Errorf("status %+v", b)
	}
	client := d.V1()
	if _, err := answerOn(client); err == nil || err.Error() != "backend_unavailable: "+why {
		t.Errorf("got %v", err)
	}
}
