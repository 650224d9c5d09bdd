package client_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

func doneFor(id string) string {
	return string((&wire.V1Done{ID: id, StopReason: wire.StopEnd}).Append(nil))
}

func TestClient_SendsTheNextRequestOnTheSameConnection(t *testing.T) {
	c := against(t,
		expect(helloFrame("1")), send(doneFor("1")),
		expect(helloFrame("2")), send(`{"type":"error","id":"2","code":"queue_full","message":"queue full"}`+"\n"),
		expect(helloFrame("3")), send(doneFor("3")), awaitClose)
	for _, id := range []string{"1", "2", "3"} {
		_, err := collect(t.Context(), c, hello(id))
		if _, refused := errors.AsType[*client.ServerError](err); err != nil && !refused {
			t.Errorf("request %s: %v", id, err)
		}
	}
	_ = c.Close()
}

func TestClient_OpensAnotherConnectionWhenTheKeptOneWasClosed(t *testing.T) {
	dir, gone := shortDir(t), make(chan struct{})
	play(t, dir, transport.V1,
		[]step{expect(helloFrame("1")), send(doneFor("1")), func(p *peer) bool {
			defer close(gone)
			return p.Conn.Close() == nil
		}},
		[]step{expect(helloFrame("2")), send(doneFor("2"))})
	c := dial(t, dir)
	if _, err := collect(t.Context(), c, hello("1")); err != nil {
		t.Fatal(err)
	}
	<-gone
	if _, err := collect(t.Context(), c, hello("2")); err != nil {
		t.Error(err)
	}
}

func TestClient_GivesEveryRunningRequestItsOwnConnection(t *testing.T) {
	const n = 8
	dir := shortDir(t)
	var all sync.WaitGroup
	all.Add(n)
	script := []step{func(p *peer) bool {
		frame, err := p.frames.Next()
		if err != nil {
			p.Errorf("peer: %v", err)
			all.Done()
			return false
		}
		req, err := wire.DecodeV1Request(frame)
		if err != nil {
			p.Errorf("peer: %v", err)
			all.Done()
			return false
		}
		all.Done()
		all.Wait() // every request is under way before one is answered
		return send(doneFor(req.ID))(p)
	}, awaitClose}
	scripts := make([][]step, n)
	for i := range scripts {
		scripts[i] = script
	}
	play(t, dir, transport.V1, scripts...)
	c := dial(t, dir)
	var requests sync.WaitGroup
	for i := range n {
		requests.Go(func() {
			if _, err := collect(t.Context(), c, hello(fmt.Sprint(i))); err != nil {
				t.Errorf("request %d: %v", i, err)
			}
		})
	}
	requests.Wait()
	_ = c.Close()
}

func TestClient_RefusesRequestsOnceClosed(t *testing.T) {
	c := against(t, awaitClose)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := collect(t.Context(), c, hello("1")); !errors.Is(err, client.ErrClosed) {
		t.Errorf("error is %v, want client.ErrClosed", err)
	}
}

func TestClient_LetsARunningRequestEndWhenItIsClosed(t *testing.T) {
	asked := make(chan struct{})
	c := against(t, expect(helloFrame("1")), send(tokenPa), await(asked), send(done), awaitClose)
	for frame, err := range c.Generate(t.Context(), hello("1")) {
		if err != nil {
			t.Fatal(err)
		}
		if !frame.Terminal() {
			_ = c.Close()
			close(asked)
		}
	}
}
