package fetch_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

// A server that breaks off is asked for the rest, and then answers oddly.
func TestEnsure_AnswersToARangeThatAreNotWhatWasAskedFor(t *testing.T) {
	data, next := weights(mib, 1), weights(mib, 2)
	for _, c := range []struct {
		name string
		odd  func(w http.ResponseWriter, r *http.Request)
		want []byte // what the right digest is of
	}{
		{"all of it", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }, data},
		{"another range", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 5-%d/%d", mib-1, mib))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[5:])
		}, data},
		{"no range", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[mib/2:])
		}, data},
		{"a range that can't be", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 524288-99999999999999999999/1048576")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[mib/2:])
		}, data},
		{"that there is no such range", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}, data},
		{"the rest of another version", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"two"`)
			r.Header.Del("If-Range")
			http.ServeContent(w, r, "model.gguf", time.Time{}, bytes.NewReader(next))
		}, data},
		{"another version", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"two"`)
			http.ServeContent(w, r, "model.gguf", time.Time{}, bytes.NewReader(next))
		}, next},
		{"a piece of the range", func(w http.ResponseWriter, r *http.Request) {
			var from int64
			_, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			check(t, err)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+9, mib))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[from : from+10])
		}, data},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, h := newServer(t, data), newHome(t)
			s.answers(func(w http.ResponseWriter, r *http.Request, n int) bool {
				switch n {
				case 0:
					breakAfter(data, mib/2)(w, r)
				case 1:
					if r.Header.Get("Range") == "" || r.Header.Get("If-Range") != `"one"` {
						t.Errorf("the second request has range %q if %q", r.Header.Get("Range"), r.Header.Get("If-Range"))
					}
					c.odd(w, r)
				default:
					return false
				}
				return true
			})
			src := s.source()
			src.SHA256 = digest(c.want)
			_, err := newClient(t, s).Ensure(t.Context(), h.Store, src, fetch.Options{})
			check(t, err)
			h.holds("tiny", c.want)
			h.clean()
			if len(h.quarantined) > 0 {
				t.Errorf("quarantined %+v", h.quarantined)
			}
		})
	}
}

// Without a name for a version, two halves may be of two. That is no reason to
// give up on the server, once.
func TestEnsure_HalvesOfTwoVersionsAreNotItsLastWord(t *testing.T) {
	old, next := weights(mib, 1), weights(mib, 2)
	s, h := newServer(t, next), newHome(t)
	s.becomes(next, "")
	s.answers(func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n == 0 {
			w.Header().Set("Content-Length", fmt.Sprint(mib))
			_, _ = (&breaking{w, mib / 2}).Write(old) // panics
		}
		return false
	})
	_, err := newClient(t, s).Ensure(t.Context(), h.Store, s.source(), fetch.Options{})
	check(t, err)
	h.holds("tiny", next)
}

func TestEnsure_RefusesAnswersForGood(t *testing.T) {
	data := weights(mib, 1)
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, c := range []struct {
		name  string
		odd   func(w http.ResponseWriter, r *http.Request)
		asked int
		want  any
	}{
		{"404", status(404), 1, new(*fetch.StatusError)},
		{"401", status(401), 1, new(*fetch.StatusError)},
		{"408", status(408), 1, new(*fetch.StatusError)},
		{"503", status(503), 4, new(*fetch.StatusError)},
		{"500", status(500), 4, new(*fetch.StatusError)},
		{"429", status(429), 4, new(*fetch.StatusError)},
		{"429 for an hour", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		}, 1, new(*fetch.StatusError)},
		{"a redirect to nowhere", status(302), 1, new(*fetch.StatusError)},
		{"another size", func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data[1:]))
		}, 1, new(*fetch.SizeError)},
		{"a part of what nobody cut", status(206), 1, new(*fetch.ProtocolError)},
		{"nothing", status(200), 1, new(*fetch.ProtocolError)},
		{"compressed", func(w http.ResponseWriter, r *http.Request) {
			if e := r.Header.Get("Accept-Encoding"); e != "identity" {
				t.Errorf("it was asked for encoding %q", e)
			}
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(data)
		}, 1, new(*fetch.ProtocolError)},
		{"redirects in circles", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}, 6, new(*fetch.PolicyError)},
		{"a redirect to http", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/f", http.StatusFound)
		}, 1, new(*fetch.PolicyError)},
		{"a redirect to a file", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, 1, new(*fetch.PolicyError)},
		{"a redirect that can't be read", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://[::1")
			w.WriteHeader(302)
		}, 1, new(*fetch.PolicyError)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, h := newServer(t, data), newHome(t)
			s.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool { c.odd(w, r); return true })
			_, err := newClient(t, s).Ensure(t.Context(), h.Store, s.source(), fetch.Options{})
			if !errors.As(err, c.want) || len(s.ranges()) != c.asked {
				t.Errorf("after %d requests: %v", len(s.ranges()), err)
			}
			h.lacks("tiny")
		})
	}
}

