package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// chatting is a client of a daemon whose chat connections play scripts.
func chatting(t *testing.T, at transport.Surface, scripts ...[]step) *client.Client {
	t.Helper()
	dir := shortDir(t)
	play(t, dir, at, scripts...)
	play(t, dir, transport.V1, []step{awaitClose})
	return dial(t, dir)
}

func talk(id string) *wire.V2Request {
	return &wire.V2Request{ID: id, Messages: []wire.V2Message{client.UserText("hello")}}
}

// line is a request as it is sent.
func line(req interface{ Append([]byte) []byte }) string {
	frame := req.Append(nil)
	return string(frame[:len(frame)-1])
}

func piece(b wire.Piece) *wire.V2Frame { return &wire.V2Frame{ID: "1", Block: b} }

func sendFrames(frames ...wire.V2Response) step {
	var all []byte
	for _, f := range frames {
		all = f.(interface{ Append([]byte) []byte }).Append(all)
	}
	return send(string(all))
}

var (
	callF    = wire.Piece{Type: wire.BlockToolUse, ToolCallID: "call_1", Name: "f", Input: []byte(`{"a":1}`)}
	endTurn  = &wire.V2Done{ID: "1", StopReason: wire.StopEndTurn}
	toolTurn = &wire.V2Done{ID: "1", StopReason: wire.StopToolUse}
)

func text(s string) wire.V2Response { return piece(wire.Piece{Type: wire.BlockText, Delta: s}) }

func TestChat_YieldsThePiecesOfTheAnswer(t *testing.T) {
	want := []wire.V2Response{
		piece(wire.Piece{Type: wire.BlockThinking, Delta: "hm"}), text("yes"), piece(callF), toolTurn,
	}
	c := chatting(t, transport.V2, []step{expect(line(talk("1"))), sendFrames(want...), awaitClose})
	var got []wire.V2Response
	for frame, err := range c.Chat(t.Context(), talk("1")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, frame)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_ = c.Close()
}

func TestChat_SendsMediaAsRawBytes(t *testing.T) {
	req, stream := talk("1"), false
	req.Stream = &stream
	req.Attachments = []wire.Attachment{{Kind: wire.AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte("\n\x00\xff")}}
	for name, answers := range map[string]func(p *peer) bool{
		"answered": func(p *peer) bool {
			_, err := p.Conn.Write(wire.AppendFramed(wire.AppendFramed(nil, text("a").(*wire.V2Frame)), endTurn))
			return err == nil
		},
		"cut": func(p *peer) bool {
			_, err := p.Conn.Write(wire.AppendFramed(nil, text("a").(*wire.V2Frame)))
			return err == nil
		},
		"cut inside": func(p *peer) bool { _, err := p.Conn.Write(wire.AppendFramed(nil, endTurn)[:9]); return err == nil },
		"blob": func(p *peer) bool {
			_, err := p.Conn.Write(wire.AppendFrame(nil, wire.FrameBlob, []byte("{}")))
			return err == nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := chatting(t, transport.Framed, []step{func(p *peer) bool {
				got, err := wire.NewFramedReader(p.Conn).Request()
				if err != nil {
					p.Errorf("peer: %v", err)
					return false
				}
				if diff := cmp.Diff(req, got); diff != "" {
					p.Errorf("peer: %s", diff)
				}
				return true
			}, answers})
			got, err := c.CompleteChat(t.Context(), req)
			if whole := name == "answered"; (err == nil) != whole || whole && got.Text != "a" {
				t.Errorf("answer %+v, error %v", got, err)
			}
			if name == "cut" && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error is %v, want io.ErrUnexpectedEOF", err)
			}
			_ = c.Close()
		})
	}
}

func TestChat_IsAnErrorWithoutATerminalFrameOrWithAnErrorFrame(t *testing.T) {
	c := chatting(t, transport.V2,
		[]step{expect(line(talk("1"))), sendFrames(text("a"))},
		[]step{expect(line(talk("1"))), sendFrames(&wire.V2Error{ID: "1", Code: wire.CodeToolCallMalformed, Message: "m"}), awaitClose})
	var last error
	for _, err := range c.Chat(t.Context(), talk("1")) {
		last = err
	}
	if !errors.Is(last, io.ErrUnexpectedEOF) {
		t.Errorf("error is %v, want io.ErrUnexpectedEOF", last)
	}
	for _, err := range c.Chat(t.Context(), talk("1")) {
		last = err
	}
	if refusal, ok := errors.AsType[*client.ServerError](last); !ok || refusal.Code != wire.CodeToolCallMalformed {
		t.Errorf("error is %v, want the daemon's", last)
	}
	_ = c.Close()
}

