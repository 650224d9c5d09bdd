package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/loadgen"
)

// builtinModel is the model inside the worker, by its name in the config.
const builtinModel = "builtin"

// settings are what a measured daemon differs in; 0 is the default.
type settings struct {
	model    string
	slots    int
	threads  int
	nCtx     int
	cacheMiB int
	mock     map[string]any // a scripted backend instead of a model
	active   int            // requests at once
	env      []string
}

// daemon is a daemon of our own: nobody else has its sockets.
type daemon struct {
	loadgen.Daemon
	*process
	home string
}

// serve starts a daemon and waits until it is ready.
func (l *lab) serve(ctx context.Context, s settings) (*daemon, error) {
	d, err := l.launch(s)
	if err != nil {
		return nil, err
	}
	if err := d.await(ctx, d.dial); err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

// launch starts a daemon.
func (l *lab) launch(s settings) (*daemon, error) {
	// Short, since the path of a socket has to be.
	home, err := os.MkdirTemp("", "inf")
	if err != nil {
		return nil, err
	}
	d := &daemon{home: home, Daemon: loadgen.Daemon{Dir: filepath.Join(home, "inferd")}}
	config := filepath.Join(home, "config.json")
	if err := os.WriteFile(config, s.config(l.places.engine), 0o600); err != nil {
		_ = os.RemoveAll(home)
		return nil, err
	}
	env := cleanEnv(append(s.env, "HOME="+home, "XDG_RUNTIME_DIR="+home, "TMPDIR="+home)...)
	// Where this program can't take the daemon with it, that one goes by itself.
	d.process, err = start(home, env, l.places.inferd, "serve", "--config", config, "--idle-exit", "10m")
	if err != nil {
		_ = os.RemoveAll(home)
		return nil, err
	}
	return d, nil
}

func (s settings) config(engine string) []byte {
	backend := map[string]any{"kind": "llamacpp", "name": "bench", "model": s.model}
	for key, n := range map[string]int{"slots": s.slots, "threads": s.threads, "n_ctx": s.nCtx, "cache_mib": s.cacheMiB} {
		if n != 0 {
			backend[key] = n
		}
	}
	if s.mock != nil {
		backend = s.mock
		backend["kind"], backend["name"] = "mock", "bench"
	}
	// These values can all be encoded.
	config, _ := json.Marshal(map[string]any{
		"engine_dir": engine, "backends": []any{backend}, "queue": map[string]any{"active": s.active},
	})
	return config
}

// dial connects once to see whether the daemon takes requests.
func (d *daemon) dial(ctx context.Context) error {
	c, err := client.Dial(ctx, client.Options{Dir: d.Dir})
	if err != nil {
		return err
	}
	return c.Close()
}

// workerPID is the process of the daemon's worker.
func (d *daemon) workerPID(ctx context.Context) (int, error) {
	s, err := client.Status(ctx, d.Dir)
	if err != nil {
		return 0, err
	}
	if len(s.Backends) != 1 || s.Backends[0].PID == 0 {
		return 0, fmt.Errorf("the daemon names no worker")
	}
	return s.Backends[0].PID, nil
}

// stop ends the daemon and removes what it had.
func (d *daemon) stop() {
	d.process.stop()
	_ = os.RemoveAll(d.home)
}
