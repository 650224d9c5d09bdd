package conformance

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/inferd/inferd/internal/transport"
)

// kind is a set of surfaces.
type kind uint8

const (
	v1 kind = 1 << iota
	v2
	framed
	embed
	rerank

	typed      = v2 | framed
	generation = v1 | typed
	lines      = v1 | v2 | embed | rerank
	every      = lines | framed
)

// surface is what differs from one surface to the next.
type surface struct {
	kind kind
	at   transport.Surface
	// hello is a request that every server of the surface can serve.
	hello func() request
	// pieces are the types of frames before the last, which is done or an error.
	pieces []string
	done   string
	// codes are the error codes beside those of v1.
	codes []string
	stops []string
}

// request is a request, by its keys.
type request = map[string]any

var surfaces = []surface{
	{
		kind: v1, at: transport.V1, pieces: []string{"token", "status"}, done: "done",
		stops: []string{"end", "length", "cancelled", "error"},
		hello: func() request { return settings(request{"messages": []any{message("user", "Say hello.")}}) },
	},
	{
		kind: v2, at: transport.V2, pieces: []string{"frame", "status"}, done: "done", stops: typedStops,
		codes: []string{"attachment_unsupported", "tool_call_malformed"},
		hello: func() request { return settings(request{"messages": []any{user(words("Say hello."))}}) },
	},
	{
		kind: framed, at: transport.Framed, pieces: []string{"frame", "status"}, done: "done", stops: typedStops,
		codes: []string{"attachment_unsupported", "tool_call_malformed", "wire_version_unsupported"},
		hello: func() request {
			return settings(request{"wire_version": 1, "messages": []any{user(words("Say hello."))}})
		},
	},
	{
		kind: embed, at: transport.Embed, done: "embeddings", codes: []string{"embed_unsupported"},
		hello: func() request { return request{"input": []any{"hello there", "a second text"}} },
	},
	{
		kind: rerank, at: transport.Rerank, done: "rerank", codes: []string{"rerank_unsupported"},
		hello: func() request {
			return request{"query": "a red fox", "documents": []any{"a dog", "the red fox", "something else"}}
		},
	},
}

var typedStops = []string{"end_turn", "max_tokens", "tool_use", "stop_sequence", "cancelled", "error"}

// settings keeps answers short, and the same each time.
func settings(r request) request {
	r["max_tokens"], r["temperature"] = 12, 0
	return r
}

func message(role string, content any) request { return request{"role": role, "content": content} }

// user is a message of typed content.
func user(blocks ...any) request { return message("user", append([]any{}, blocks...)) }

// words is a block of text.
func words(text string) request { return request{"type": "text", "text": text} }

// says is the request's key for a conversation in which the user says text.
func (s *surface) says(text string) any {
	if s.kind == v1 {
		return []any{message("user", text)}
	}
	return []any{user(words(text))}
}

// request is the surface's hello with an id, changed: a key that is nil is left
// out.
func (s *surface) request(id string, change request) request {
	r := s.hello()
	r["id"] = id
	maps.Copy(r, change)
	for key, v := range r {
		if v == nil {
			delete(r, key)
		}
	}
	return r
}

// frame is a payload as it goes over the socket. It takes payload over.
func (s *surface) frame(payload []byte) []byte {
	if s.kind == framed {
		return withLength(typeJSON, payload)
	}
	return append(payload, '\n')
}

// encode is a request as it goes over the socket, with its attachments.
func (s *surface) encode(r request) []byte {
	list, ok := r["attachments"].([]request)
	if !ok || s.kind != framed {
		return s.frame(encoded(r))
	}
	r = maps.Clone(r)
	heads := make([]request, len(list))
	var blobs []byte
	for i, a := range list {
		heads[i] = maps.Clone(a)
		delete(heads[i], "bytes")
		blob, _ := a["bytes"].([]byte)
		blobs = append(blobs, announced(a["id"], len(blob))...)
		blobs = append(blobs, withLength(typeBlob, blob)...)
	}
	r["attachments"] = heads
	return append(s.frame(encoded(r)), blobs...)
}

// announced is the frame before a BLOB.
func announced(id any, size int) []byte {
	return withLength(typeJSON, encoded(request{"type": "attachment_blob", "attachment_id": id, "len": size}))
}

// encoded is v as JSON, bytes as base64.
func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("conformance: a row of the table is no JSON: %v", err))
	}
	return b
}

const (
	typeJSON = 0x01
	typeBlob = 0x02
)

// withLength puts the framed surface's header before a payload.
func withLength(kind byte, payload []byte) []byte {
	return append(append(uleb128(len(payload)), kind), payload...)
}

func uleb128(n int) (b []byte) {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}