func TestEnsure_BodiesWithoutALength(t *testing.T) {
	data := weights(mib, 1)
	for _, c := range []struct {
		name string
		send func(w io.Writer)
		good bool
	}{
		{"that end where they should", func(w io.Writer) { _, _ = w.Write(data) }, true},
		{"that do not end", func(w io.Writer) {
			_, _ = w.Write(data)
			for range 1000 {
				if _, err := w.Write(data[:1<<10]); err != nil {
					return
				}
			}
		}, true},
		{"that end early", func(w io.Writer) { _, _ = w.Write(data[:mib-1]) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, h := newServer(t, data), newHome(t)
			s.answers(func(w http.ResponseWriter, r *http.Request, n int) bool {
				if r.Header.Get("Range") != "" {
					w.WriteHeader(500)
					return true
				}
				check(t, http.NewResponseController(w).Flush())
				c.send(w)
				return true
			})
			_, err := newClient(t, s).Ensure(t.Context(), h.Store, s.source(), fetch.Options{})
			if c.good {
				check(t, err)
				h.holds("tiny", data)
			} else if err == nil {
				t.Error("half of it was enough")
			}
			src := s.source()
			src.Size, src.Name = 0, "other"
			var protocol *fetch.ProtocolError
			if _, err := newClient(t, s).Ensure(t.Context(), newHome(t).Store, src, fetch.Options{}); !errors.As(err, &protocol) {
				t.Errorf("of no size at all: %v", err)
			}
		})
	}
}

func TestEnsure_AFileThatChangesAllTheTimeIsGivenUp(t *testing.T) {
	data := weights(mib, 1)
	s, h := newServer(t, data), newHome(t)
	s.answers(func(w http.ResponseWriter, _ *http.Request, n int) bool {
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
		w.Header().Set("Content-Length", fmt.Sprint(mib))
		_, _ = (&breaking{w, mib / 2}).Write(weights(mib, uint64(n))) // panics
		return true
	})
	_, err := newClient(t, s).Ensure(t.Context(), h.Store, s.source(), fetch.Options{})
	var protocol *fetch.ProtocolError
	if !errors.As(err, &protocol) || len(s.ranges()) > 6 {
		t.Errorf("after %d requests: %v", len(s.ranges()), err)
	}
}

// Servers of a test are on loopback; what a client takes for public is told by
// the port.
func TestEnsure_RedirectsFromPublicServersStayPublic(t *testing.T) {
	data := weights(mib, 1)
	for _, c := range []struct {
		name                  string
		firstPublic, toPublic bool
		good                  bool
	}{
		{"public to public", true, true, true},
		{"public to private", true, false, false},
		{"private to private", false, false, true},
		{"private to public", false, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			last, first, h := newServer(t, data), newServer(t, nil), newHome(t)
			first.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool {
				http.Redirect(w, r, last.URL+"/blob?signature=secret", http.StatusTemporaryRedirect)
				return true
			})
			cl := newClient(t, first, last)
			cl.SetPublic(func(a netip.AddrPort) bool {
				if a == addressOf(first) {
					return c.firstPublic
				}
				return c.toPublic
			})
			src := last.source()
			src.URL = first.URL + "/model.gguf"
			_, err := cl.Ensure(t.Context(), h.Store, src, fetch.Options{})
			var policy *fetch.PolicyError
			if c.good {
				check(t, err)
				h.holds("tiny", data)
			} else if !errors.As(err, &policy) || len(last.ranges()) > 0 {
				t.Errorf("after %d requests: %v", len(last.ranges()), err)
			}
		})
	}
}

// Back to where the user's own URL led, but sent by a public server: a
// connection that is open already is no way around the rule.
func TestEnsure_APublicServerCannotSendUsBack(t *testing.T) {
	data := weights(mib, 1)
	inside, outside, h := newServer(t, data), newServer(t, nil), newHome(t)
	inside.answers(func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n == 0 {
			http.Redirect(w, r, outside.URL, http.StatusFound)
		}
		return n == 0
	})
	outside.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, inside.URL+"/admin", http.StatusFound)
		return true
	})
	cl := newClient(t, inside, outside)
	cl.SetPublic(func(a netip.AddrPort) bool { return a == addressOf(outside) })
	_, err := cl.Ensure(t.Context(), h.Store, inside.source(), fetch.Options{})
	var policy *fetch.PolicyError
	if !errors.As(err, &policy) || len(inside.ranges()) != 1 {
		t.Errorf("after %d requests: %v", len(inside.ranges()), err)
	}
}

func addressOf(s *server) netip.AddrPort {
	return netip.MustParseAddrPort(s.Listener.Addr().(*net.TCPAddr).String())
}

