package conformance

import "bytes"

// stream puts parts together.
func stream(parts ...[]byte) func(*surface) []byte {
	return func(*surface) []byte { return bytes.Join(parts, nil) }
}

// payload is v as a JSON frame.
func payload(v any) []byte { return withLength(typeJSON, encoded(v)) }

// bringing is a framed request with the heads of attachments.
func bringing(heads ...request) []byte {
	return payload(request{"id": "x", "wire_version": 1, "messages": []any{user(words("hello"))}, "attachments": heads})
}

func head(id string) request { return request{"kind": "image", "id": id, "width": 1, "height": 1} }

func blob(n int) []byte { return withLength(typeBlob, make([]byte, n)) }

const mib = 1 << 20

// framedExchanges are what may be wrong with frames that have a length.
var framedExchanges = []exchange{
	{section: "4", name: "a length of more than 5 bytes", on: framed, raw: stream(bytes.Repeat([]byte{0x80}, 6), []byte{0, typeJSON}), noID: true, after: closed},
	{section: "4", name: "a frame of type 0x03", on: framed, raw: stream(withLength(3, []byte("{}"))), noID: true, after: closed},
	{section: "4", name: "a frame of type 0x00", on: framed, raw: stream(withLength(0, []byte("{}"))), noID: true, after: closed},
	{section: "4", name: "an empty payload", on: framed, raw: stream(withLength(typeJSON, nil)), noID: true, after: closed},
	{section: "4", name: "a line in the place of a frame", on: framed, raw: stream([]byte("{\"id\":\"x\"}\n")), noID: true, after: closed, cut: true},
	{section: "4", name: "a BLOB in the place of a request", on: framed, raw: stream(blob(4)), noID: true, after: closed},
	{section: "4", name: "bytes that are not UTF-8", on: framed, raw: stream(withLength(typeJSON, []byte("{\"id\":\"\xff\",\"wire_version\":1}"))), noID: true, after: closed},
	{section: "4", name: "the end inside a length", on: framed, raw: stream([]byte{0x80}), noID: true, after: closed, cut: true},
	{section: "4", name: "the end before the type", on: framed, raw: stream([]byte{0x05}), noID: true, after: closed, cut: true},
	{section: "4", name: "the end inside a payload", on: framed, raw: stream(payload(request{"id": "x"})[:6]), noID: true, after: closed, cut: true},
	{section: "4", name: "the end before an announced BLOB", on: framed, raw: stream(bringing(head("a")), announced("a", 3)), anyID: true, after: closed, cut: true},
	{section: "4", name: "no wire_version", on: framed, change: request{"wire_version": nil}, codes: []string{"wire_version_unsupported"}, after: closed, says: "1"},
	{section: "4", name: "wire_version 2", on: framed, change: request{"wire_version": 2}, codes: []string{"wire_version_unsupported"}, after: closed, says: "2"},
	{section: "4", name: "the message about wire_version 2 names 1 too", on: framed, change: request{"wire_version": 2}, codes: []string{"wire_version_unsupported"}, after: closed, says: "1"},
	{section: "4", name: "an attachment of another id than its turn's", on: framed, raw: stream(bringing(head("a")), announced("b", 3), blob(3)), anyID: true, after: either},
	{section: "4", name: "attachments in another order than the request's", on: framed, anyID: true, after: either,
		raw: stream(bringing(head("a"), head("b")), announced("b", 3), blob(3), announced("a", 3), blob(3))},
	{section: "4", name: "a BLOB of another length than announced", on: framed, raw: stream(bringing(head("a")), announced("a", 3), blob(4)), anyID: true, after: either},
	{section: "4", name: "a BLOB that was not announced", on: framed, raw: stream(bringing(head("a")), blob(3)), anyID: true, after: either},
	{section: "4", name: "33 attachments", on: framed, change: request{"attachments": many(33)}, anyID: true, after: either, says: "attachments"},
	{section: "4", name: "a declared 128 MiB and a byte", on: framed, codes: []string{"frame_too_large"}, anyID: true, after: either,
		raw: stream(bringing(head("a")), announced("a", 128*mib+1))},
	{section: "4", name: "128 MiB and a byte in two, before the second is sent", on: framed, codes: []string{"frame_too_large"}, anyID: true, after: either,
		raw: stream(bringing(head("a"), head("b")), announced("a", mib), blob(mib), announced("b", 127*mib+1))},
}
