package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAppendFrame_WritesExactly(t *testing.T) {
	for _, tt := range []struct {
		size   int
		header string
	}{
		{0, "\x00"}, {1, "\x01"}, {127, "\x7f"}, {128, "\x80\x01"}, {300, "\xac\x02"}, {16383, "\xff\x7f"}, {16384, "\x80\x80\x01"},
		{1 << 21, "\x80\x80\x80\x01"}, {MaxFrame, "\x80\x80\x80\x20"},
	} {
		payload := bytes.Repeat([]byte{'x'}, tt.size)
		got := AppendFrame([]byte("before"), FrameBlob, payload)
		if want := "before" + tt.header + "\x02" + string(payload); string(got) != want {
			t.Errorf("%d bytes: frame begins with %q", tt.size, got[:min(len(got), 20)])
		}
		// An NDJSON message loses its newline and gains a header.
		got = AppendFramed([]byte("before"), verbatim(string(payload)+"\n"))
		if want := "before" + tt.header + "\x01" + string(payload); string(got) != want {
			t.Errorf("%d bytes: JSON frame begins with %q", tt.size, got[:min(len(got), 20)])
		}
	}
}

type verbatim string

func (v verbatim) Append(dst []byte) []byte { return append(dst, v...) }

func TestAppendFramed_AllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 1<<17)
	for _, n := range []int{1, 500, 50_000} {
		frame := &V2Frame{ID: "r", Block: Piece{Type: BlockText, Delta: strings.Repeat("x", n)}}
		if got := testing.AllocsPerRun(100, func() { buf = AppendFramed(buf[:0], frame) }); got != 0 {
			t.Errorf("%d bytes: %v allocations", n, got)
		}
	}
}

func TestFramedReader_CutsFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want [][]byte
		for range rapid.IntRange(0, 6).Draw(t, "frames") {
			payload := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload")
			want = append(want, payload)
			stream = AppendFrame(stream, FrameBlob, payload)
		}
		r := NewFramedReader(&chunkReader{src: bytes.NewReader(stream), chunk: rapid.IntRange(1, 50).Draw(t, "chunk")})
		for _, payload := range want {
			kind, got, err := r.Next()
			if kind != FrameBlob || !bytes.Equal(got, payload) || err != nil {
				t.Fatalf("Next() = %v, %q, %v, want %q", kind, got, err, payload)
			}
		}
		if _, _, err := r.Next(); err != io.EOF {
			t.Fatalf("at the end: %v", err)
		}
	})
}

func TestFramedReader_RefusesWhatIsMalformed(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "", "EOF"},
		{"half a length", "\x80", "the stream ends inside the length of a frame"},
		{"no type", "\x05", "the stream ends inside the type of a frame"},
		{"no payload", "\x05\x01", "the stream ends inside a frame of 5 bytes"},
		{"half a payload", "\x05\x01ab", "the stream ends inside a frame of 5 bytes"},
		{"another type", "\x05\x03hello", "frame of type 0x03: allowed are 0x01 and 0x02"},
		{"a line of JSON", "{\"id\":1}\n", `frame of type 0x22: allowed are 0x01 and 0x02`},
		{"six bytes of length", "\x80\x80\x80\x80\x80\x01", "length of more than 5 bytes before a frame"},
		{"the largest length", "\xff\xff\xff\xff\x7f\x01", "frame too large"},
		{"one byte too many", "\x81\x80\x80\x20\x01", "frame too large"},
		{"a length that is longer than it must be", "\x82\x80\x80\x80\x00\x01{}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewFramedReader(strings.NewReader(tt.in))
			_, _, err := r.Next()
			if errorText(err) != tt.want {
				t.Fatalf("Next() = %v, want %s", err, tt.want)
			}
			if _, _, again := r.Next(); err != nil && again != err {
				t.Errorf("then %v: errors are final", again)
			}
		})
	}
}

func TestFramedReader_AcceptsExactly64MiB(t *testing.T) {
	r := NewFramedReader(io.MultiReader(bytes.NewReader(appendFrameHeader(nil, FrameBlob, MaxFrame)), readerFunc(func(p []byte) (int, error) { return len(p), nil })))
	_, payload, err := r.Next()
	if len(payload) != MaxFrame || err != nil {
		t.Errorf("Next() = %d bytes, %v", len(payload), err)
	}
}

