package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// benchName is what the store calls the file.
const benchName = "bench"

// fileBench is a large model file, a server for it and a store to bring it to.
type fileBench struct {
	l      *lab
	dir    string
	path   string
	url    string
	digest string
	size   int64
	server *http.Server
	ended  chan struct{}
}

// newFileBench makes the file: the benchmark model, and behind its last tensor
// bytes that mean nothing, up to 2 GiB.
func (l *lab) newFileBench(ctx context.Context) (*fileBench, error) {
	model, err := l.benchModel()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(l.places.cache, "files-")
	if err != nil {
		return nil, err
	}
	f := &fileBench{l: l, dir: dir, path: filepath.Join(dir, "large.gguf"), size: int64(l.pick(2<<30, 512<<20))}
	if err = f.write(model); err == nil {
		err = f.serve(ctx)
	}
	if err != nil {
		f.remove()
		return nil, err
	}
	return f, nil
}

func (f *fileBench) write(model string) error {
	in, err := os.Open(model)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(f.path)
	if err != nil {
		return err
	}
	hash := sha256.New()
	_, err = io.CopyN(io.MultiWriter(out, hash), io.MultiReader(in, rand.NewChaCha8([32]byte{})), f.size)
	if err == nil {
		err = out.Sync()
	}
	f.digest = hex.EncodeToString(hash.Sum(nil))
	return errors.Join(err, out.Close())
}

// serve offers the folder on loopback.
func (f *fileBench) serve(ctx context.Context) error {
	var c net.ListenConfig
	listener, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.url = "http://" + listener.Addr().String() + "/large.gguf"
	f.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, f.path)
	})}
	f.ended = make(chan struct{})
	go func() {
		defer close(f.ended)
		_ = f.server.Serve(listener) // until remove
	}()
	return nil
}

func (f *fileBench) remove() {
	if f.server != nil {
		_ = f.server.Close()
		<-f.ended
	}
	_ = os.RemoveAll(f.dir)
}

// run times a command of inferd on the file, in MB a second.
func (f *fileBench) run(ctx context.Context, keeps bool, args []string) (float64, error) {
	if _, err := os.Stat(f.blob()); err == nil != keeps {
		change := []string{"models", "rm", benchName}
		if keeps {
			change = []string{"models", "import", f.path, "--name", benchName}
		}
		if _, _, err := f.timed(ctx, f.l.places.inferd, change...); err != nil {
			return 0, err
		}
	}
	speed, _, err := f.timed(ctx, f.l.places.inferd, args...)
	return speed, err
}

// yardstick times a line of shell that prints the digest of what it is given.
// Of a pipe the shell only tells how its end fared, so the digest has to be the
// file's: a yardstick must not be fast at failing either.
func (f *fileBench) yardstick(ctx context.Context, line, of string) (float64, error) {
	speed, out, err := f.timed(ctx, "sh", "-c", line, of)
	if err == nil && !strings.HasPrefix(out, f.digest) {
		err = fmt.Errorf("%s: it printed %q, not the digest of the file", line, out)
	}
	return speed, err
}

// blob is where the store has the file.
func (f *fileBench) blob() string {
	return filepath.Join(f.dir, "store", "blobs", "sha256", f.digest[:2], f.digest, "data")
}

// timed runs a program and returns how many MB of the file it did a second, and
// what it printed.
func (f *fileBench) timed(ctx context.Context, program string, args ...string) (speed float64, printed string, err error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = cleanEnv("MODELS_HOME="+filepath.Join(f.dir, "store"), "HOME="+f.dir)
	cmd.SysProcAttr = bound()
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		return 0, "", fmt.Errorf("%s %v: %w: %s", filepath.Base(program), args, err, out)
	}
	return float64(f.size) / 1e6 / took.Seconds(), string(out), nil
}
