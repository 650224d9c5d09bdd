package client_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

const (
	tokenPa  = `{"type":"token","id":"1","content":"Pa"}` + "\n"
	tokenRis = `{"type":"token","id":"1","content":"ris"}` + "\n"
	done     = `{"type":"done","id":"1","content":"Paris","usage":{"prompt_tokens":3,"completion_tokens":2},"stop_reason":"end","backend":"b"}` + "\n"
)

var answer = []wire.V1Response{
	&wire.V1Token{ID: "1", Content: "Pa"},
	&wire.V1Token{ID: "1", Content: "ris"},
	&wire.V1Done{
		ID: "1", Content: "Paris", StopReason: wire.StopEnd, Backend: "b",
		Usage: wire.Usage{PromptTokens: 3, CompletionTokens: 2},
	},
}

func TestGenerate_YieldsFramesUpToTheTerminalOne(t *testing.T) {
	for name, sending := range map[string]step{
		"in one write":        send(tokenPa + tokenRis + done),
		"byte by byte":        sendBytes(tokenPa + tokenRis + done),
		"with blank lines":    send("\n" + tokenPa + "\r\n\n" + tokenRis + done),
		"more than was asked": send(tokenPa + tokenRis + done + tokenPa),
		"without last newline": func(p *peer) bool {
			return send(tokenPa + tokenRis + strings.TrimSuffix(done, "\n"))(p)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := against(t, expect(helloFrame("1")), sending)
			frames, err := collect(t.Context(), c, hello("1"))
			if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(answer, frames); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGenerate_YieldsEachFrameBeforeTheNextIsSent(t *testing.T) {
	seen := make(chan struct{})
	c := against(t, expect(helloFrame("1")), send(tokenPa), await(seen), send(done))
	var types []string
	for frame, err := range c.Generate(t.Context(), hello("1")) {
		switch frame.(type) {
		case *wire.V1Token:
			types = append(types, "token")
			close(seen)
		case *wire.V1Done:
			types = append(types, "done")
		}
		if err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"token", "done"}, types); diff != "" {
		t.Error(diff)
	}
}

func TestGenerate_GivesAnErrorFrameWithItsServerError(t *testing.T) {
	for _, id := range []string{"1", ""} {
		c := against(t, expect(helloFrame("1")),
			send(tokenPa+`{"type":"error","id":"`+id+`","code":"queue_full","message":"queue full"}`+"\n"), awaitClose)
		frames, err := collect(t.Context(), c, hello("1"))
		want := []wire.V1Response{answer[0], &wire.V1Error{ID: id, Code: wire.CodeQueueFull, Message: wire.MsgQueueFull}}
		if diff := cmp.Diff(want, frames); diff != "" {
			t.Error(diff)
		}
		refusal, ok := errors.AsType[*client.ServerError](err)
		if !ok || *refusal != (client.ServerError{Code: wire.CodeQueueFull, Message: wire.MsgQueueFull}) {
			t.Errorf("error is %v, want the frame's", err)
		}
		_ = c.Close()
	}
}

func TestGenerate_ReportsAStreamWithoutTerminalFrame(t *testing.T) {
	for name, sent := range map[string]string{
		"nothing":        "",
		"after a token":  tokenPa,
		"blank lines":    "\n\r\n",
		"status and end": `{"type":"status","id":"1","status":"queued","position":3}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := against(t, expect(helloFrame("1")), send(sent))
			_, err := collect(t.Context(), c, hello("1"))
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error is %v, want io.ErrUnexpectedEOF", err)
			}
		})
	}
}

func TestGenerate_RefusesWhatIsNoAnswerAndCloses(t *testing.T) {
	for name, c := range map[string]struct{ sent, want string }{
		"garbage":         {"\x00\xff hello\n", "read answer"},
		"not an object":   {"[1]\n", "read answer"},
		"half a frame":    {`{"type":"token"` + "\n", "read answer"},
		"unknown type":    {`{"type":"surprise","id":"1"}` + "\n", "surprise"},
		"foreign token":   {`{"type":"token","id":"2","content":"x"}` + "\n", `"2"`},
		"foreign error":   {`{"type":"error","id":"2","code":"internal","message":"x"}` + "\n", `"2"`},
		"foreign done":    {`{"type":"done","id":"","content":""}` + "\n", `""`},
		"wrong JSON type": {`{"type":"token","id":"1","content":7}` + "\n", "content"},
	} {
		t.Run(name, func(t *testing.T) {
			cl := against(t, expect(helloFrame("1")), send(c.sent), awaitClose)
			frames, err := collect(t.Context(), cl, hello("1"))
			if err == nil || !strings.Contains(err.Error(), c.want) || len(frames) > 0 {
				t.Errorf("frames %v, error %v, want one with %q", frames, err, c.want)
			}
		})
	}
}

func TestGenerate_RefusesAFrameOverTheLimit(t *testing.T) {
	chunk := strings.Repeat("x", 1<<20)
	c := against(t, expect(helloFrame("1")), func(p *peer) bool {
		for range wire.MaxFrame/len(chunk) + 2 {
			if _, err := io.WriteString(p.Conn, chunk); err != nil {
				return true // the client has seen enough
			}
		}
		return true
	})
	if _, err := collect(t.Context(), c, hello("1")); !errors.Is(err, wire.ErrFrameTooLarge) {
		t.Errorf("error is %v, want wire.ErrFrameTooLarge", err)
	}
}

func TestGenerate_SendsNoRequestOverTheLimit(t *testing.T) {
	c := against(t, awaitClose)
	req := &wire.V1Request{Messages: []wire.Message{{Role: wire.RoleUser, Content: strings.Repeat("x", wire.MaxFrame)}}}
	if _, err := collect(t.Context(), c, req); !errors.Is(err, wire.ErrFrameTooLarge) {
		t.Errorf("error is %v, want wire.ErrFrameTooLarge", err)
	}
}

func TestGenerate_ReadsWhyTheDaemonDidNotReadTheRequestToItsEnd(t *testing.T) {
	c := against(t,
		func(p *peer) bool { _, err := p.Conn.Read(make([]byte, 16)); return err == nil },
		send(`{"type":"error","id":"","code":"frame_too_large","message":"too large"}`+"\n"))
	req := &wire.V1Request{ID: "1", Messages: []wire.Message{{Role: wire.RoleUser, Content: strings.Repeat("x", 4<<20)}}}
	_, err := collect(t.Context(), c, req)
	if refusal, ok := errors.AsType[*client.ServerError](err); !ok || refusal.Code != wire.CodeFrameTooLarge {
		t.Errorf("error is %v, want the daemon's frame_too_large", err)
	}
}

func TestGenerate_ClosesTheConnectionWhenTheContextEnds(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	c := against(t, expect(helloFrame("1")), send(tokenPa), awaitClose)
	var last error
	for _, err := range c.Generate(ctx, hello("1")) {
		if err == nil {
			cancel(cause)
		}
		last = err
	}
	if !errors.Is(last, cause) {
		t.Errorf("error is %v, want the cause of the context", last)
	}
}

func TestGenerate_ClosesTheConnectionWhenTheLoopIsLeft(t *testing.T) {
	c := against(t, expect(helloFrame("1")), send(tokenPa), awaitClose)
	for range c.Generate(t.Context(), hello("1")) {
		break
	}
}

func TestGenerate_SendsNothingWhenTheContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := against(t, awaitClose)
	if _, err := collect(ctx, c, hello("1")); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	_ = c.Close()
}

func TestComplete_AsksForAWholeAnswer(t *testing.T) {
	req := hello("1")
	stream := false
	whole := *req
	whole.Stream = &stream
	frame := whole.Append(nil)
	c := against(t, expect(string(frame[:len(frame)-1])), send(done))
	got, err := c.Complete(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answer[2], wire.V1Response(got)); diff != "" {
		t.Error(diff)
	}
	if req.Stream != nil {
		t.Error("Complete changed the caller's request")
	}
}

func TestComplete_ReturnsTheServerError(t *testing.T) {
	c := against(t, func(p *peer) bool { _, err := p.frames.Next(); return err == nil },
		send(`{"type":"error","id":"1","code":"invalid_request","message":"top_p: 7 is out of range"}`+"\n"))
	_, err := c.Complete(t.Context(), hello("1"))
	if refusal, ok := errors.AsType[*client.ServerError](err); !ok || refusal.Code != wire.CodeInvalidRequest {
		t.Errorf("error is %v, want the daemon's invalid_request", err)
	}
}