func TestFramedReader_GrowsWithWhatArrives(t *testing.T) {
	for _, arrived := range []int{0, 100, 1 << 20} {
		header := appendFrameHeader(nil, FrameBlob, MaxFrame)
		stream := io.MultiReader(bytes.NewReader(header), bytes.NewReader(make([]byte, arrived)), iotest.ErrReader(os.ErrDeadlineExceeded))
		got := allocated(func() {
			if _, _, err := NewFramedReader(stream).Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Next() = %v, want the transport's error", err)
			}
		})
		if limit := uint64(4*arrived + 2*firstRead); got > limit {
			t.Errorf("%d bytes of 64 MiB arrived: allocated %d, want at most %d", arrived, got, limit)
		}
	}
}

// framedStream puts frames together: JSON where they begin with a brace.
func framedStream(frames ...string) []byte {
	var stream []byte
	for _, f := range frames {
		kind := FrameBlob
		if strings.HasPrefix(f, "{") {
			kind = FrameJSON
		}
		stream = AppendFrame(stream, kind, []byte(f))
	}
	return stream
}

func announce(id string, n int) string {
	return fmt.Sprintf(`{"type":"attachment_blob","attachment_id":%q,"len":%d}`, id, n)
}

// framedRules has every way in which a request can't be put together: what is
// sent and how it is answered. The connection closes after each.
var framedRules = func() []struct {
	name     string
	stream   []byte
	id, code string
	want     string
} {
	const invalid, two = string(CodeInvalidRequest), `"attachments":[{"kind":"video","id":"a"},{"kind":"video","id":"b"}]`
	head := `{"id":"r","wire_version":1,` + talk + `,` + two + `}`
	var many []string
	for i := range 33 {
		many = append(many, fmt.Sprintf(`{"kind":"video","id":"%d"}`, i))
	}
	return []struct {
		name     string
		stream   []byte
		id, code string
		want     string
	}{
		{"a BLOB first", framedStream("xyz"), "", invalid, "a BLOB frame where a request was expected"},
		{"no version", framedStream(`{"id":"r",` + talk + `}`), "r", string(CodeWireVersionUnsupported), "wire_version: none is not supported: allowed is 1"},
		{"another version, of which nothing is known", framedStream(`{"id":"r","wire_version":2,"turns":[]}`), "r", string(CodeWireVersionUnsupported),
			"wire_version: 2 is not supported: allowed is 1"},
		{"a version of another type", framedStream(`{"id":"r","wire_version":"1",` + talk + `}`), "", invalid, "wire_version: expected a number, found a string at byte 25"},
		{"no messages", framedStream(`{"id":"r","wire_version":1}`), "", invalid, "messages: missing: an array of messages is required"},
		{"an empty frame", AppendFrame(nil, FrameJSON, nil), "", invalid, "not JSON: a value expected, but the frame ends at byte 0"},
		{"33 attachments", framedStream(`{"id":"r","wire_version":1,` + talk + `,"attachments":[` + strings.Join(many, ",") + `]}`), "r", invalid,
			"attachments: more than 32 attachments are too many: allowed is up to 32"},
		{"no announcement", framedStream(head, "xyz"), "r", invalid,
			"attachments[0]: a BLOB frame of 3 bytes is not its announcement: allowed is a JSON frame of type attachment_blob"},
		{"another announcement", framedStream(head, `{"type":"blob"}`), "r", invalid, `attachments[0].type: "blob" is not its announcement: allowed is attachment_blob`},
		{"an endless announcement", appendFrameHeader(framedStream(head), FrameJSON, 1<<20), "r", invalid,
			"attachments[0]: a JSON frame of 1048576 bytes is not its announcement: allowed is a JSON frame of type attachment_blob"},
		{"a malformed announcement", framedStream(head, `{"type":1}`), "", invalid, "attachments[0].type: expected a string, found a number at byte 8"},
		{"out of turn", framedStream(head, announce("b", 3), "xyz"), "r", invalid,
			`attachments[0].attachment_id: "b" is out of turn: allowed is "a": each attachment once, in the order of the request`},
		{"no length", framedStream(head, `{"type":"attachment_blob","attachment_id":"a"}`), "r", invalid,
			"attachments[0].len: is missing or negative: allowed is the number of bytes"},
		{"a negative length", framedStream(head, announce("a", -1)), "r", invalid, "attachments[0].len: is missing or negative: allowed is the number of bytes"},
		{"another length", framedStream(head, announce("a", 4), "xyz"), "r", invalid,
			"attachments[0]: a BLOB frame of 3 bytes is not what was announced: allowed is a BLOB frame of 4 bytes"},
		{"no BLOB", framedStream(head, announce("a", 4), `{"x"`), "r", invalid,
			"attachments[0]: a JSON frame of 4 bytes is not what was announced: allowed is a BLOB frame of 4 bytes"},
		{"an empty BLOB twice", framedStream(head, announce("a", 0), "", announce("a", 0), ""), "r", invalid,
			`attachments[1].attachment_id: "a" is out of turn: allowed is "b": each attachment once, in the order of the request`},
		{"too many bytes in one", framedStream(head, announce("a", maxAttachmentBytes+1)), "r", string(CodeFrameTooLarge),
			"attachments: 134217729 bytes are too many: allowed is up to 134217728 bytes in all"},
		{"too many bytes together", framedStream(head, announce("a", 1), "x", announce("b", maxAttachmentBytes)), "r", string(CodeFrameTooLarge),
			"attachments: 134217729 bytes are too many: allowed is up to 134217728 bytes in all"},
		{"a frame too large", appendFrameHeader(nil, FrameJSON, MaxFrame+1), "", string(CodeFrameTooLarge), "frame too large"},
		{"the end in the middle", framedStream(head, announce("a", 1)), "", invalid, "the stream ends inside a request"},
	}
}()

