package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

// paced is a body that sends a piece at a time, and pauses in between; it obeys
// its context, as those of the network do.
type paced struct {
	ctx   context.Context
	data  []byte
	piece int
	pause time.Duration
}

func (p *paced) Read(b []byte) (int, error) {
	timer := time.NewTimer(p.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
		return 0, context.Cause(p.ctx)
	}
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.data[:min(p.piece, len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

func (p *paced) Close() error { return nil }

// roundTrip is a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// sends answers a request with the bytes that it asks for.
func sends(r *http.Request, data []byte, piece int, pause time.Duration) *http.Response {
	from, status, header := 0, http.StatusOK, http.Header{"Etag": {`"one"`}}
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); n == 1 {
		status = http.StatusPartialContent
		header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
	}
	return &http.Response{
		StatusCode: status, Header: header, ContentLength: int64(len(data) - from), Request: r,
		Body: &paced{ctx: r.Context(), data: data[from:], piece: piece, pause: pause},
	}
}

// bubble is a store and a client in whose world time passes at once.
func bubble(t *testing.T, config fetch.Config, rt roundTrip) func(data []byte, o fetch.Options) (fetch.Result, error) {
	t.Helper()
	config.Proxy = noProxy
	c := fetch.New(config)
	c.SetTransport(rt)
	s, err := store.Open(t.TempDir(), store.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return func(data []byte, o fetch.Options) (fetch.Result, error) {
		src := fetch.Source{Name: "tiny", URL: "https://hub.example/f?token=secret", SHA256: digest(data), Size: int64(len(data))}
		return c.Ensure(t.Context(), s, src, o)
	}
}

func TestEnsure_LeavesAServerThatStallsAndGoesOn(t *testing.T) {
	data := weights(1<<20, 1)
	for _, c := range []struct {
		name  string
		first func(r *http.Request) (*http.Response, error)
	}{
		{"in the middle", func(r *http.Request) (*http.Response, error) {
			resp := sends(r, data, 1<<18, time.Second)
			resp.Body.(*paced).pause = time.Second
			resp.Body = &stuck{Reader: io.LimitReader(resp.Body, 1<<19), ctx: r.Context()}
			return resp, nil
		}},
		{"a byte at a time", func(r *http.Request) (*http.Response, error) { return sends(r, data, 1, time.Second), nil }},
		{"before it answers", func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				pull := bubble(t, fetch.Config{}, func(r *http.Request) (*http.Response, error) {
					if asked++; asked == 1 {
						return c.first(r)
					}
					return sends(r, data, 1<<18, time.Second), nil
				})
				var retries []string
				began := time.Now()
				r, err := pull(data, fetch.Options{Retrying: func(r fetch.Retry) { retries = append(retries, r.Err.Error()) }})
				check(t, err)
				if len(retries) != 1 || retries[0] != "the server stopped sending" || asked != 2 {
					t.Errorf("%d requests, retries %q", asked, retries)
				}
				if took := time.Since(began); took > 3*time.Minute || r.Fetched != int64(len(data)) {
					t.Errorf("%d bytes in %s", r.Fetched, took)
				}
			})
		})
	}
}

// stuck never ends.
type stuck struct {
	io.Reader
	ctx context.Context
}

func (s *stuck) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		<-s.ctx.Done()
		return 0, context.Cause(s.ctx)
	}
	return n, err
}

func (s *stuck) Close() error { return nil }

func TestEnsure_EndsWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := weights(1<<20, 1)
		pull := bubble(t, fetch.Config{Timeout: 3 * time.Hour}, func(r *http.Request) (*http.Response, error) {
			return sends(r, data, 1<<10, time.Minute/32), nil
		})
		_, err := pull(data, fetch.Options{})
		check(t, err) // 1024 pieces, half an hour
		pull = bubble(t, fetch.Config{Timeout: 10 * time.Minute}, func(r *http.Request) (*http.Response, error) {
			return sends(r, data, 1<<10, time.Minute/32), nil
		})
		began := time.Now()
		_, err = pull(data, fetch.Options{})
		if err == nil || !strings.Contains(err.Error(), "the time for the download is over") || time.Since(began) != 10*time.Minute {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestEnsure_WaitsLongerEachTimeAndAsLongAsItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data, asked := weights(1<<10, 1), 0
		pull := bubble(t, fetch.Config{}, func(r *http.Request) (*http.Response, error) {
			asked++
			resp := &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody, Request: r}
			if asked == 2 {
				resp.StatusCode = 429
				resp.Header.Set("Retry-After", "120")
			}
			return resp, nil
		})
		var waits []time.Duration
		_, err := pull(data, fetch.Options{Retrying: func(r fetch.Retry) { waits = append(waits, r.Wait) }})
		var status *fetch.StatusError
		if !errors.As(err, &status) || asked != 7 || len(waits) != 6 || !strings.Contains(err.Error(), "after 7 attempts") {
			t.Fatalf("%d requests, waits %s: %v", asked, waits, err)
		}
		for i, wait := range waits {
			least, most := time.Second<<i/2, time.Second<<i
			if i == 1 {
				least, most = 120*time.Second, 120*time.Second
			}
			if wait < least || wait > most {
				t.Errorf("wait %d is %s, want %s to %s", i, wait, least, most)
			}
		}
	})
}