// A daemon closes such a connection after some refusals, and does not say after
// which: the next request takes another one.
func TestChat_ARefusalEndsAFramedConnection(t *testing.T) {
	refused := func(p *peer) bool {
		_, err := p.Conn.Write(wire.AppendFramed(nil, &wire.V2Error{ID: "1", Code: wire.CodeInvalidRequest, Message: "m"}))
		return err == nil
	}
	request := func(p *peer) bool { _, err := wire.NewFramedReader(p.Conn).Request(); return err == nil }
	c := chatting(t, transport.Framed, []step{request, refused, awaitClose}, []step{request, refused, awaitClose})
	req := talk("1")
	req.Attachments = []wire.Attachment{{Kind: wire.AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte("abc")}}
	for range 2 {
		_, err := c.CompleteChat(t.Context(), req)
		if refusal, ok := errors.AsType[*client.ServerError](err); !ok || refusal.Code != wire.CodeInvalidRequest {
			t.Errorf("error is %v, want the daemon's", err)
		}
	}
	_ = c.Close()
}

func TestChat_ClosesTheConnectionWhenTheContextEnds(t *testing.T) {
	cause := errors.New("enough")
	for _, at := range []transport.Surface{transport.V2, transport.Framed} {
		ctx, cancel := context.WithCancelCause(t.Context())
		req, asked := talk("1"), make(chan struct{})
		if at == transport.Framed {
			req.Attachments = []wire.Attachment{{Kind: wire.AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte("abc")}}
		}
		c := chatting(t, at, []step{func(p *peer) bool {
			close(asked)
			_, err := io.Copy(io.Discard, p.Conn)
			return err == nil
		}})
		go func() {
			<-asked
			cancel(cause)
		}()
		if _, err := c.CompleteChat(ctx, req); !errors.Is(err, cause) {
			t.Errorf("%s: error is %v, want the cause", at, err)
		}
		_ = c.Close()
	}
}

func TestEmbedAndRerank_ReturnTheAnswer(t *testing.T) {
	dir := shortDir(t)
	embed, rerank := &wire.EmbedRequest{ID: "1", Input: []string{"a"}}, &wire.RerankRequest{ID: "1", Query: "q", Documents: []string{"d"}}
	vectors := &wire.Embeddings{ID: "1", Embeddings: [][]float32{{0.5}}, Dimensions: 1, Model: "m"}
	scores := &wire.Reranked{ID: "1", Results: []wire.RerankResult{{Index: 0, Score: 2}}, Model: "m"}
	play(t, dir, transport.V1, []step{awaitClose})
	play(t, dir, transport.Embed, []step{
		expect(line(embed)), sendFrames(vectors),
		expect(line(embed)), sendFrames(&wire.EmbedError{ID: "1", Code: wire.CodeEmbedUnsupported, Message: "m"}), awaitClose,
	})
	play(t, dir, transport.Rerank, []step{expect(line(rerank)), sendFrames(scores), awaitClose})
	c := dial(t, dir)
	gotVectors, err := c.Embed(t.Context(), embed)
	if diff := cmp.Diff(vectors, gotVectors); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_, err = c.Embed(t.Context(), embed)
	if refusal, ok := errors.AsType[*client.ServerError](err); !ok || refusal.Code != wire.CodeEmbedUnsupported {
		t.Errorf("error is %v, want the daemon's", err)
	}
	gotScores, err := c.Rerank(t.Context(), rerank)
	if diff := cmp.Diff(scores, gotScores); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_ = c.Close()
}

// A daemon that only embeds has no socket for text: that is no reason not to
// talk to it.
func TestDial_TakesADaemonThatServesSomethingElse(t *testing.T) {
	for _, wait := range []bool{false, true} {
		dir := shortDir(t)
		state := []step{events(wire.Capabilities{Backend: "b", Embed: true}, wire.Ready{}), awaitClose}
		play(t, dir, transport.Admin, state, state)
		vectors := &wire.Embeddings{Embeddings: [][]float32{{1}}, Dimensions: 1}
		play(t, dir, transport.Embed, []step{expect(`{"input":["a"]}`), sendFrames(vectors), awaitClose})
		c, err := client.Dial(t.Context(), client.Options{Dir: dir, WaitReady: wait})
		if err != nil {
			t.Fatalf("wait %v: %v", wait, err)
		}
		if _, err := c.Embed(t.Context(), &wire.EmbedRequest{Input: []string{"a"}}); err != nil {
			t.Errorf("wait %v: %v", wait, err)
		}
		_, err = c.Rerank(t.Context(), &wire.RerankRequest{Query: "q", Documents: []string{"d"}})
		if unserved, ok := errors.AsType[*client.UnservedError](err); !ok || unserved.What != "reranking" {
			t.Errorf("wait %v: error is %v, want an UnservedError", wait, err)
		}
		_ = c.Close()
	}
}

