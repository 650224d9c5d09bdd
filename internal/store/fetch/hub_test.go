package fetch_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// newHub is a hub of models that keeps its bytes on another host. Its files are
// by their path in the repository o/r.
func newHub(t testing.TB, files map[string][]byte) (hub, blobs *server, asked *[]string) {
	t.Helper()
	hub, blobs, asked = newServer(t, nil), newServer(t, nil), new([]string)
	blobs.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("the token came to another host")
		}
		_, _ = w.Write(files[r.URL.Query().Get("file")])
		return true
	})
	hub.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool {
		*asked = append(*asked, r.Method+" "+r.URL.EscapedPath()+" "+r.Header.Get("Authorization"))
		rest, ok := strings.CutPrefix(r.URL.Path, "/o/r/resolve/")
		if !ok {
			// A repository that moved.
			http.Redirect(w, r, strings.Replace(r.URL.EscapedPath(), "/old/name/", "/o/r/", 1), http.StatusTemporaryRedirect)
			return true
		}
		revision, file, _ := strings.Cut(rest, "/")
		data, ok := files[file]
		if !ok || revision != "main" && revision != commit {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		w.Header().Set("X-Repo-Commit", commit)
		w.Header().Set("X-Linked-Etag", `"`+digest(data)+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(data)))
		http.Redirect(w, r, blobs.URL+"/?signature=secret&file="+url.QueryEscape(file), http.StatusFound)
		return true
	})
	return hub, blobs, asked
}

func mustHub(t testing.TB, text string) fetch.HubRef {
	t.Helper()
	ref, _, err := fetch.ParseHub(text)
	check(t, err)
	return ref
}

func TestResolve_PinsAFileToItsCommitAndFetchesIt(t *testing.T) {
	data := weights(mib, 1)
	hub, blobs, asked := newHub(t, map[string][]byte{"q8/My Model.gguf": data})
	h, c := newHome(t), newClient(t, hub, blobs)
	src, err := c.Resolve(t.Context(), mustHub(t, "hf:o/r/q8/My Model.gguf"), fetch.HubConfig{Endpoint: hub.URL + "/", Token: "hf_secret"})
	check(t, err)
	want := fetch.Source{
		Name: "My-Model", URL: hub.URL + "/o/r/resolve/" + commit + "/q8/My%20Model.gguf", SHA256: digest(data), Size: mib,
		Token: "hf_secret", Origin: src.Origin,
	}
	if diff := cmp.Diff(want, src, cmp.Comparer(func(a, b store.Origin) bool {
		return a.Repo == b.Repo && a.Revision == b.Revision && a.Filename == b.Filename
	})); diff != "" {
		t.Error(diff)
	}
	r, err := c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	check(t, err)
	h.holds("My-Model", data)
	if o := r.Manifest.Origin; o.Repo != "o/r" || o.Revision != commit || o.Filename != "My Model.gguf" || o.Registry != strings.TrimPrefix(hub.URL, "https://") {
		t.Errorf("the manifest says %+v", o)
	}
	wantAsked := []string{
		"HEAD /o/r/resolve/main/q8/My%20Model.gguf Bearer hf_secret",
		"GET /o/r/resolve/" + commit + "/q8/My%20Model.gguf Bearer hf_secret",
	}
	if diff := cmp.Diff(wantAsked, *asked); diff != "" {
		t.Error(diff)
	}
}

func TestResolve_FindsAllPartsOfASplitModel(t *testing.T) {
	a, b := weights(mib, 1), weights(mib/2, 2)
	hub, blobs, asked := newHub(t, map[string][]byte{"m-00001-of-00002.gguf": a, "m-00002-of-00002.gguf": b})
	h, c := newHome(t), newClient(t, hub, blobs)
	src, err := c.Resolve(t.Context(), mustHub(t, "hf:old/name/m-00002-of-00002.gguf"), fetch.HubConfig{Endpoint: hub.URL})
	check(t, err)
	if src.Name != "m" || src.SHA256 != digest(a) || len(src.Parts) != 1 || src.Parts[0].SHA256 != digest(b) {
		t.Fatalf("the source is %+v", src)
	}
	// The second part is of the commit of the first, whatever main is by then.
	if last := (*asked)[len(*asked)-1]; !strings.Contains(last, commit) {
		t.Errorf("the last request was %s", last)
	}
	r, err := c.Ensure(t.Context(), h.Store, src, fetch.Options{})
	check(t, err)
	if r.Manifest.Parts[0].Filename != "m-00002-of-00002.gguf" || r.Manifest.TotalSize() != mib*3/2 {
		t.Errorf("the manifest is %+v", r.Manifest)
	}
}

func TestResolve_RefusesAHubThatDoesNotSayWhatItHas(t *testing.T) {
	good := map[string]string{"X-Repo-Commit": commit, "X-Linked-Etag": `"` + digest(nil) + `"`, "X-Linked-Size": "5"}
	for _, c := range []struct {
		name, key, value string
	}{
		{"no digest", "X-Linked-Etag", ""},
		{"the digest of git", "X-Linked-Etag", `"ce013625030ba8dba906f756967f9e9ca394464a"`},
		{"no size", "X-Linked-Size", ""},
		{"a negative size", "X-Linked-Size", "-1"},
		{"no commit", "X-Repo-Commit", ""},
		{"a commit that is a path", "X-Repo-Commit", "../../../x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			hub := newServer(t, nil)
			hub.answers(func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				for k, v := range good {
					w.Header().Set(k, v)
				}
				w.Header().Set(c.key, c.value)
				return true
			})
			_, err := newClient(t, hub).Resolve(t.Context(), mustHub(t, "hf:o/r/f.gguf"), fetch.HubConfig{Endpoint: hub.URL})
			if _, ok := errors.AsType[*fetch.ProtocolError](err); !ok {
				t.Error(err)
			}
		})
	}
	hub, blobs, _ := newHub(t, nil)
	cl := newClient(t, hub, blobs)
	var status *fetch.StatusError
	if _, err := cl.Resolve(t.Context(), mustHub(t, "hf:o/r/f.gguf@v2"), fetch.HubConfig{Endpoint: hub.URL}); !errors.As(err, &status) || status.Code != 404 {
		t.Error(err)
	}
	var source *fetch.SourceError
	if _, err := cl.Resolve(t.Context(), mustHub(t, "hf:o/r/f.gguf"), fetch.HubConfig{Endpoint: "http://example.com"}); !errors.As(err, &source) {
		t.Error(err)
	}
}

// Another host has no say in what the hub has.
func TestResolve_BelievesNoOtherHost(t *testing.T) {
	hub, other := newServer(t, nil), newServer(t, nil)
	hub.answers(func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
		return true
	})
	_, err := newClient(t, hub, other).Resolve(t.Context(), mustHub(t, "hf:o/r/f.gguf"), fetch.HubConfig{Endpoint: hub.URL})
	var policy *fetch.PolicyError
	if !errors.As(err, &policy) || len(other.ranges()) > 0 {
		t.Error(err)
	}
}
