package conformance

import (
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/inferd/inferd/internal/daemon/daemontest"
	"github.com/inferd/inferd/internal/transport"
)

// liar stands between the harness and a daemon that keeps the rules, and breaks
// one. lie says what is sent in the place of a line from the daemon.
type liar struct {
	lie func(line []byte) []byte
}

// between runs l before surfaces of a daemon, and returns where.
func (l liar) between(t *testing.T, d *daemontest.Daemon, on ...transport.Surface) string {
	t.Helper()
	dir := daemontest.Dir(t)
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	var closers []io.Closer
	for _, s := range on {
		ln, err := net.Listen("unix", transport.EndpointIn(dir, s).Path)
		if err != nil {
			t.Fatal(err)
		}
		closers = append(closers, ln)
		all.Go(func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				all.Go(func() { l.serve(ctx, c, transport.EndpointIn(d.Dir, s)) })
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		for _, c := range closers {
			c.Close()
		}
		all.Wait()
	})
	return dir
}

func (l liar) serve(ctx context.Context, client net.Conn, at transport.Endpoint) {
	defer client.Close()
	server, err := transport.Dial(ctx, at)
	if err != nil {
		return
	}
	defer server.Close()
	defer context.AfterFunc(ctx, func() { client.Close(); server.Close() })()
	var up sync.WaitGroup
	up.Go(func() {
		_, err := io.Copy(server, client)
		if half, ok := server.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		if err != nil {
			server.Close()
		}
	})
	in := lineReader{server}
	for {
		line, err := in.next()
		if err != nil {
			break
		}
		if _, err := client.Write(l.lie(line)); err != nil {
			break
		}
	}
	client.Close()
	server.Close()
	up.Wait()
}

// lineReader reads a byte at a time: it is as slow as it is short.
type lineReader struct{ io.Reader }

func (r lineReader) next() (line []byte, err error) {
	var b [1]byte
	for !bytes.HasSuffix(line, []byte("\n")) {
		if _, err := r.Read(b[:]); err != nil {
			return line, err
		}
		line = append(line, b[0])
	}
	return line, nil
}

// replaced is a lie about every line that has old in it.
func replaced(old, with string) func([]byte) []byte {
	return func(line []byte) []byte { return bytes.ReplaceAll(line, []byte(old), []byte(with)) }
}

// twice is a lie that repeats lines with a mark.
func twice(mark string) func([]byte) []byte {
	return func(line []byte) []byte {
		if bytes.Contains(line, []byte(mark)) {
			return append(line, line...)
		}
		return line
	}
}

// A harness that lets a fault pass is worth nothing: each of these is noticed
// by the rule that is about it.
func TestRun_NoticesBrokenRules(t *testing.T) {
	d := daemontest.New(t, able)
	for name, tt := range map[string]struct {
		liar liar
		on   transport.Surface
		rule string
	}{
		"two terminal frames":            {liar{lie: twice(`"type":"done"`)}, transport.V1, "a request ends in exactly one terminal frame"},
		"the id is lost":                 {liar{lie: replaced(`"id":"r-1"`, `"id":""`)}, transport.V1, "the id comes back as it was sent"},
		"an error is of another code":    {liar{lie: replaced(`"code":"invalid_request"`, `"code":"internal"`)}, transport.Rerank, "top_n: 0"},
		"a code that there is not":       {liar{lie: replaced(`"code":"invalid_request"`, `"code":"bad_request"`)}, transport.Rerank, "an empty query"},
		"the message names no field":     {liar{lie: replaced("top_p", "it")}, transport.V2, "top_p: 0 is refused"},
		"the stop reason is v1's":        {liar{lie: replaced(`"stop_reason":"end_turn"`, `"stop_reason":"end"`)}, transport.V2, "unknown fields are ignored"},
		"pieces are lost":                {liar{lie: replaced(`"content":", 2"`, `"content":""`)}, transport.V1, "the pieces are the content"},
		"a call is of no tool's name":    {liar{lie: replaced("get_weather", "get weather")}, transport.V2, "calls have names of tools and ids of their own, and end the turn"},
		"a call has no object":           {liar{lie: replaced(`"input":{"city":"Paris"}`, `"input":null`)}, transport.V2, "calls have names of tools and ids of their own, and end the turn"},
		"the order of scores is another": {liar{lie: replaced(`"index":0`, `"index":1`)}, transport.Rerank, "ties stay in the order of the documents"},
		"vectors are not of length 1":    {liar{lie: replaced(`"embeddings":[[`, `"embeddings":[[9`)}, transport.Embed, "there is a vector for each text, of length 1"},
		"the usage has other names":      {liar{lie: replaced("input_tokens", "prompt_tokens")}, transport.V2, "requests sent ahead are answered in order"},
		"half a character":               {liar{lie: replaced("é", "\xc3")}, transport.V1, "the pieces are the content"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := tt.liar.broken(t, d, tt.on)
			if !slices.Contains(broken, tt.rule) {
				t.Errorf("broken are %q, want %q among them", broken, tt.rule)
			}
		})
	}
}

// broken runs the table without what is large.
func (l liar) broken(t *testing.T, d *daemontest.Daemon, on transport.Surface) (names []string) {
	t.Helper()
	o := Options{Dir: l.between(t, d, on), Patience: daemontest.GiveUp}
	for i := range surfaces {
		if surfaces[i].at != on {
			continue
		}
		for _, r := range table() {
			if r.on&surfaces[i].kind == 0 || r.large {
				continue
			}
			if v, _ := o.check(t.Context(), &surfaces[i], r); v == Fail {
				names = append(names, r.name)
			}
		}
	}
	return names
}
