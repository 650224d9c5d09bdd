package daemon_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/wire"
)

// tinyModel is a model of random weights, and its digest.
func tinyModel(t *testing.T) (content []byte, digest string) {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.WriteModel(&b, gguf.TinyModel()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(sum[:])
}

// serveModel serves content on this machine.
func serveModel(t *testing.T, serve http.HandlerFunc) (url string) {
	t.Helper()
	s := httptest.NewServer(serve)
	t.Cleanup(s.Close)
	return s.URL + "/tiny.gguf"
}

// pulling is a daemon that has to fetch its model.
func pulling(t *testing.T, url, digest string) daemon.Config {
	t.Helper()
	cfg := realConfig(t, "m=tiny")
	cfg.Config.Backends[0].LlamaCPP.SHA256 = digest
	cfg.AutoPull = true
	cfg.Models = []config.Model{{Key: "model", Name: "tiny", SHA256: digest, SourceURL: url}}
	return cfg
}

func TestDaemon_FetchesItsModelAtTheFirstStart(t *testing.T) {
	content, digest := tinyModel(t)
	asked := 0
	cfg := pulling(t, serveModel(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.ServeContent(w, r, "", time.Unix(1, 0), bytes.NewReader(content))
	}), digest)
	for range 2 {
		d := daemontest.Start(t, cfg)
		d.WaitReady()
		if answerNow(t, d) == "" {
			t.Error("no answer")
		}
		d.Stop()
		if asked != 1 {
			t.Errorf("the model was asked for %d times, want once", asked)
		}
	}
	cfg.AutoPull = false // which it needs no more
	d := daemontest.Start(t, cfg)
	d.WaitReady()
}

// While it fetches, the admin surface says how far it is, and a stop ends it.
func TestDaemon_SaysHowFarAFetchIsAndCanBeStopped(t *testing.T) {
	_, digest := tinyModel(t)
	cfg := pulling(t, serveModel(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), digest)
	cfg.Models[0].SizeBytes = 100
	d := daemontest.Start(t, cfg)
	admin := d.Admin()
	for {
		e, ok := admin.Event().(wire.LoadingModel)
		if !ok {
			continue
		}
		if p, ok := e.Phase.(wire.PhaseDownload); ok {
			if !strings.HasPrefix(p.SourceURL, "http://127.0.0.1:") {
				t.Errorf("phase %+v", p)
			}
			break
		}
	}
	d.Drain()
	if err := d.Wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
}

func TestDaemon_EndsWhereItsModelIsAnother(t *testing.T) {
	content, digest := tinyModel(t)
	bad := bytes.Clone(content)
	bad[len(bad)-1] ^= 1
	asked := 0
	cfg := pulling(t, serveModel(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.ServeContent(w, r, "", time.Unix(1, 0), bytes.NewReader(bad))
	}), digest)
	err := daemon.New(cfg).Run(t.Context())
	mismatch, ok := errors.AsType[*store.MismatchError](err)
	if !ok || daemon.ExitCode(err) != daemon.ExitEngine || !strings.Contains(err.Error(), "model tiny: ") {
		t.Fatalf("error %v, exit code %d", err, daemon.ExitCode(err))
	}
	if _, err := os.Stat(mismatch.QuarantinePath); err != nil || !strings.HasPrefix(mismatch.QuarantinePath, filepath.Clean(cfg.ModelsRoot)) {
		t.Errorf("quarantine: %v", err)
	}
	if err := daemon.New(cfg).Run(t.Context()); daemon.ExitCode(err) != daemon.ExitEngine || asked != 1 {
		t.Errorf("the second start ended with %v, after %d requests", err, asked)
	}
}

// What inferd pull would refuse does not get its name here either.
func TestDaemon_GivesNoNameToWhatIsNoModel(t *testing.T) {
	content := []byte("GGUF, but no more than that, and so no model")
	sum := sha256.Sum256(content)
	cfg := pulling(t, serveModel(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Unix(1, 0), bytes.NewReader(content))
	}), hex.EncodeToString(sum[:]))
	err := daemon.New(cfg).Run(t.Context())
	_, refused := errors.AsType[*daemon.ModelError](err)
	if _, bad := errors.AsType[*gguf.FormatError](err); !refused || !bad || daemon.ExitCode(err) != daemon.ExitEngine {
		t.Errorf("error %v, exit code %d", err, daemon.ExitCode(err))
	}
	s, err := store.Open(cfg.ModelsRoot, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	name, err := store.ParseName("tiny")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(name); !errors.Is(err, store.ErrNoModel) {
		t.Errorf("the name stands for it: %v", err)
	}
}

func TestDaemon_FetchesNothingUnlessItMay(t *testing.T) {
	_, digest := tinyModel(t)
	cfg := pulling(t, serveModel(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") }), digest)
	cfg.AutoPull = false
	err := daemon.New(cfg).Run(t.Context())
	if daemon.ExitCode(err) != daemon.ExitEngine || !strings.Contains(err.Error(), "run `inferd pull tiny`") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, exit code %d", err, daemon.ExitCode(err))
	}
}
