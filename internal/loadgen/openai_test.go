package loadgen

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answering is a server with one answer for everyone; asked gets the requests.
func answering(t *testing.T, status int, body string) (server *OpenAI, asked chan string) {
	t.Helper()
	asked = make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked <- r.Method + " " + r.URL.Path + " " + string(b)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	server, err := NewOpenAI(s.URL, "default")
	if err != nil {
		t.Fatal(err)
	}
	return server, asked
}

func ask(t *testing.T, target Target, r Request) (a Answer, pieces int, err error) {
	t.Helper()
	s, err := target.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err = s.Ask(t.Context(), r, func() { pieces++ })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return a, pieces, err
}

const completion = `data: {"choices":[{"delta":{"role":"assistant","content":null}}]}

data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}

data: {"choices":[{"delta":{"content":"Hello"}}]}

data: {"choices":[{"delta":{"content":" there"}}]}

data: {"choices":[{"delta":{},"finish_reason":"stop"}]}

data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}},"timings":{"cache_n":4,"prompt_ms":1.5,"draft_n":2,"draft_n_accepted":1}}

data: [DONE]

`

func TestOpenAI_ReadsAnAnswer(t *testing.T) {
	server, asked := answering(t, http.StatusOK, completion)
	a, pieces, err := ask(t, server, Request{Prompt: "Hi", MaxTokens: 7})
	if err != nil {
		t.Fatal(err)
	}
	want := Answer{PromptTokens: 12, CompletionTokens: 3, CachedTokens: 4, PrefillMS: 1.5, DraftedTokens: 2, AcceptedTokens: 1}
	if d := cmp.Diff(want, a); d != "" || pieces != 3 {
		t.Errorf("%d pieces, %s", pieces, d)
	}
	line, body, _ := strings.Cut(<-asked, "{")
	if line != "POST /v1/chat/completions " {
		t.Errorf("it was asked with %q", line)
	}
	var sent map[string]any
	if err := json.Unmarshal([]byte("{"+body), &sent); err != nil {
		t.Fatal(err)
	}
	wantSent := map[string]any{
		"model": "default", "max_tokens": 7.0, "temperature": 0.0, "stream": true,
		"stream_options": map[string]any{"include_usage": true},
		"messages":       []any{map[string]any{"role": "user", "content": "Hi"}},
	}
	if d := cmp.Diff(wantSent, sent); d != "" {
		t.Error(d)
	}
}

func TestOpenAI_SaysWhatWentWrong(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"refused":       {http.StatusBadRequest, "too long", "400 Bad Request: too long"},
		"redirected":    {http.StatusFound, "", "302 Found"},
		"error event":   {http.StatusOK, "data: {\"error\":{\"code\":500}}\n\n", `an error: {"code":500}`},
		"no JSON":       {http.StatusOK, "data: <html>\n\n", "read answer: "},
		"cut":           {http.StatusOK, "data: {\"choices\":[]}\n\n", "[DONE]"},
		"event too big": {http.StatusOK, "data: " + strings.Repeat("x", 2<<20), "more than"},
	} {
		server, _ := answering(t, c.status, c.body)
		if _, _, err := ask(t, server, Request{Prompt: "Hi", MaxTokens: 1}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

func TestNewOpenAI_TakesAddressesOfThisMachineOnly(t *testing.T) {
	for _, base := range []string{
		"http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1", "http://[::1]:1", "http://localhost:9",
	} {
		server, err := NewOpenAI(base, "m")
		if err != nil {
			t.Errorf("%s: %v", base, err)
		} else if !strings.HasSuffix(server.endpoint, "/v1/chat/completions") || strings.Contains(server.endpoint, "/v1/v1") {
			t.Errorf("%s: endpoint %s", base, server.endpoint)
		}
	}
	for _, base := range []string{
		"", "127.0.0.1:8080", "https://127.0.0.1", "http://192.0.2.1", "http://example.com", "http://localhost.example.com",
		"http://127.0.0.1@example.com", "http://u@127.0.0.1", "http://127.0.0.1/?q", "http://127.0.0.1/#f", "http://0.0.0.0:1", "://",
	} {
		if _, err := NewOpenAI(base, "m"); err == nil {
			t.Errorf("%q was taken", base)
		}
	}
}

// Whatever a name stands for, the connection itself is checked too.
func TestOpenAI_ConnectsToNoOtherMachine(t *testing.T) {
	for address, allowed := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "192.0.2.1:80": false, "[2001:db8::1]:80": false, "0.0.0.0:80": false, "x": false,
	} {
		if err := onlyLoopback("tcp", address, nil); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}
