package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/engine"
	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/model"
	"github.com/inferd/inferd/wire"
)

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatalf("kill worker %d: %v", pid, err)
	}
}

func TestRun_SurvivesTheDeathOfTheWorker(t *testing.T) {
	b := start(t, nil)
	for round := 1; round <= 3; round++ {
		const n = 8
		began, results := make(chan struct{}, n), make(chan error, n)
		for range n {
			go func() {
				r := ask("Tell me a story about a fox.")
				told := false
				_, err := b.Generate(t.Context(), r, func([]backend.Event) error {
					if !told {
						told = true
						began <- struct{}{}
					}
					return nil
				})
				if !told {
					began <- struct{}{}
				}
				results <- err
			}()
		}
		<-began
		kill(t, b.Info().PID)
		for range n {
			if err := <-results; err != nil && backend.KindOf(err) != backend.Unavailable {
				t.Errorf("round %d: error %v", round, err)
			}
		}
		if reason := <-b.down; !strings.Contains(reason.Error(), "killed") {
			t.Errorf("round %d: down because of %q, want it to say killed", round, reason)
		}
		<-b.up
		if got, _ := answer(t, b.Backend, ask("What is the capital of France?")); !strings.Contains(got, "Paris") {
			t.Errorf("round %d: afterwards %q", round, got)
		}
		if got := b.Info().Restarts; got != round {
			t.Errorf("round %d: %d restarts", round, got)
		}
	}
}

func TestRun_ReportsThePhasesOfLoading(t *testing.T) {
	b := start(t, nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	var got []string
	for _, p := range b.phases {
		if n := p.PhaseName(); len(got) == 0 || got[len(got)-1] != n {
			got = append(got, n)
		}
	}
	if want := "mmap load kv_cache"; strings.Join(got, " ") != want {
		t.Errorf("phases %v, want %s", got, want)
	}
	c := b.Capabilities()
	if !c.Generate || c.Slots != 4 || c.ContextTokens != 1024 || c.Model != model.Name ||
		c.Accelerator != wire.AcceleratorCPU || !strings.HasPrefix(c.Engine, "llama.cpp v") {
		t.Errorf("capabilities %+v", c)
	}
}

// damaged writes the built-in model with some bytes changed.
func damaged(t *testing.T, change func([]byte) []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, change(bytes.Clone(model.GGUF)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// copyEngine is an engine directory of the test's own.
func copyEngine(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS(enginetest.Root(t))); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestRun_SaysWhyItCannotStart(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, c *Config)
		kind   proto.FailKind
		want   string
	}{
		"no worker program": {func(t *testing.T, c *Config) { c.WorkerPath = filepath.Join(t.TempDir(), "inferd-engine") },
			proto.FailEngine, "no such file"},
		"another program": {func(_ *testing.T, c *Config) { c.WorkerPath = "/bin/true" },
			proto.FailEngine, "the engine worker ended"},
		"no engine": {func(t *testing.T, c *Config) { c.EngineRoot = t.TempDir() },
			proto.FailEngine, "engine"},
		"a corrupt engine file": {func(t *testing.T, c *Config) {
			c.EngineRoot = copyEngine(t)
			libs, err := filepath.Glob(filepath.Join(c.EngineRoot, "*", "libggml-base*"))
			if err != nil || len(libs) != 1 {
				t.Fatal(libs, err)
			}
			b, err := os.ReadFile(libs[0])
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 1
			if err := os.WriteFile(libs[0], b, 0o600); err != nil {
				t.Fatal(err)
			}
		}, proto.FailEngine, "libggml-base"},
		"no model": {func(t *testing.T, c *Config) { c.Model = filepath.Join(t.TempDir(), "none.gguf") },
			proto.FailModel, "no such file"},
		"a folder as model": {func(t *testing.T, c *Config) { c.Model = t.TempDir() },
			proto.FailModel, "not a regular file"},
		"no GGUF": {func(t *testing.T, c *Config) {
			c.Model = damaged(t, func(b []byte) []byte { return []byte("hello") })
		}, proto.FailModel, `the file begins with "hell", a GGUF file begins with "GGUF"`},
		"a cut model": {func(t *testing.T, c *Config) {
			c.Model = damaged(t, func(b []byte) []byte { return b[:len(b)/2] })
		}, proto.FailModel, "and the whole file has"},
		"weights that are no numbers": {func(t *testing.T, c *Config) {
			c.Model = damaged(t, func(b []byte) []byte {
				for i := len(b) / 2; i < len(b); i++ {
					b[i] = 0xff
				}
				return b
			})
		}, proto.FailModel, "not a number"},
		"a context that is too large": {func(_ *testing.T, c *Config) { c.Options.NCtx = 4096 },
			proto.FailConfig, "n_ctx is 4096, but the model was trained with a context of 1024"},
		"a context that no machine has room for": {func(t *testing.T, c *Config) {
			m := gguf.TinyModel()
			m.Context, m.Heads, m.HeadsKV, m.Embedding, m.FeedForward = 1<<30, 64, 64, 2048, 64
			c.Model, c.Options.NCtx, c.Options.Slots = written(t, m), 1<<30, 1
		}, proto.FailMemory, "\n  context "},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := launch(t, slog.New(slog.NewTextHandler(t.Output(), nil)), func(cfg *Config) { c.change(t, cfg) })
			w.stop()
			se, ok := errors.AsType[*engine.StartError](err)
			if !ok || se.Kind != c.kind || !strings.Contains(se.Message, c.want) {
				t.Errorf("error %#v, want one of kind %s with %q", err, c.kind, c.want)
			}
		})
	}
}

