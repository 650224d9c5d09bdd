package fetch_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/inferd/inferd/internal/store/fetch"
)

// newProxy is a proxy that leads all connections to one server, and notes which
// host was asked for.
func newProxy(t testing.TB, to *server) (proxy *url.URL, hosts func() []string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	var tunnels sync.WaitGroup
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.Host)
		mu.Unlock()
		var d net.Dialer
		out, err := d.DialContext(context.Background(), "tcp", to.Listener.Addr().String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		tunnels.Add(2) // the server does not wait for a connection that was taken from it
		// Taken over before the client is told to go on: what it sends then must
		// not lie in the server's buffer.
		in, buffered, err := http.NewResponseController(w).Hijack()
		check(t, err)
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { defer tunnels.Done(); _, _ = io.Copy(out, buffered); _ = out.Close() }()
		go func() { defer tunnels.Done(); _, _ = io.Copy(in, out); _ = in.Close() }()
	}))
	t.Cleanup(func() { p.Close(); tunnels.Wait() })
	u, err := url.Parse(p.URL)
	check(t, err)
	return u, func() []string { mu.Lock(); defer mu.Unlock(); return asked }
}

func TestEnsure_GoesOverTheProxy(t *testing.T) {
	data := weights(mib, 1)
	s, h := newServer(t, data), newHome(t)
	proxy, hosts := newProxy(t, s)
	c := fetch.New(fetch.Config{Roots: trust(s), Proxy: http.ProxyURL(proxy)})
	defer c.Close()
	src := s.source()
	src.URL = "https://example.com/model.gguf" // the certificate is for it, too
	_, err := c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	check(t, err)
	h.holds("tiny", data)
	if got := hosts(); len(got) != 1 || got[0] != "CONNECT example.com:443" {
		t.Errorf("the proxy was asked for %q", got)
	}
}

// A proxy dials in our place, so an address that a public server sends us to is
// judged before the proxy is asked.
func TestEnsure_APublicServerCannotSendUsInsideOverTheProxy(t *testing.T) {
	s, h := newServer(t, weights(mib, 1)), newHome(t)
	s.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, "https://169.254.169.254/latest", http.StatusFound)
		return true
	})
	proxy, hosts := newProxy(t, s)
	c := fetch.New(fetch.Config{Roots: trust(s), Proxy: http.ProxyURL(proxy)})
	defer c.Close()
	src := s.source()
	src.URL = "https://example.com/model.gguf"
	_, err := c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	var policy *fetch.PolicyError
	if !errors.As(err, &policy) || len(hosts()) != 1 {
		t.Errorf("after %q: %v", hosts(), err)
	}
}
