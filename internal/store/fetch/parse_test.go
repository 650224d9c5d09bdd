package fetch_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/store/fetch"
)

func TestIsPublic_KnowsWhoIsNear(t *testing.T) {
	for text, want := range map[string]bool{
		"1.1.1.1": true, "93.184.216.34": true, "172.15.0.1": true, "172.32.0.1": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false, "fec0::1": false,
		"::ffff:127.0.0.1": false, "::ffff:1.1.1.1": true, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false,
	} {
		if got := fetch.IsPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %t, want %t", text, got, want)
		}
	}
	if fetch.IsPublic(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestRedact_LeavesNoSecret(t *testing.T) {
	for text, want := range map[string]string{
		"https://me:pw@example.com/a/b?token=x#y": "https://example.com/a/b",
		"https://example.com/a%2Fb":               "https://example.com/a%2Fb",
		"https://[::1]:8443/f?":                   "https://[::1]:8443/f",
		"https://me:pw@exa mple.com/":             "(unreadable)",
	} {
		if got := fetch.Redact(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("https://me:SECRET@example.com/a?SECRET#SECRET")
	f.Add("SECRET@")
	f.Fuzz(func(t *testing.T, text string) {
		// Whatever is before an @ of the authority, or after the path, is gone.
		got := fetch.Redact("https://u:SECRET@" + strings.ReplaceAll(text, "SECRET", "") + "?SECRET")
		if strings.Contains(got, "SECRET") && !strings.Contains(text, "/") {
			t.Errorf("%q is shown as %s", text, got)
		}
	})
}

func TestContentRange_ReadsWhatHoldsTogether(t *testing.T) {
	for text, want := range map[string]string{
		"bytes 5-9/10":  "5 9 10 true",
		"bytes 0-0/1":   "0 0 1 true",
		"bytes 5-9/*":   "5 9 -1 true",
		"bytes 9-5/10":  "false",
		"bytes 5-10/10": "false",
		"bytes */10":    "false",
		"bytes 5-/10":   "false",
		"bytes -5-9/10": "false",
		"bytes 5-9":     "false",
		"items 5-9/10":  "false",
		"bytes 1-99999999999999999999/99999999999999999999": "false",
		"": "false",
	} {
		from, to, total, ok := fetch.ContentRange(text)
		got := "false"
		if ok {
			got = fmt.Sprint(from, to, total, ok)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 5-9/10")
	f.Add("bytes */10")
	f.Fuzz(func(t *testing.T, text string) {
		from, to, total, ok := fetch.ContentRange(text)
		if ok && (from < 0 || to < from || total != -1 && to >= total) {
			t.Errorf("%q: %d-%d/%d", text, from, to, total)
		}
	})
}

func TestRetryAfter_ReadsSecondsAndDates(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999": 0,
		"Sun, 22 Nov 2026 12:01:00 GMT": time.Minute, "Sun, 22 Nov 2020 12:01:00 GMT": 0,
	} {
		if got := fetch.RetryAfter(text, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSplitParts_AreAllOfThem(t *testing.T) {
	got, err := fetch.SplitParts("q8/model-00002-of-00003.gguf")
	check(t, err)
	want := []string{"q8/model-00001-of-00003.gguf", "q8/model-00002-of-00003.gguf", "q8/model-00003-of-00003.gguf"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, whole := range []string{"model.gguf", "model-1-of-2.gguf", "model-00001-of-00002.bin"} {
		if got, err := fetch.SplitParts(whole); err != nil || len(got) != 1 || got[0] != whole {
			t.Errorf("%s: %q, %v", whole, got, err)
		}
	}
	for _, bad := range []string{"m-00000-of-00002.gguf", "m-00003-of-00002.gguf", "m-00001-of-99999.gguf", "m-00000-of-00000.gguf"} {
		var refused *fetch.SourceError
		if _, err := fetch.SplitParts(bad); !errors.As(err, &refused) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestSuggestName_IsThatOfTheModel(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.com/a/Llama-3.gguf?download=true": "Llama-3.gguf",
		"https://example.com/m-00001-of-00002.gguf":        "m",
	} {
		if got := fetch.SuggestName(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if !fetch.IsPart("https://example.com/m-00001-of-00002.gguf?download=true") || fetch.IsPart("https://example.com/m.gguf") {
		t.Error("parts are not told from whole models")
	}
}

func TestParseHub_ReadsReferences(t *testing.T) {
	for text, want := range map[string]fetch.HubRef{
		"hf:o/r/f.gguf":                  {Repo: "o/r", File: "f.gguf", Revision: "main"},
		"hf:o/r/q8/f.gguf@v1.0":          {Repo: "o/r", File: "q8/f.gguf", Revision: "v1.0"},
		"hf:o/r/f.gguf@refs/pr/1":        {Repo: "o/r", File: "f.gguf", Revision: "refs/pr/1"},
		"hf:o/r/f.gguf@0123456789abcdef": {Repo: "o/r", File: "f.gguf", Revision: "0123456789abcdef"},
	} {
		got, ok, err := fetch.ParseHub(text)
		if !ok || err != nil || got != want {
			t.Errorf("%s: %+v, %t, %v", text, got, ok, err)
		}
	}
	for _, bad := range []string{"hf:", "hf:o/r", "hf:o//f", "hf:o/r/../f", "hf:o/r/f@", "hf:o/r/f@..", "hf:o/r/a\x00b", `hf:o/r/a\b`, "hf:../../f"} {
		var refused *fetch.SourceError
		if _, ok, err := fetch.ParseHub(bad); !ok || !errors.As(err, &refused) {
			t.Errorf("%q: %t, %v", bad, ok, err)
		}
	}
	if _, ok, _ := fetch.ParseHub("https://example.com/f"); ok {
		t.Error("a URL is taken for a reference")
	}
}

func FuzzParseHub(f *testing.F) {
	f.Add("hf:o/r/f.gguf@main")
	f.Add("hf:o/r/a/../b@x@y")
	f.Fuzz(func(t *testing.T, text string) {
		ref, ok, err := fetch.ParseHub(text)
		if !ok || err != nil {
			return
		}
		for e := range strings.SplitSeq(ref.Repo+"/"+ref.Revision+"/"+ref.File, "/") {
			if e == "" || e == "." || e == ".." {
				t.Errorf("%q: %+v", text, ref)
			}
		}
	})
}
