package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

const mib = 1 << 20

func TestEnsure_FetchesWhatIsNotThereAndNothingElse(t *testing.T) {
	data := weights(3*mib+17, 1)
	s, h := newServer(t, data), newHome(t)
	c := newClient(t, s)
	src := s.source()
	src.License = "MIT"
	r, err := c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	check(t, err)
	if r.Present || r.Fetched != int64(len(data)) || r.Manifest.License != "MIT" || r.Manifest.Origin.Filename != "model.gguf" {
		t.Errorf("the first pull says %+v", r)
	}
	h.holds("tiny", data)
	h.clean()
	s.becomes(data, `"one"`)
	r, err = c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	check(t, err)
	src.Name = "other"
	again, err := c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	check(t, err)
	if !r.Present || again.Present || r.Fetched+again.Fetched != 0 || len(s.ranges()) != 0 {
		t.Errorf("the later pulls say %+v and %+v, and asked for %q", r, again, s.ranges())
	}
	h.holds("other", data)
}

func TestEnsure_FetchesWithoutKnowingTheSize(t *testing.T) {
	data := weights(mib, 1)
	s, h := newServer(t, data), newHome(t)
	src := s.source()
	src.Size = 0
	_, err := newClient(t, s).Ensure(t.Context(), h.Store, src, fetch.Options{})
	check(t, err)
	h.holds("tiny", data)
}

func TestEnsure_GoesOnWhereAConnectionBroke(t *testing.T) {
	data := weights(4*mib, 2)
	s, h := newServer(t, data), newHome(t)
	var sent atomic.Int64
	s.answers(func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n < 6 {
			sent.Add(600 << 10)
			breakAfter(data, 600<<10)(w, r)
		}
		return false
	})
	var retries int
	r, err := newClient(t, s).Ensure(t.Context(), h.Store, s.source(), fetch.Options{Retrying: func(fetch.Retry) { retries++ }})
	check(t, err)
	h.holds("tiny", data)
	h.clean()
	// The connection may lose what was on its way when it broke, but what arrived
	// is asked for once.
	if r.Fetched != int64(len(data)) || retries < 6 {
		t.Errorf("%d bytes of %d were fetched, with %d retries; ranges %q", r.Fetched, len(data), retries, s.ranges())
	}
}