// The cadence of the admin protocol: at the beginning, every 32 MiB or 5 s, and
// at the end.
func TestEnsure_ReportsProgressAtTheProtocolsPace(t *testing.T) {
	for _, c := range []struct {
		name  string
		data  []byte
		piece int
		pause time.Duration
		want  []int64 // MiB
	}{
		{"fast", weights(80<<20, 1), 1 << 20, 0, []int64{0, 32, 64, 80}},
		{"slow", weights(4<<20, 1), 1 << 20, 8 * time.Second, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pull := bubble(t, fetch.Config{}, func(r *http.Request) (*http.Response, error) {
					return sends(r, c.data, c.piece, c.pause), nil
				})
				var done []int64
				var at []time.Time
				_, err := pull(c.data, fetch.Options{Progress: func(p fetch.Progress) {
					if p.URL != "https://hub.example/f" || p.Total != int64(len(c.data)) {
						t.Fatalf("progress is %+v", p)
					}
					done, at = append(done, p.Done>>20), append(at, time.Now())
				}})
				check(t, err)
				if c.want != nil && fmt.Sprint(done) != fmt.Sprint(c.want) {
					t.Errorf("told at %d MiB, want %d", done, c.want)
				}
				for i := 1; i < len(at); i++ {
					if gap := at[i].Sub(at[i-1]); gap > 6*time.Second {
						t.Errorf("nothing was told for %s", gap)
					}
				}
			})
		})
	}
}

// Whatever a server says, a download ends, and only the right bytes get in.
func FuzzAnswer(f *testing.F) {
	data := weights(100, 1)
	f.Add(200, "", `"a"`, "", data, 7)
	f.Add(206, "bytes 10-99/100", `"one"`, "identity", data[10:], 90)
	f.Add(206, "bytes 0-9/10", "", "", data, -1)
	f.Add(302, "", "", "gzip", []byte{}, 0)
	f.Fuzz(func(t *testing.T, status int, span, tag, encoding string, body []byte, length int) {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			pull := bubble(t, fetch.Config{Attempts: 2}, func(r *http.Request) (*http.Response, error) {
				if asked++; asked == 1 {
					resp := sends(r, data[:10], 10, 0)
					resp.ContentLength = 100
					return resp, nil
				}
				if asked > 200 {
					t.Fatal("it asks without end")
				}
				return &http.Response{
					StatusCode: status, Request: r, ContentLength: int64(max(length, -1)), Body: io.NopCloser(bytes.NewReader(body)),
					Header: http.Header{"Content-Range": {span}, "Etag": {tag}, "Content-Encoding": {encoding}, "Location": {tag}},
				}, nil
			})
			if r, err := pull(data, fetch.Options{}); err == nil && r.Manifest.Blob.Hex() != digest(data) {
				t.Fatalf("the store has %+v", r)
			}
		})
	})
}

// A hub that does not answer is asked again, which is said, and not for longer
// than the whole may take.
func TestResolve_EndsWithTheTimeForTheDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fetch.New(fetch.Config{Proxy: noProxy, Timeout: 5 * time.Second})
		c.SetTransport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }))
		var told []string
		began := time.Now()
		_, err := c.Resolve(t.Context(), mustHub(t, "hf:o/r/f.gguf"), fetch.HubConfig{
			Retrying: func(r fetch.Retry) { told = append(told, r.Err.Error()) },
		})
		if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "time for the download") || took != 5*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		if len(told) == 0 || told[0] != "no route" {
			t.Errorf("it says %q", told)
		}
	})
}
