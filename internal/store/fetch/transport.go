package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	dialTimeout = 30 * time.Second
	tlsTimeout  = 30 * time.Second
	idleTimeout = 30 * time.Second
	// maxHeader bounds what a server may say before it sends bytes.
	maxHeader = 64 << 10
	// loopbackWindow bounds what a server on this machine has sent and we have not
	// taken yet. There is no distance to be bridged, and when the process is
	// killed all of it has to be sent again.
	loopbackWindow = 128 << 10
)

// lane is where connections may lead. Each lane has connections of its own, so
// that none is used for a purpose for which it would not have been made.
type lane int

const (
	laneLoopback lane = iota // http, on this machine
	laneAny                  // https, wherever the user's own URL leads
	lanePublic               // https, after a public server sent us there
	laneProxied              // https, over the user's proxy
	lanes
)

// wires are the ways to servers.
type wires struct {
	proxy  func(*http.Request) (*url.URL, error)
	public func(netip.AddrPort) bool
	lanes  [lanes]http.RoundTripper
}

func newWires(roots *x509.CertPool, proxy func(*http.Request) (*url.URL, error)) *wires {
	w := &wires{proxy: proxy, public: func(a netip.AddrPort) bool { return isPublic(a.Addr()) }}
	if w.proxy == nil {
		w.proxy = http.ProxyFromEnvironment
	}
	for l := range lanes {
		w.lanes[l] = w.transport(l, roots)
	}
	return w
}

func (w *wires) transport(l lane, roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		return w.mayDial(l, address)
	}}
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dial(ctx, dialer, network, address)
		},
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		// A length and a range are those of the bytes themselves.
		DisableCompression: true,
		// One stream at a time gains nothing from HTTP/2, whose buffers hold
		// megabytes that are lost when the process is killed.
		Protocols: new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	if l == laneProxied {
		t.Proxy = w.proxy
	}
	return t
}

func dial(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if at, err := netip.ParseAddrPort(tcp.RemoteAddr().String()); err == nil && at.Addr().Unmap().IsLoopback() {
			_ = tcp.SetReadBuffer(loopbackWindow) // else more is lost at a kill
		}
	}
	return conn, nil
}

// mayDial judges an address after names were resolved, right before a
// connection is made to it: whatever a name stood for before does not matter.
func (w *wires) mayDial(l lane, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return &PolicyError{fmt.Sprintf("address %q can't be judged, so it is not dialled", address)}
	}
	switch {
	case l == laneLoopback && !at.Addr().Unmap().IsLoopback():
		return &PolicyError{fmt.Sprintf("http is for this machine only, and %s is another", at.Addr())}
	case l == lanePublic && !w.public(at):
		return &PolicyError{fmt.Sprintf("a public server sends us to %s, which is not a public address", at.Addr())}
	}
	return nil
}

// choose picks the lane for a request.
func (w *wires) choose(r *http.Request, public bool) (lane, error) {
	if r.URL.Scheme == "http" {
		return laneLoopback, nil
	}
	proxy, err := w.proxy(r)
	if err != nil {
		return 0, &PolicyError{"the proxy's address can't be read; see HTTPS_PROXY"}
	}
	switch {
	case proxy != nil:
		// The proxy finds the server, so only an address as such can be judged.
		if addr, err := netip.ParseAddr(r.URL.Hostname()); err == nil && public && !isPublic(addr) {
			return 0, &PolicyError{fmt.Sprintf("a public server sends us to %s, which is not a public address", addr)}
		}
		return laneProxied, nil
	case public:
		return lanePublic, nil
	}
	return laneAny, nil
}

// close ends connections that nobody uses.
func (w *wires) close() {
	for _, rt := range w.lanes {
		if t, ok := rt.(*http.Transport); ok {
			t.CloseIdleConnections()
		}
	}
}
