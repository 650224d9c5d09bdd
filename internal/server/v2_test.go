package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/server"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// typed is a client of a typed surface, of either framing.
type typed struct {
	*client
	framed *wire.FramedReader
}

// typedSurfaces are the two that carry the same messages.
var typedSurfaces = []transport.Surface{transport.V2, transport.Framed}

func (h *harness) typed(s transport.Surface) *typed {
	h.t.Helper()
	c := &typed{client: h.dial(s)}
	if s == transport.Framed {
		c.framed = wire.NewFramedReader(c.Conn)
	}
	return c
}

// ask sends a request.
func (c *typed) ask(r *wire.V2Request) {
	c.t.Helper()
	frame := r.Append(nil)
	if c.framed != nil {
		frame = r.AppendFramed(nil)
	}
	if _, err := c.Write(frame); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *typed) nextFrame() ([]byte, error) {
	if c.framed == nil {
		return c.frames.Next()
	}
	_, payload, err := c.framed.Next()
	return payload, err
}

// all reads up to the terminal frame.
func (c *typed) all() (frames []wire.V2Response) {
	c.t.Helper()
	for {
		raw, err := c.nextFrame()
		if err != nil {
			c.t.Fatalf("read after %d frames: %v", len(frames), err)
		}
		f, err := wire.DecodeV2Response(raw)
		if err != nil {
			c.t.Fatalf("decode %s: %v", raw, err)
		}
		frames = append(frames, f)
		if f.Terminal() {
			return frames
		}
	}
}

// over fails the test unless the connection ends now, with nothing more.
func (c *typed) over() {
	c.t.Helper()
	if frame, err := c.nextFrame(); err == nil || errTimeout(err) {
		c.t.Fatalf("got %q, %v, want the end of the connection", frame, err)
	}
}

// hello2 is a request with changes.
func hello2(id string, change func(*wire.V2Request)) *wire.V2Request {
	r := &wire.V2Request{ID: id, Messages: []wire.V2Message{{Role: wire.RoleUser, Content: []wire.Block{{Type: wire.BlockText, Text: "hello there"}}}}}
	if change != nil {
		change(r)
	}
	return r
}

var oneTool = []wire.Tool{{Name: "look", InputSchema: []byte(`{"type":"object"}`)}}

// startMock runs a server over scripted mocks.
func startMock(t *testing.T, configs ...mock.Config) *harness {
	o := options{limits: queue.Limits{Active: 4, Waiting: 8}}
	for i, c := range configs {
		c.Name = fmt.Sprintf("mock%d", i)
		o.backends = append(o.backends, mock.New(c))
	}
	return startWith(t, o)
}

var timed = cmpopts.IgnoreFields(wire.V2Done{}, "Timings")

func piece(id string, t wire.BlockType, text string) *wire.V2Frame {
	return &wire.V2Frame{ID: id, Block: wire.Piece{Type: t, Delta: text}}
}