func TestEnsure_GoesOnInAnotherProcess(t *testing.T) {
	data := weights(2*mib, 3)
	s, h := newServer(t, data), newHome(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop here")
	_, err := newClient(t, s).Ensure(ctx, h.Store, s.source(), fetch.Options{Advance: func(p fetch.Progress) {
		if p.Done > mib {
			cancel(stop)
		}
	}})
	if !errors.Is(err, stop) {
		t.Fatalf("stopped with %v", err)
	}
	h.lacks("tiny")
	s.becomes(data, `"one"`)
	var first fetch.Progress
	r, err := newClient(t, s).Ensure(t.Context(), h.Store, s.source(), fetch.Options{Progress: func(p fetch.Progress) {
		if first.URL == "" {
			first = p
		}
	}})
	check(t, err)
	h.holds("tiny", data)
	if r.Fetched >= mib || first.Done != int64(len(data))-r.Fetched {
		t.Errorf("%d bytes were fetched again; the first progress was %+v", r.Fetched, first)
	}
	if got := s.ranges(); len(got) != 1 || got[0] != fmt.Sprintf("bytes=%d-", first.Done) {
		t.Errorf("asked for %q", got)
	}
}

func TestEnsure_SecondPullWaitsAndFindsItThere(t *testing.T) {
	data := weights(mib, 4)
	s, h := newServer(t, data), newHome(t)
	hold := make(chan struct{})
	s.answers(func(http.ResponseWriter, *http.Request, int) bool { <-hold; return false })
	c := newClient(t, s)
	type outcome struct {
		r   fetch.Result
		err error
	}
	results := make(chan outcome, 2)
	pull := func() {
		r, err := c.Ensure(t.Context(), h.Store, s.source(), fetch.Options{})
		results <- outcome{r, err}
	}
	go pull()
	go pull()
	w := <-h.waited
	for w.PID == 0 { // the holder has the lock, and has not written its pid yet
		w = <-h.waited
	}
	if w.Name.String() != "tiny" {
		t.Errorf("waited for %+v", w)
	}
	close(hold)
	a, b := <-results, <-results
	check(t, a.err)
	check(t, b.err)
	if a.r.Fetched+b.r.Fetched != int64(len(data)) || a.r.Present == b.r.Present {
		t.Errorf("the pulls say %+v and %+v", a.r, b.r)
	}
}

// The same bytes under two names come once, too.
func TestEnsure_SecondNameWaitsForTheSameBytes(t *testing.T) {
	data := weights(mib, 5)
	s, h := newServer(t, data), newHome(t)
	hold := make(chan struct{})
	s.answers(func(http.ResponseWriter, *http.Request, int) bool { <-hold; return false })
	c := newClient(t, s)
	fetched, errs := make(chan int64, 2), make(chan error, 2)
	for _, name := range []string{"tiny", "other"} {
		src := s.source()
		src.Name = name
		go func() {
			r, err := c.Ensure(t.Context(), h.Store, src, fetch.Options{})
			fetched <- r.Fetched
			errs <- err
		}()
	}
	if w := <-h.waited; w.Blob.Hex() != digest(data) {
		t.Errorf("waited for %+v", w)
	}
	close(hold)
	check(t, errors.Join(<-errs, <-errs))
	if n := <-fetched + <-fetched; n != int64(len(data)) {
		t.Errorf("%d bytes were fetched, the file has %d", n, len(data))
	}
	h.holds("tiny", data)
	h.holds("other", data)
}

func TestEnsure_ChangesWhatANameStandsForOnlyWhenTold(t *testing.T) {
	s, h := newServer(t, weights(mib, 6)), newHome(t)
	c := newClient(t, s)
	_, err := c.Ensure(t.Context(), h.Store, s.source(), fetch.Options{})
	check(t, err)
	next := weights(mib, 7)
	s.becomes(next, `"two"`)
	_, err = c.Ensure(t.Context(), h.Store, s.source(), fetch.Options{})
	var exists *store.ExistsError
	if !errors.As(err, &exists) || len(s.ranges()) != 0 {
		t.Fatalf("refused with %v, after asking for %q", err, s.ranges())
	}
	_, err = c.Ensure(t.Context(), h.Store, s.source(), fetch.Options{Replace: true})
	check(t, err)
	h.holds("tiny", next)
}

func TestEnsure_RefusesWhatIsNotAccepted(t *testing.T) {
	s, h := newServer(t, weights(mib, 8)), newHome(t)
	refused := errors.New("not a model")
	_, err := newClient(t, s).Ensure(t.Context(), h.Store, s.source(), fetch.Options{
		Accept: func(blobs []*store.Blob) error {
			if len(blobs) != 1 || blobs[0].Size != mib {
				t.Errorf("asked about %+v", blobs)
			}
			return refused
		},
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	name, err := store.ParseName("tiny")
	check(t, err)
	if _, err := h.Get(name); !errors.Is(err, store.ErrNoModel) {
		t.Errorf("the name: %v", err)
	}
}

func TestEnsure_FetchesAllPartsOfASplitModel(t *testing.T) {
	a, b := weights(mib, 9), weights(mib/2, 10)
	s, h := newServer(t, a), newHome(t)
	s.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasSuffix(r.URL.Path, "2-of-2") {
			_, _ = w.Write(b)
			return true
		}
		return false
	})
	src := s.source()
	src.Parts = []fetch.Part{{URL: s.URL + "/2-of-2", SHA256: digest(b), Size: int64(len(b))}}
	var told []fetch.Progress
	_, err := newClient(t, s).Ensure(t.Context(), h.Store, src, fetch.Options{Progress: func(p fetch.Progress) { told = append(told, p) }})
	check(t, err)
	name, err := store.ParseName("tiny")
	check(t, err)
	e, err := h.Get(name)
	check(t, err)
	if e.State != store.BlobPresent || len(e.Manifest.Parts) != 1 || e.Manifest.Parts[0].Filename != "2-of-2" {
		t.Fatalf("the store has %+v", e)
	}
	last := told[len(told)-1]
	if want := (fetch.Progress{Done: mib * 3 / 2, Total: mib * 3 / 2, URL: s.URL + "/2-of-2"}); last != want {
		t.Error(cmp.Diff(want, last))
	}
	if _, err := h.GC(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if c, err := h.Verify(t.Context(), name, store.VerifyOptions{}); err != nil || c.State != store.CheckGood {
		t.Errorf("after GC: %+v, %v", c, err)
	}
}

func TestEnsure_RefusesABadSource(t *testing.T) {
	h := newHome(t)
	good := fetch.Source{Name: "tiny", URL: "https://example.com/f", SHA256: strings.Repeat("a", 64)}
	for _, change := range []func(*fetch.Source){
		func(s *fetch.Source) { s.Name = "../up" },
		func(s *fetch.Source) { s.URL = "http://example.com/f" },
		func(s *fetch.Source) { s.URL = "file:///etc/passwd" },
		func(s *fetch.Source) { s.URL = "https:///f" },
		func(s *fetch.Source) { s.URL = "https://user:pw@exa mple.com/" },
		func(s *fetch.Source) { s.SHA256 = "" },
		func(s *fetch.Source) { s.SHA256 = "12" },
		func(s *fetch.Source) { s.Size = -1 },
		func(s *fetch.Source) { s.Parts = []fetch.Part{{URL: "https://example.com/2"}} },
	} {
		src := good
		change(&src)
		_, err := fetch.New(fetch.Config{}).Ensure(t.Context(), h.Store, src, fetch.Options{})
		var bad *fetch.SourceError
		if !errors.As(err, &bad) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%+v: %v", src, err)
		}
	}
}
