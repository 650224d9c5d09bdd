package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/inferd/inferd/internal/loadgen"
)

// peer is llama.cpp's own HTTP server.
type peer struct {
	*loadgen.OpenAI
	*process
	home string
}

// hasPeer says why there is no peer to measure.
func (l *lab) hasPeer() error {
	if _, err := os.Stat(l.places.peer); err != nil {
		return skipped("the peer is not there: make peer builds it")
	}
	return nil
}

// servePeer starts the peer on a model, with a context of nCtx for each slot,
// and waits until it answers. What is not named here is as it comes.
func (l *lab) servePeer(ctx context.Context, model string, slots, nCtx int) (*peer, error) {
	if err := l.hasPeer(); err != nil {
		return nil, err
	}
	if model == builtinModel {
		model = l.places.builtin
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	server, err := loadgen.NewOpenAI(fmt.Sprintf("http://127.0.0.1:%d", port), "bench")
	if err != nil {
		return nil, err
	}
	p := &peer{OpenAI: server}
	if p.home, err = os.MkdirTemp("", "inf"); err != nil {
		return nil, err
	}
	p.process, err = start(p.home, cleanEnv("HOME="+p.home), l.places.peer,
		"--model", model, "--parallel", strconv.Itoa(slots), "--ctx-size", strconv.Itoa(slots*nCtx),
		"--threads", strconv.Itoa(l.threads), "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--offline")
	if err != nil {
		_ = os.RemoveAll(p.home)
		return nil, err
	}
	if err := p.await(ctx, p.answers); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// freePort is a port of this machine that nobody listened on just now.
func freePort(ctx context.Context) (int, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// answers asks for one token.
func (p *peer) answers(ctx context.Context) error {
	s, err := p.Connect(ctx)
	if err != nil {
		return err
	}
	_, err = s.Ask(ctx, loadgen.Request{Prompt: "Hello", MaxTokens: 1}, func() {})
	return err
}

// stop ends the peer and removes what it had.
func (p *peer) stop() {
	p.process.stop()
	_ = os.RemoveAll(p.home)
}