func TestFramedReader_SaysHowARequestFailed(t *testing.T) {
	for _, tt := range framedRules {
		t.Run(tt.name, func(t *testing.T) {
			r := NewFramedReader(bytes.NewReader(tt.stream))
			_, err := r.Request()
			id, code := answerOf(t, err)
			if id != tt.id || code != tt.code || errorText(err) != tt.want {
				t.Errorf("got id %q, code %s, %v\nwant id %q, code %s, %s", id, code, err, tt.id, tt.code, tt.want)
			}
			if _, again := r.Request(); again != err {
				t.Errorf("then %v: the connection is over", again)
			}
		})
	}
}

// answerOf is the id and the code with which an error is answered.
func answerOf(t *testing.T, err error) (id, code string) {
	t.Helper()
	if e, ok := errors.AsType[*StreamError](err); ok {
		return e.ID, string(e.Code)
	}
	if errors.Is(err, ErrFrameTooLarge) {
		return "", string(CodeFrameTooLarge)
	}
	checkMalformed(t, err)
	return "", string(CodeInvalidRequest)
}

func TestFramedReader_ReadsRequestsOneAfterAnother(t *testing.T) {
	first := &V2Request{ID: "1", Messages: []V2Message{{RoleUser, []Block{{Type: BlockImage, AttachmentID: "i"}}}},
		Attachments: []Attachment{{Kind: AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte{1, 2, 3}}}}
	second := &V2Request{ID: "2", Messages: []V2Message{{RoleUser, []Block{{Type: BlockText, Text: "x"}}}}}
	// A request that is not allowed is read to its end, so that the next can follow.
	empty := &V2Request{ID: "3", Attachments: []Attachment{{Kind: AttachmentVideo, ID: "v", Bytes: []byte{}}}}
	r := NewFramedReader(bytes.NewReader(second.AppendFramed(empty.AppendFramed(first.AppendFramed(nil)))))
	for _, want := range []*V2Request{first, empty, second} {
		got, err := r.Request()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	}
	if _, err := r.Request(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestV2Request_AppendFramedWritesExactly(t *testing.T) {
	got := (&V2Request{
		ID: "r", Messages: []V2Message{{RoleUser, []Block{{Type: BlockImage, AttachmentID: "i"}}}},
		Attachments: []Attachment{{Kind: AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte("RGB")}},
	}).AppendFramed(nil)
	want := framedStream(`{"wire_version":1,"id":"r","messages":[{"role":"user","content":[{"type":"image","attachment_id":"i"}]}],`+
		`"attachments":[{"kind":"image","id":"i","width":1,"height":1}]}`, `{"type":"attachment_blob","attachment_id":"i","len":3}`, "RGB")
	if !bytes.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestFramedReader_IgnoresBytesInTheRequest(t *testing.T) {
	r, err := NewFramedReader(bytes.NewReader(framedStream(
		`{"wire_version":1,`+talk+`,"attachments":[{"kind":"video","id":"a","bytes":[{"not":"base64"}]}]}`, announce("a", 2), "xy"))).Request()
	if err != nil || string(r.Attachments[0].Bytes) != "xy" {
		t.Errorf("Request() = %+v, %v", r, err)
	}
}

// FuzzFramedReader checks that whatever arrives is a request or a known error.
func FuzzFramedReader(f *testing.F) {
	for _, tt := range framedRules {
		f.Add(tt.stream)
	}
	f.Add(framedStream(`{"id":"r","wire_version":1,`+talk+`,"attachments":[{"kind":"video","id":"a"}]}`, announce("a", 2), "xy"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := NewFramedReader(bytes.NewReader(in))
		for range 10 {
			req, err := r.Request()
			if err == io.EOF {
				return
			}
			if err != nil {
				answerOf(t, err)
				return
			}
			checkField(t, req.Validate(everything, nil))
		}
	})
}
