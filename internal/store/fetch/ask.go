package fetch

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
)

const (
	maxRedirects = 5
	// maxSkipped is how much of a body is read that nobody wants, so that its
	// connection can be used again.
	maxSkipped = 4 << 10
)

// question is a request before it is known which server answers it.
type question struct {
	method string
	to     target
	header http.Header
	// enough, which may be nil, reports that a redirect is an answer.
	enough func(*http.Response) bool
	// near: redirects may not leave the origin.
	near bool
}

// ask sends a question, and follows redirects. The caller closes the body.
func (w *wires) ask(ctx context.Context, q question) (*http.Response, error) {
	at, public := q.to.url, false
	for hop := 0; ; hop++ {
		resp, open, err := w.hop(ctx, q, at, public)
		if err != nil {
			return nil, err
		}
		next, redirected := location(resp)
		if !redirected || q.enough != nil && q.enough(resp) {
			return resp, nil
		}
		_, _ = io.CopyN(io.Discard, resp.Body, maxSkipped)
		_ = resp.Body.Close()
		public = public || open
		if hop == maxRedirects {
			return nil, &PolicyError{fmt.Sprintf("more than %d redirects", maxRedirects)}
		}
		if at, err = q.follow(at, next); err != nil {
			return nil, err
		}
	}
}

// follow judges a redirect.
func (q question) follow(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil || to.Hostname() == "" {
		return nil, &PolicyError{fmt.Sprintf("%s sends us to an address that can't be read", from.Host)}
	}
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	if to.Scheme != "https" {
		return nil, &PolicyError{fmt.Sprintf("%s sends us to %s, which is not https", from.Host, redacted(to))}
	}
	if q.near && origin(to) != origin(q.to.url) {
		return nil, &PolicyError{fmt.Sprintf("%s sends us to %s, where its word is not known to hold", from.Host, redacted(to))}
	}
	return to, nil
}

// hop asks one server. public is whether one that is public sent us there, and
// open whether this one is.
func (w *wires) hop(ctx context.Context, q question, at *url.URL, public bool) (resp *http.Response, open bool, err error) {
	trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		if addr, err := netip.ParseAddrPort(c.Conn.RemoteAddr().String()); err == nil {
			open = w.public(addr)
		}
	}}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), q.method, at.String(), nil)
	if err != nil {
		return nil, false, &PolicyError{fmt.Sprintf("%s can't be asked", redacted(at))}
	}
	maps.Copy(r.Header, q.header)
	r.Header.Set("User-Agent", "inferd")
	r.Header.Set("Accept-Encoding", "identity")
	if q.to.auth != "" && origin(at) == origin(q.to.url) {
		r.Header.Set("Authorization", q.to.auth)
	}
	l, err := w.choose(r, public)
	if err != nil {
		return nil, false, err
	}
	if resp, err = w.lanes[l].RoundTrip(r); err != nil {
		return nil, false, err
	}
	if l == laneProxied {
		addr, err := netip.ParseAddr(at.Hostname())
		open = err != nil || isPublic(addr)
	}
	return resp, open, nil
}

// location returns where an answer sends us, if it does.
func location(resp *http.Response) (string, bool) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		to := resp.Header.Get("Location")
		return to, to != ""
	}
	return "", false
}