// written is a model of random weights.
func written(t *testing.T, m gguf.ModelConfig) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(gguf.WriteModel(f, m), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// Models that embed or rank load, and are not taken for models that chat.
func TestRun_LoadsEncoders(t *testing.T) {
	built, err := gguf.Parse(model.GGUF)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []gguf.ModelConfig{gguf.EmbedModel(), gguf.RerankModel()} {
		m.TokenizerFrom = built
		w := start(t, func(c *Config) { c.Model = written(t, m) })
		if caps := w.Capabilities(); caps.Generate || caps.ContextTokens != 512 {
			t.Errorf("%s: %+v", m.Name, caps)
		}
	}
}

// With auto the context is the model's own where there is room for it.
func TestRun_TakesTheLargestContext(t *testing.T) {
	w := start(t, func(c *Config) { c.Options.NCtx = -1 })
	if n := w.Capabilities().ContextTokens; n != 1024 {
		t.Errorf("the context is %d, want 1024", n)
	}
}

// A model of another family loads, and says by name that it can't be used for
// chats: it is never given another family's markers.
func TestGenerate_RefusesAModelOfAnotherFamily(t *testing.T) {
	path := damaged(t, func(b []byte) []byte {
		return bytes.Replace(b, []byte("# Tools\\n\\nYou may call"), []byte("# Tools\\n\\nYou can call"), 1)
	})
	b := start(t, func(c *Config) { c.Model = path })
	if b.Capabilities().Generate {
		t.Error("the model counts as able to chat")
	}
	_, _, err := generate(t.Context(), b.Backend, ask("Hi"))
	if backend.KindOf(err) != backend.Invalid || !strings.Contains(err.Error(), "the chat template of family ChatML is not rendered yet") {
		t.Errorf("error %v", err)
	}
}

const daemonEnv = "INFERD_TEST_ACT_AS_DAEMON"

// actAsDaemon starts a backend and says its worker's pid, until it is killed.
func actAsDaemon() {
	up := make(chan struct{})
	args := strings.Split(os.Getenv(daemonEnv), "\n")
	b := New(Config{
		Name: "builtin", Model: builtinName, Options: Options{Slots: 1}, WorkerPath: args[0], EngineRoot: args[1],
		Events: Events{Loading: func(wire.LoadPhase) {}, Up: func() { close(up) }, Down: func(error) {}},
		Log:    slog.New(slog.DiscardHandler),
	})
	go func() {
		<-up
		fmt.Println(b.Info().PID)
	}()
	_ = b.Run(context.Background())
}