func TestTyped_StreamsThinkingTextAndToolCalls(t *testing.T) {
	h := startMock(t, mock.Config{
		Thinking: []string{"hm", " so"}, Tokens: []string{"Let", " me"},
		ToolCalls: []backend.ToolCall{{ID: "c1", Name: "look", Input: []byte(`{"at":"sky"}`)}},
	})
	call := &wire.V2Frame{ID: "r", Block: wire.Piece{Type: wire.BlockToolUse, ToolCallID: "c1", Name: "look", Input: []byte(`{"at":"sky"}`)}}
	for _, s := range typedSurfaces {
		t.Run(s.String(), func(t *testing.T) {
			c := h.typed(s)
			c.ask(hello2("r", func(r *wire.V2Request) { r.Tools = oneTool }))
			want := []wire.V2Response{
				piece("r", wire.BlockThinking, "hm"), piece("r", wire.BlockThinking, " so"),
				piece("r", wire.BlockText, "Let"), piece("r", wire.BlockText, " me"), call,
				&wire.V2Done{ID: "r", Usage: wire.Usage{PromptTokens: 2, CompletionTokens: 5}, StopReason: wire.StopToolUse, Backend: "mock0"},
			}
			got := c.all()
			if diff := cmp.Diff(want, got, timed); diff != "" {
				t.Errorf("frames (-want +got):\n%s", diff)
			}
			if d := got[len(got)-1].(*wire.V2Done); d.Timings == nil {
				t.Error("done has no timings")
			}
			// Withheld, text and thinking come whole before done; a tool call comes either way.
			c.ask(hello2("r", func(r *wire.V2Request) { r.Tools, r.Stream = oneTool, new(false) }))
			want = []wire.V2Response{call, piece("r", wire.BlockThinking, "hm so"), piece("r", wire.BlockText, "Let me"), want[len(want)-1]}
			if diff := cmp.Diff(want, c.all(), timed); diff != "" {
				t.Errorf("without stream (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTyped_NamesWhyAnAnswerEnded(t *testing.T) {
	h := startMock(t, mock.Config{Tokens: []string{"a", "b", "c"}, Structured: true})
	required := wire.ToolChoiceRequired
	for name, tt := range map[string]struct {
		change      func(*wire.V2Request)
		want        wire.StopReason
		unsatisfied bool
	}{
		"the model":          {nil, wire.StopEndTurn, false},
		"its length":         {func(r *wire.V2Request) { r.MaxTokens = new(int64(2)) }, wire.StopMaxTokens, false},
		"a stop string":      {func(r *wire.V2Request) { r.Stop = []string{"bc"} }, wire.StopSequence, false},
		"no call, as wanted": {func(r *wire.V2Request) { r.Tools, r.ToolChoice = oneTool, &required }, wire.StopEndTurn, true},
	} {
		c := h.typed(transport.V2)
		c.ask(hello2("r", tt.change))
		frames := c.all()
		d, ok := frames[len(frames)-1].(*wire.V2Done)
		if !ok || d.StopReason != tt.want || d.ToolChoiceUnsatisfied != tt.unsatisfied {
			t.Errorf("%s: %+v", name, frames[len(frames)-1])
		}
	}
}

func TestTyped_HandsEverythingToTheBackend(t *testing.T) {
	var got *backend.Request
	h := startWith(t, options{limits: queue.Limits{Active: 4}, backends: []backend.Backend{&scripted{able: func(c *backend.Capabilities) {
		c.V2, c.Tools, c.Thinking, c.Vision, c.StructuredOutput = true, true, true, true, true
	}, generate: func(_ context.Context, req *backend.Request, _ func([]backend.Event) error) (backend.Result, error) {
		got = req
		return backend.Result{Stop: wire.StopEnd}, nil
	}}}})
	none := wire.ToolChoiceNone
	want := hello2("r", func(r *wire.V2Request) {
		r.Tools, r.ToolChoice, r.Thinking, r.Temperature, r.Progress = oneTool, &none, new(true), new(0.0), true
		r.Attachments = []wire.Attachment{{Kind: wire.AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte("RGB")}}
		r.Messages[0].Content = append(r.Messages[0].Content, wire.Block{Type: wire.BlockImage, AttachmentID: "i"})
	})
	for _, s := range typedSurfaces {
		c := h.typed(s)
		c.ask(want)
		c.all()
		chat := &backend.Chat{
			Messages: want.Messages, Attachments: want.Attachments, Tools: want.Tools, ToolChoice: none,
			Thinking: want.Thinking, Sampling: want.Sampling,
		}
		if diff := cmp.Diff(&backend.Request{Chat: chat, Params: want.Params(), Progress: true, User: got.User}, got); diff != "" {
			t.Errorf("%v: the backend got (-want +got):\n%s", s, diff)
		}
	}
}

func TestTyped_RefusesByTheTableAndGoesOn(t *testing.T) {
	failing := errors.New("no backend's own error")
	h := startWith(t, options{limits: queue.Limits{Active: 4, Waiting: 4}, backends: []backend.Backend{&scripted{
		able: func(c *backend.Capabilities) { c.V2, c.Tools = true, true },
		generate: func(_ context.Context, req *backend.Request, _ func([]backend.Event) error) (backend.Result, error) {
			switch req.Chat.Messages[0].Content[0].Text {
			case "malformed":
				return backend.Result{}, &backend.Error{Kind: backend.Invalid, Code: wire.CodeToolCallMalformed, Message: "the model's tool call is no JSON", Quote: "{secret"}
			case "down":
				return backend.Result{}, backend.Errorf(backend.Unavailable, "it is down")
			case "bug":
				return backend.Result{}, failing
			case "panic":
				panic("a bug")
			case "silent":
				return backend.Result{}, nil
			}
			return backend.Result{Stop: wire.StopEnd}, nil
		},
	}}})
	says := func(s string) func(*wire.V2Request) {
		return func(r *wire.V2Request) { r.Messages[0].Content[0].Text = s }
	}
	for _, s := range typedSurfaces {
		t.Run(s.String(), func(t *testing.T) {
			c := h.typed(s)
			for _, tt := range []struct {
				change func(*wire.V2Request)
				code   wire.Code
				want   string
			}{
				{func(r *wire.V2Request) { r.Messages = nil }, wire.CodeInvalidRequest, "messages: is empty: allowed is one message or more"},
				{func(r *wire.V2Request) {
					r.Attachments = []wire.Attachment{{Kind: wire.AttachmentVideo, ID: "v", Bytes: []byte("x")}}
				}, wire.CodeAttachmentUnsupported, `attachments[0].kind: "video" can't be taken by the model that serves this request: allowed is text only`},
				{func(r *wire.V2Request) { r.Thinking = new(true) }, wire.CodeInvalidRequest,
					"thinking: true is not supported by the model that serves this request: allowed is false"},
				{func(r *wire.V2Request) { r.Tools = []wire.Tool{{Name: "f", InputSchema: []byte(`{"bad":1}`)}} }, wire.CodeInvalidRequest,
					"tools[0].input_schema: does not compile: bad schema"},
				{says("malformed"), wire.CodeToolCallMalformed, "the model's tool call is no JSON: {secret"},
				{says("down"), wire.CodeBackendUnavailable, "it is down"},
				{says("silent"), wire.CodeBackendUnavailable, wire.MsgNoTerminalFrame},
				{says("bug"), wire.CodeInternal, "internal error"},
			} {
				c.ask(hello2("r", tt.change))
				want := []wire.V2Response{&wire.V2Error{ID: "r", Code: tt.code, Message: tt.want}}
				if diff := cmp.Diff(want, c.all()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			c.ask(hello2("r", says("fine")))
			if _, ok := c.all()[0].(*wire.V2Done); !ok {
				t.Error("the connection did not go on")
			}
			c.ask(hello2("r", says("panic")))
			if diff := cmp.Diff([]wire.V2Response{&wire.V2Error{ID: "r", Code: wire.CodeInternal, Message: "internal error"}}, c.all()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			c.over()
		})
	}
	if strings.Contains(h.log.String(), "secret") {
		t.Error("text of an answer is in the log")
	}
}

func TestTyped_MalformedEndsTheConnection(t *testing.T) {
	h := startMock(t, mock.Config{})
	frame := func(text string) []byte { return wire.AppendFrame(nil, wire.FrameJSON, []byte(text)) }
	for name, tt := range map[string]struct {
		surface  transport.Surface
		in       []byte
		id       string
		code     wire.Code
		contains string
	}{
		"v2, not JSON":         {transport.V2, []byte("hello\n"), "", wire.CodeInvalidRequest, "not JSON"},
		"v2, no messages":      {transport.V2, []byte(`{"id":"r"}` + "\n"), "", wire.CodeInvalidRequest, "messages: missing"},
		"framed, a line":       {transport.Framed, []byte(`{"id":"r"}` + "\n"), "", wire.CodeInvalidRequest, "frame of type"},
		"framed, long varint":  {transport.Framed, bytes.Repeat([]byte{0x80}, 9), "", wire.CodeInvalidRequest, "more than 5 bytes"},
		"framed, too large":    {transport.Framed, []byte{0x81, 0x80, 0x80, 0x20, 1}, "", wire.CodeFrameTooLarge, "frame too large"},
		"framed, no version":   {transport.Framed, frame(`{"id":"r","messages":[]}`), "r", wire.CodeWireVersionUnsupported, "none is not supported: allowed is 1"},
		"framed, version 2":    {transport.Framed, frame(`{"id":"r","wire_version":2}`), "r", wire.CodeWireVersionUnsupported, "2 is not supported: allowed is 1"},
		"framed, out of turn":  {transport.Framed, append(frame(`{"id":"r","wire_version":1,"messages":[],"attachments":[{"kind":"video","id":"v"}]}`), frame(`{"type":"attachment_blob","attachment_id":"w","len":1}`)...), "r", wire.CodeInvalidRequest, "out of turn"},
		"framed, over 128 MiB": {transport.Framed, append(frame(`{"id":"r","wire_version":1,"messages":[],"attachments":[{"kind":"video","id":"v"}]}`), frame(`{"type":"attachment_blob","attachment_id":"v","len":134217729}`)...), "r", wire.CodeFrameTooLarge, "134217729 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			c := h.typed(tt.surface)
			if _, err := c.Write(tt.in); err != nil {
				t.Fatal(err)
			}
			e, ok := c.all()[0].(*wire.V2Error)
			if !ok || e.ID != tt.id || e.Code != tt.code || !strings.Contains(e.Message, tt.contains) {
				t.Errorf("got %+v", e)
			}
			c.over()
		})
	}
	if !strings.Contains(h.log.String(), "request_oversized") {
		t.Error("the oversized frame is not in the log")
	}
}

func TestTyped_TruncatedRequestIsAnsweredOverAHalfClose(t *testing.T) {
	h := startMock(t, mock.Config{})
	c := h.typed(transport.Framed)
	whole := hello2("r", nil).AppendFramed(nil)
	if _, err := c.Write(whole[:len(whole)-3]); err != nil {
		t.Fatal(err)
	}
	c.closeWrite()
	if e, ok := c.all()[0].(*wire.V2Error); !ok || e.ID != "" || e.Code != wire.CodeInvalidRequest {
		t.Errorf("got %+v", e)
	}
	c.over()
}

func TestTyped_ServesWhatWasReadAheadAfterAHalfClose(t *testing.T) {
	h := startMock(t, mock.Config{Echo: true})
	for _, s := range typedSurfaces {
		c := h.typed(s)
		for i := range 5 {
			c.ask(hello2(fmt.Sprint(i), nil))
		}
		c.closeWrite()
		for i := range 5 {
			frames := c.all()
			if last := frames[len(frames)-1]; last.RequestID() != fmt.Sprint(i) || len(frames) != 3 {
				t.Errorf("%v: answer %d is %+v", s, i, last)
			}
		}
		c.over()
	}
}

func TestTyped_ACutAnswerKeepsWhatThereIs(t *testing.T) {
	for _, s := range typedSurfaces {
		began := make(chan struct{}, 1)
		h := startWith(t, options{limits: queue.Limits{Active: 4}, backends: []backend.Backend{&scripted{
			able: func(c *backend.Capabilities) { c.V2 = true },
			generate: func(ctx context.Context, _ *backend.Request, emit func([]backend.Event) error) (backend.Result, error) {
				if err := emit(text("so far")); err != nil {
					return backend.Result{}, err
				}
				began <- struct{}{}
				<-ctx.Done()
				return backend.Result{Stop: wire.StopCancelled}, nil
			},
		}}})
		c := h.typed(s)
		c.ask(hello2("r", func(r *wire.V2Request) { r.Stream = new(false) }))
		await(t, began, "the answer's beginning")
		h.cancelRequests(server.ErrShutdown)
		want := []wire.V2Response{piece("r", wire.BlockText, "so far"), &wire.V2Done{ID: "r", StopReason: wire.StopCancelled, Backend: "scripted"}}
		if diff := cmp.Diff(want, c.all(), timed); diff != "" {
			t.Errorf("%v (-want +got):\n%s", s, diff)
		}
	}
}

func TestTyped_PicksABackendThatCan(t *testing.T) {
	h := startMock(t, mock.Config{NoGenerate: true, Dimensions: 4}, mock.Config{}, mock.Config{Vision: true, Slots: 2})
	c := h.typed(transport.Framed)
	for id, want := range map[string]string{"plain": "mock1", "image": "mock2"} {
		c.ask(hello2(id, func(r *wire.V2Request) {
			if id == "image" {
				r.Attachments = []wire.Attachment{{Kind: wire.AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte("RGB")}}
			}
		}))
		frames := c.all()
		if d, ok := frames[len(frames)-1].(*wire.V2Done); !ok || d.Backend != want {
			t.Errorf("%s: %+v, want backend %s", id, frames[len(frames)-1], want)
		}
	}
}
