package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Listen says where the daemon listens beside its own sockets: loopback only.
// Empty is nowhere.
type Listen struct {
	// TCP, TCPV2 and TCPEmbed are the addresses of three surfaces.
	TCP, TCPV2, TCPEmbed string
	// APIKeyEnv names the environment variable with the key that clients of
	// these must show.
	APIKeyEnv string
}

// checkLoopback allows addresses that nobody outside of the machine can reach.
func checkLoopback(s string) error {
	host, port, err := net.SplitHostPort(s)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || n == 0 || !isLoopback(host) {
		return errors.New("it must be a loopback address and a port, such as 127.0.0.1:47321, [::1]:47321 or localhost:47321")
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && addr.Unmap().IsLoopback()
}

// check reports listeners that exclude each other.
func (l *Listen) check(r *reader) {
	taken := make(map[string]string)
	for _, a := range []struct{ key, addr string }{
		{"listen.tcp", l.TCP}, {"listen.tcp_v2", l.TCPV2}, {"listen.tcp_embed", l.TCPEmbed},
	} {
		if first, twice := taken[a.addr]; twice && a.addr != "" {
			r.problemAt(a.key, "%q is the address of %s already: each needs its own", a.addr, first)
		}
		taken[a.addr] = a.key
	}
}

// address accepts the URL of a server: https, or http where plain says so.
// User info is refused, since it would be a secret in the file; and no message
// repeats what may be one.
func address(allowed string, plain func(host string) bool, query bool) form[string] {
	check := func(s string) error {
		u, err := url.Parse(s)
		ok := err == nil && u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http" && plain(u.Hostname()))
		switch {
		case !ok:
			return errors.New("it must be " + allowed)
		case u.User != nil:
			return errors.New("it must have no user and no password: secrets are named environment variables")
		case u.Fragment != "" || !query && (u.RawQuery != "" || u.ForceQuery):
			return errors.New("it must be " + allowed + ", without anything after a ? or #")
		}
		return nil
	}
	return private(check, func(s string) any { return redact(s) })
}

// redact is a URL without what may be a secret in it.
func redact(s string) string {
	before, _, cut := strings.Cut(s, "?")
	if cut {
		return before + "?…"
	}
	return s
}

// The forms of the URLs in the file.
var (
	sourceURL  = address("an https:// URL, or http:// on this machine", isLoopback, true)
	serverURL  = address("an https:// or http:// URL", func(string) bool { return true }, false)
	plainCloud = address("a host, an https:// URL, or http:// on this machine", isLoopback, false)
)

// cloudURL accepts a host alone as well, and nothing as the default.
var cloudURL = form[string]{show: plainCloud.show, parse: func(v value) (string, error) {
	switch {
	case v.isText() && v.text == "":
		return "", nil
	case v.isText() && !strings.Contains(v.text, "://"):
		v.text = "https://" + v.text
	}
	return plainCloud.parse(v)
}}
