package fetch

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// target is a URL that may be asked, with the credentials for its origin.
type target struct {
	url  *url.URL // without user info
	auth string   // the Authorization header
}

// parseTarget reads a URL that a person or a config gave.
func parseTarget(text string, token Secret) (target, error) {
	u, err := url.Parse(text)
	if err != nil {
		// Its text repeats the URL, secrets and all.
		return target{}, fmt.Errorf("URL %s: it can't be read", Redact(text))
	}
	t := target{url: u}
	if token != "" {
		t.auth = "Bearer " + string(token)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(u.User.Username(), password)
		t.auth, u.User = r.Header.Get("Authorization"), nil
	}
	u.Fragment, u.RawFragment = "", ""
	switch {
	case u.Hostname() == "":
		return target{}, fmt.Errorf("URL %s: it has no host; it must begin with https://", Redact(text))
	case u.Scheme == "https", u.Scheme == "http" && namesLoopback(u.Hostname()):
		return t, nil
	}
	return target{}, fmt.Errorf("URL %s: it must begin with https://; http:// is for this machine only", t)
}

// namesLoopback reports whether a host can only be this machine. Where the name
// leads is checked again when it is dialled.
func namesLoopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// String is the URL for a message.
func (t target) String() string { return redacted(t.url) }

// origin is what credentials are bound to.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// Redact is a URL without user info, query and fragment: any of them may be a
// secret, as the signatures are that redirects carry.
func Redact(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "(unreadable)"
	}
	return redacted(u)
}

func redacted(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Opaque: u.Opaque, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return shown.String()
}
