package local

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/weights"
	"github.com/inferd/inferd/wire"
)

func TestMain(m *testing.M) {
	if os.Getenv(daemonEnv) != "" {
		actAsDaemon()
		return
	}
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	enginetest.Clean()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			code = 1
		}
	}
	os.Exit(code)
}

const builtinName = "builtin"

// watched is a backend with what it reported.
type watched struct {
	*Backend
	up    chan struct{}
	down  chan error
	ended chan error
	stop  func()

	mu     sync.Mutex
	phases []wire.LoadPhase
}

// start runs a backend on the built-in model, changed as wanted, and returns
// once it is up or has failed.
func launch(tb testing.TB, log *slog.Logger, change func(*Config)) (*watched, error) {
	w := &watched{up: make(chan struct{}, 100), down: make(chan error, 100), ended: make(chan error, 1)}
	cfg := Config{
		Name: "builtin", Model: builtinName, Options: Options{Slots: 4},
		WorkerPath: enginetest.Worker(tb), EngineRoot: enginetest.Root(tb),
		Events: Events{
			Loading: func(p wire.LoadPhase) { w.mu.Lock(); defer w.mu.Unlock(); w.phases = append(w.phases, p) },
			Up:      func() { w.up <- struct{}{} },
			Down:    func(err error) { w.down <- err },
		},
		Log: log,
	}
	if change != nil {
		change(&cfg)
	}
	if cfg.Model != builtinName && cfg.Files == nil {
		model := weights.New(weights.Config{Model: cfg.Model, StoreRoot: tb.TempDir()})
		tb.Cleanup(func() { _ = model.Close() })
		cfg.Files = model
	}
	w.Backend = New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { w.ended <- w.Run(ctx) }()
	w.stop = sync.OnceFunc(func() { cancel(); <-w.ended })
	select {
	case <-w.up:
		return w, nil
	case err := <-w.ended:
		w.ended <- nil
		if err == nil {
			err = errors.New("Run returned nil before the backend was up")
		}
		return w, err
	}
}

// start is launch for a test of its own.
func start(t *testing.T, change func(*Config)) *watched {
	t.Helper()
	w, err := launch(t, slog.New(slog.NewTextHandler(t.Output(), nil)), change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	return w
}

var shared struct {
	once sync.Once
	b    *watched
	err  error
	stop func()
}

// builtin is a backend that the tests share: loading one takes a while.
func builtin(t *testing.T) *Backend {
	t.Helper()
	shared.once.Do(func() {
		shared.b, shared.err = launch(t, slog.New(slog.DiscardHandler), nil)
		if shared.err == nil {
			shared.stop = shared.b.stop
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.b.Backend
}

// ask is a greedy request of one user message.
func ask(text string) *backend.Request {
	return &backend.Request{
		Messages: []wire.Message{{Role: wire.RoleUser, Content: text}},
		Params:   wire.Params{TopP: 1, RepeatPenalty: 1, MaxTokens: 200},
	}
}

// generate runs a request to its end.
func generate(ctx context.Context, b *Backend, r *backend.Request) (string, backend.Result, error) {
	var text strings.Builder
	res, err := b.Generate(ctx, r, func(events []backend.Event) error {
		for _, e := range events {
			text.WriteString(e.Text)
		}
		return nil
	})
	return text.String(), res, err
}

// answer is generate for a request that must succeed.
func answer(t *testing.T, b *Backend, r *backend.Request) (string, backend.Result) {
	t.Helper()
	text, res, err := generate(t.Context(), b, r)
	if err != nil {
		t.Fatalf("Generate: %v", err)
	}
	return text, res
}