func withTools(id string, more ...wire.V2Message) *wire.V2Request {
	req := talk(id)
	req.Messages = append(req.Messages, more...)
	req.Tools = []wire.Tool{{Name: "f", InputSchema: []byte(`{"type":"object"}`)}}
	return req
}

func result(id, text string) wire.Block {
	return wire.Block{Type: wire.BlockToolResult, ToolCallID: id, Content: []wire.Block{{Type: wire.BlockText, Text: text}}}
}

func callMessage(calls ...wire.Piece) wire.V2Message {
	m, _ := (&client.Answer{Calls: calls}).Message()
	return m
}

func TestRunTools_RunsCallsUntilThereAreNone(t *testing.T) {
	other := wire.Piece{Type: wire.BlockToolUse, ToolCallID: "call_2", Name: "g", Input: []byte(`{}`)}
	third := wire.Piece{Type: wire.BlockToolUse, ToolCallID: "call_3", Name: "f", Input: []byte(`{"a":2}`)}
	grown := []wire.V2Message{
		callMessage(callF, other, third),
		{Role: wire.RoleUser, Content: []wire.Block{
			result("call_1", "got {\"a\":1}"), result("call_2", `error: there is no tool "g": the tools are f`), result("call_3", "error: two is too much"),
		}},
	}
	c := chatting(t, transport.V2, []step{
		expect(line(withTools("1"))), sendFrames(piece(callF), piece(other), piece(third), toolTurn),
		expect(line(withTools("1", grown...))), sendFrames(text("done"), endTurn), awaitClose,
	})
	frames := 0
	got, err := c.RunTools(t.Context(), withTools("1"), map[string]client.ToolFunc{
		"f": func(_ context.Context, input json.RawMessage) (string, error) {
			if strings.Contains(string(input), "2") {
				return "", errors.New("two is too much")
			}
			return "got " + string(input), nil
		},
	}, 2, func(wire.V2Response) { frames++ })
	if err != nil {
		t.Fatal(err)
	}
	want := &client.ToolRun{
		Answer: &client.Answer{Text: "done", Done: endTurn}, Turns: 2,
		Messages: append(grown, wire.V2Message{Role: wire.RoleAssistant, Content: []wire.Block{{Type: wire.BlockText, Text: "done"}}}),
	}
	if diff := cmp.Diff(want, got); diff != "" || frames != 6 {
		t.Error(diff, frames)
	}
	_ = c.Close()
}

func TestRunTools_EndsAtTheLimitOfTurnsWithoutRunningTheLastCalls(t *testing.T) {
	c := chatting(t, transport.V2, []step{
		expect(line(withTools("1"))), sendFrames(piece(callF), toolTurn),
		expect(line(withTools("1", callMessage(callF), wire.V2Message{Role: wire.RoleUser, Content: []wire.Block{result("call_1", "")}}))),
		sendFrames(piece(callF), toolTurn), awaitClose,
	})
	ran := 0
	run, err := c.RunTools(t.Context(), withTools("1"), map[string]client.ToolFunc{
		"f": func(context.Context, json.RawMessage) (string, error) { ran++; return "", nil },
	}, 2, nil)
	if limit, ok := errors.AsType[*client.TurnLimitError](err); !ok || limit.Turns != 2 || ran != 1 || len(run.Messages) != 2 {
		t.Errorf("error is %v after %d runs and %d messages", err, ran, len(run.Messages))
	}
	if _, err := c.RunTools(t.Context(), withTools("1"), nil, 0, nil); err == nil {
		t.Error("took no turns for some")
	}
	_ = c.Close()
}

func TestRunTools_StopsWhenTheContextEndsInATool(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := chatting(t, transport.V2, []step{expect(line(withTools("1"))), sendFrames(piece(callF), toolTurn), awaitClose})
	_, err := c.RunTools(ctx, withTools("1"), map[string]client.ToolFunc{
		"f": func(context.Context, json.RawMessage) (string, error) { cancel(cause); return "", errors.New("x") },
	}, 5, nil)
	if !errors.Is(err, cause) {
		t.Errorf("error is %v, want the cause", err)
	}
	_ = c.Close()
}