func TestEnsure_CredentialsStayWithTheirOrigin(t *testing.T) {
	data := weights(mib, 1)
	last, first, h := newServer(t, data), newServer(t, nil), newHome(t)
	var firstAuth, lastAuth []string
	first.answers(func(w http.ResponseWriter, r *http.Request, n int) bool {
		firstAuth = append(firstAuth, r.Header.Get("Authorization"))
		to := first.URL + "/again"
		if n > 0 {
			to = strings.Replace(last.URL, "https://", "https://evil:pw@", 1)
		}
		http.Redirect(w, r, to, http.StatusFound)
		return true
	})
	last.answers(func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		lastAuth = append(lastAuth, r.Header.Get("Authorization"), r.Header.Get("Referer"), r.Header.Get("Cookie"))
		return false
	})
	src := last.source()
	src.URL = strings.Replace(first.URL, "https://", "https://me:pw@", 1) + "/model.gguf?token=secret"
	var shown []string
	r, err := newClient(t, first, last).Ensure(t.Context(), h.Store, src, fetch.Options{Progress: func(p fetch.Progress) { shown = append(shown, p.URL) }})
	check(t, err)
	if strings.Join(firstAuth, " ") != "Basic bWU6cHc= Basic bWU6cHc=" || strings.Join(lastAuth, "") != "" {
		t.Errorf("credentials: %q and %q", firstAuth, lastAuth)
	}
	all := strings.Join(append(shown, fmt.Sprintf("%+v", r)), " ")
	if strings.Contains(all, "secret") || strings.Contains(all, "pw") || len(shown) < 2 {
		t.Errorf("shown: %s", all)
	}
	src.Token, src.URL = "hf_secret", first.URL
	if text := fmt.Sprintf("%v %+v %#v", src, src, src); strings.Contains(text, "hf_secret") {
		t.Errorf("a token is shown in %s", text)
	}
}

func TestEnsure_ErrorsShowNoSecret(t *testing.T) {
	s, h := newServer(t, weights(mib, 1)), newHome(t)
	s.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, "http://user:hunter2@"+r.Host+"/f?sig=hunter3", http.StatusFound)
		return true
	})
	src := s.source()
	src.URL += "?token=hunter4"
	_, err := newClient(t, s).Ensure(t.Context(), h.Store, src, fetch.Options{})
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("the error is %v", err)
	}
}

func TestEnsure_TrustsNoUnknownCertificate(t *testing.T) {
	s, h := newServer(t, weights(mib, 1)), newHome(t)
	tries := 0
	_, err := newClient(t).Ensure(t.Context(), h.Store, s.source(), fetch.Options{Retrying: func(fetch.Retry) { tries++ }})
	var cert *tls.CertificateVerificationError
	if !errors.As(err, &cert) || tries > 0 {
		t.Errorf("after %d retries: %v", tries, err)
	}
}

func TestEnsure_BadBytesComeOnce(t *testing.T) {
	good, bad := weights(mib, 1), weights(mib, 2)
	s, h := newServer(t, good), newHome(t)
	src := s.source()
	s.becomes(bad, `"bad"`)
	c := newClient(t, s)
	_, err := c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	var mismatch *store.MismatchError
	if !errors.As(err, &mismatch) || mismatch.Want.Hex() != digest(good) || mismatch.Actual.Hex() != digest(bad) || mismatch.QuarantinePath == "" {
		t.Fatalf("the bad bytes: %v", err)
	}
	if len(h.quarantined) != 1 || h.quarantined[0].Actual.Hex() != digest(bad) {
		t.Fatalf("the event says %+v", h.quarantined)
	}
	h.lacks("tiny")
	h.clean()

	_, err = c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	var refused *fetch.RefusedError
	if !errors.As(err, &refused) || len(s.ranges()) != 1 {
		t.Fatalf("again, after %d requests: %v", len(s.ranges()), err)
	}
	// Another place may have the right ones.
	elsewhere := src
	elsewhere.URL += "2"
	if _, err = c.Ensure(t.Context(), h.Store, elsewhere, fetch.Options{}); !errors.As(err, &mismatch) || len(s.ranges()) != 2 {
		t.Fatalf("from elsewhere, after %d requests: %v", len(s.ranges()), err)
	}
	// A person may ask, in vain or not.
	if _, err = c.Ensure(t.Context(), h.Store, src, fetch.Options{Asked: true}); !errors.As(err, &mismatch) || len(s.ranges()) != 3 {
		t.Fatalf("asked, after %d requests: %v", len(s.ranges()), err)
	}
	s.becomes(good, `"good"`)
	_, err = c.Ensure(t.Context(), h.Store, src, fetch.Options{Asked: true})
	check(t, err)
	h.holds("tiny", good)
	if _, _, still, err := h.Refused(mismatch.Want, fetch.Redact(src.URL)); still || err != nil {
		t.Errorf("it is still refused, %v", err)
	}
}

func TestEnsure_DiskWithoutRoomIsSaidBeforeAnyByte(t *testing.T) {
	s, h := newServer(t, weights(mib, 1)), newHome(t)
	s.answers(func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Content-Length", fmt.Sprint(int64(1)<<60))
		return true
	})
	src := s.source()
	src.Size = 1 << 60
	r, err := newClient(t, s).Ensure(t.Context(), h.Store, src, fetch.Options{})
	var space *store.SpaceError
	if !errors.As(err, &space) || r.Fetched != 0 || len(s.ranges()) != 1 {
		t.Errorf("after %d requests and %d bytes: %v", len(s.ranges()), r.Fetched, err)
	}
}
