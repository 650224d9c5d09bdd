package loadgen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// OpenAI is a server that answers chat completions as a stream of events over
// HTTP. It must be on this machine.
type OpenAI struct {
	endpoint string
	model    string
	http     *http.Client
}

// NewOpenAI is the server at a base such as http://127.0.0.1:8080, asked for
// the model of that name.
func NewOpenAI(base, model string) (*OpenAI, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("server address: %w", err)
	}
	if u.Scheme != "http" || !isLoopbackName(u.Hostname()) || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("server address %q: it must be one of this machine, like http://127.0.0.1:8080", base)
	}
	return &OpenAI{
		endpoint: strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"), "/v1") + "/v1/chat/completions",
		model:    model,
		http: &http.Client{
			Transport: &http.Transport{
				// No proxy, and no other address whatever the name stands for.
				DialContext: (&net.Dialer{Timeout: 10 * time.Second, Control: onlyLoopback}).DialContext,
				// A connection for each request: a server may drop one that it
				// has just answered on, and the next request would fail with it.
				DisableKeepAlives:  true,
				DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func isLoopbackName(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// onlyLoopback refuses to connect to another machine.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !to.Addr().IsLoopback() {
		return fmt.Errorf("%s is not on this machine", address)
	}
	return nil
}

// Connect opens nothing yet: the first request does.
func (o *OpenAI) Connect(context.Context) (Session, error) { return openAISession{o}, nil }

type openAISession struct{ server *OpenAI }

func (openAISession) Close() error { return nil }

func (s openAISession) Ask(ctx context.Context, r Request, piece func()) (Answer, error) {
	body, err := json.Marshal(s.server.body(r))
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.endpoint, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.server.http.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return Answer{}, fmt.Errorf("the server answered %s: %s", resp.Status, bytes.TrimSpace(why))
	}
	return readCompletion(newEventReader(resp.Body), piece)
}

func (o *OpenAI) body(r Request) any {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	type options struct {
		IncludeUsage bool `json:"include_usage"`
	}
	return struct {
		Model            string    `json:"model"`
		Messages         []message `json:"messages"`
		MaxTokens        int       `json:"max_tokens"`
		Temperature      float64   `json:"temperature"`
		FrequencyPenalty float64   `json:"frequency_penalty,omitempty"`
		Stream           bool      `json:"stream"`
		StreamOptions    options   `json:"stream_options"`
	}{
		Model: o.model, Messages: []message{{"user", r.Prompt}}, MaxTokens: r.MaxTokens,
		FrequencyPenalty: r.FrequencyPenalty, Stream: true, StreamOptions: options{IncludeUsage: true},
	}
}

// chunk is an event of a streamed completion, with what llama.cpp's server
// adds.
type chunk struct {
	Choices []struct {
		Delta struct {
			Content   string `json:"content"`
			Reasoning string `json:"reasoning_content"`
		} `json:"delta"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
		Details          struct {
			CachedTokens int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
	} `json:"usage"`
	Timings *struct {
		CachedTokens   int     `json:"cache_n"`
		PrefillMS      float64 `json:"prompt_ms"`
		DraftedTokens  int     `json:"draft_n"`
		AcceptedTokens int     `json:"draft_n_accepted"`
	} `json:"timings"`
	Error json.RawMessage `json:"error"`
}

var errNoDone = errors.New("the stream ended before its [DONE]")

// readCompletion reads a completion to its end.
func readCompletion(events *eventReader, piece func()) (Answer, error) {
	var a Answer
	for {
		data, err := events.next()
		switch {
		case errors.Is(err, io.EOF):
			return a, errNoDone
		case err != nil:
			return a, fmt.Errorf("read answer: %w", err)
		case string(data) == "[DONE]":
			return a, nil
		}
		var c chunk
		if err := json.Unmarshal(data, &c); err != nil {
			return a, fmt.Errorf("read answer: %w", err)
		}
		if c.Error != nil {
			return a, fmt.Errorf("the server answered with an error: %.300s", c.Error)
		}
		c.note(&a)
		if len(c.Choices) > 0 && c.Choices[0].Delta.Content+c.Choices[0].Delta.Reasoning != "" {
			piece()
		}
	}
}

// note takes over what a chunk says of the whole request.
func (c *chunk) note(a *Answer) {
	if c.Timings != nil {
		a.CachedTokens, a.PrefillMS = c.Timings.CachedTokens, c.Timings.PrefillMS
		a.DraftedTokens, a.AcceptedTokens = c.Timings.DraftedTokens, c.Timings.AcceptedTokens
	}
	if c.Usage != nil {
		a.PromptTokens, a.CompletionTokens = c.Usage.PromptTokens, c.Usage.CompletionTokens
		a.CachedTokens = max(a.CachedTokens, c.Usage.Details.CachedTokens)
	}
}
