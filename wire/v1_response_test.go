package wire

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// v1Frames has every form of response with its exact bytes.
var v1Frames = []struct {
	name  string
	frame V1Response
	want  string
}{
	{"token", &V1Token{ID: "r-1", Content: "Par"}, `{"type":"token","id":"r-1","content":"Par"}`},
	{"token with escapes", &V1Token{ID: "\"\\", Content: "\n<é\x01>"}, `{"type":"token","id":"\"\\","content":"\n<é\u0001>"}`},
	{"token without id", &V1Token{Content: " "}, `{"type":"token","id":"","content":" "}`},
	{"done", &V1Done{
		ID: "r-1", Content: "Paris", Usage: Usage{PromptTokens: 12, CompletionTokens: 2, CachedTokens: 8}, StopReason: StopEnd, Backend: "local",
		Timings: &Timings{QueueMS: 0, PrefillMS: 12.5, FirstTokenMS: 14.25, DecodeMS: 1e3}, Seed: new(uint32(math.MaxUint32)),
	}, `{"type":"done","id":"r-1","content":"Paris","usage":{"prompt_tokens":12,"completion_tokens":2,"cached_tokens":8},` +
		`"stop_reason":"end","backend":"local","timings":{"queue_ms":0,"prefill_ms":12.5,"first_token_ms":14.25,"decode_ms":1000},"seed":4294967295}`},
	{"done without timings and seed", &V1Done{ID: "r-1", StopReason: StopLength, Backend: "b"},
		`{"type":"done","id":"r-1","content":"","usage":{"prompt_tokens":0,"completion_tokens":0,"cached_tokens":0},"stop_reason":"length","backend":"b"}`},
	{"done with seed 0", &V1Done{StopReason: StopCancelled, Seed: new(uint32(0))},
		`{"type":"done","id":"","content":"","usage":{"prompt_tokens":0,"completion_tokens":0,"cached_tokens":0},"stop_reason":"cancelled","backend":"","seed":0}`},
	{"error", &V1Error{ID: "r-1", Code: CodeQueueFull, Message: MsgQueueFull}, `{"type":"error","id":"r-1","code":"queue_full","message":"queue full"}`},
	{"error without id", &V1Error{Code: CodeFrameTooLarge, Message: "too large"}, `{"type":"error","id":"","code":"frame_too_large","message":"too large"}`},
	{"status queued", &V1Status{ID: "r-1", Status: StatusQueued, Position: 3}, `{"type":"status","id":"r-1","status":"queued","position":3}`},
	{"status prefill", &V1Status{ID: "r-1", Status: StatusPrefill, Done: 512, Total: 2048}, `{"type":"status","id":"r-1","status":"prefill","done":512,"total":2048}`},
	{"status of another kind", &V1Status{ID: "r-1", Status: "parked"}, `{"type":"status","id":"r-1","status":"parked"}`},
}

func TestV1Response_ExactFrames(t *testing.T) {
	for _, tt := range v1Frames {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tt.frame.Append([]byte("before"))); got != "before"+tt.want+"\n" {
				t.Errorf("Append() =\n%s\nwant\n%s", got, tt.want)
			}
			got, err := DecodeV1Response([]byte(tt.want))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.frame, got); diff != "" {
				t.Errorf("DecodeV1Response() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestV1Response_EndsOnlyWithDoneOrError(t *testing.T) {
	for _, tt := range []struct {
		frame    V1Response
		terminal bool
	}{
		{&V1Token{ID: "x"}, false},
		{&V1Status{ID: "x"}, false},
		{&V1Done{ID: "x"}, true},
		{&V1Error{ID: "x"}, true},
	} {
		if tt.frame.Terminal() != tt.terminal || tt.frame.RequestID() != "x" {
			t.Errorf("%T: Terminal() = %v, RequestID() = %q", tt.frame, tt.frame.Terminal(), tt.frame.RequestID())
		}
	}
}

func TestV1Response_FixedMessagesAndCodes(t *testing.T) {
	for got, want := range map[string]string{
		MsgQueueFull:                   "queue full",
		MsgNoBackend:                   "no backend available",
		MsgBackendNotReady:             "backend not ready",
		MsgNoTerminalFrame:             "backend ended stream without terminal frame",
		string(CodeQueueFull):          "queue_full",
		string(CodeBackendUnavailable): "backend_unavailable",
		string(CodeInvalidRequest):     "invalid_request",
		string(CodeFrameTooLarge):      "frame_too_large",
		string(CodeInternal):           "internal",
		string(StopEnd):                "end",
		string(StopLength):             "length",
		string(StopCancelled):          "cancelled",
		string(StopError):              "error",
	} {
		if got != want {
			t.Errorf("%q on the wire, want %q", got, want)
		}
	}
}

func TestDecodeV1Response_TakesFramesOfOtherVersions(t *testing.T) {
	tests := []struct {
		name, in string
		want     V1Response
	}{
		{"done of an old daemon", `{"type":"done","id":"1","content":"x","usage":{"prompt_tokens":3,"completion_tokens":1},"stop_reason":"end","backend":"llama"}`,
			&V1Done{ID: "1", Content: "x", Usage: Usage{PromptTokens: 3, CompletionTokens: 1}, StopReason: StopEnd, Backend: "llama"}},
		{"done with null", `{"type":"done","id":null,"content":null,"usage":null,"stop_reason":null,"backend":null,"timings":null,"seed":null}`, &V1Done{}},
		{"done of a newer daemon", `{"resumed":[{}],"type":"done","stop_reason":"parked","usage":{"audio_tokens":"x","prompt_tokens":1},"timings":{"x":0}}`,
			&V1Done{StopReason: "parked", Usage: Usage{PromptTokens: 1}, Timings: &Timings{}}},
		{"token with fields of other frames", `{"content":"a","seed":"x","usage":7,"type":"token","done":[]}`, &V1Token{Content: "a"}},
		{"error with a new code", `{"type":"error","id":"1","code":"quota","message":"m","retryable":true}`, &V1Error{ID: "1", Code: "quota", Message: "m"}},
		{"the last type counts", `{"type":"done","content":"x","type":"token"}`, &V1Token{Content: "x"}},
		{"a timing that was not measured", `{"type":"done","timings":{"queue_ms":null,"decode_ms":2}}`, &V1Done{Timings: &Timings{DecodeMS: 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeV1Response([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeV1Response_RefusesWhatIsMalformed(t *testing.T) {
	const allowed = `: allowed are token, done, error, status`
	tests := []struct{ in, want string }{
		{`{"type":"frame","id":"1"}`, `type: unknown type "frame"` + allowed},
		{`{"id":"1"}`, `type: unknown type ""` + allowed},
		{`{"type":"` + strings.Repeat("x", 500) + `"}`, `type: unknown type "` + strings.Repeat("x", 64) + `…"` + allowed},
		{`{"type":5}`, `type: expected a string, found a number at byte 8`},
		{`{"type":"token","content":5}`, `content: expected a string, found a number at byte 26`},
		{`{"type":"done","usage":{"prompt_tokens":1.5}}`, `usage.prompt_tokens: expected an integer, found 1.5`},
		{`{"type":"done","usage":[]}`, `usage: expected an object, found an array at byte 23`},
		{`{"type":"done","seed":4294967296}`, `seed: 4294967296 is out of range: allowed is 0 to 4294967295`},
		{`{"type":"done","seed":1.5}`, `seed: expected an integer, found 1.5`},
		{`{"type":"done","seed":-1}`, `seed: -1 is out of range: allowed is 0 to 4294967295`},
		{`{"type":"token"`, `not JSON: ',' or '}' expected, but the frame ends at byte 15`},
		{`[]`, `not a JSON object`},
	}
	for _, tt := range tests {
		got, err := DecodeV1Response([]byte(tt.in))
		if _, ok := errors.AsType[*MalformedError](err); !ok || err.Error() != tt.want || got != nil {
			t.Errorf("%.80s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
}

// anyV1Response draws frames that a daemon can send.
func anyV1Response() *rapid.Generator[V1Response] {
	return rapid.Custom(func(t *rapid.T) V1Response {
		id := rapid.String().Draw(t, "id")
		text := rapid.String().Draw(t, "text")
		count := rapid.IntRange(0, math.MaxInt)
		ms := rapid.Float64Range(0, 1e9)
		switch rapid.IntRange(0, 4).Draw(t, "type") {
		case 0:
			return &V1Token{id, text}
		case 1:
			return &V1Error{id, Code(rapid.String().Draw(t, "code")), text}
		case 2:
			return &V1Status{ID: id, Status: StatusQueued, Position: count.Draw(t, "position")}
		case 3:
			return &V1Status{ID: id, Status: StatusPrefill, Done: count.Draw(t, "done"), Total: count.Draw(t, "total")}
		}
		d := &V1Done{
			ID: id, Content: text, Usage: Usage{
				PromptTokens: count.Draw(t, "prompt"), CompletionTokens: count.Draw(t, "completion"),
				CachedTokens: count.Draw(t, "cached"), CacheMiss: rapid.String().Draw(t, "miss"),
			},
			StopReason: StopReason(rapid.String().Draw(t, "stop")), Backend: rapid.String().Draw(t, "backend"),
			Seed: rapid.Ptr(rapid.Uint32(), true).Draw(t, "seed"),
		}
		if rapid.Bool().Draw(t, "drafted") {
			d.Usage.DraftedTokens, d.Usage.AcceptedTokens = rapid.IntMin(1).Draw(t, "drafted tokens"), count.Draw(t, "accepted tokens")
		}
		if rapid.Bool().Draw(t, "timed") {
			d.Timings = &Timings{ms.Draw(t, "queue"), ms.Draw(t, "prefill"), ms.Draw(t, "first"), ms.Draw(t, "decode")}
		}
		return d
	})
}

func TestV1Response_RoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyV1Response().Draw(t, "response")
		frame := want.Append(nil)
		if !json.Valid(frame) || strings.Count(string(frame), "\n") != 1 {
			t.Fatalf("not one line of JSON: %q", frame)
		}
		got, err := DecodeV1Response(frame)
		if err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", frame, diff)
		}
	})
}

func TestV1Done_WritesNullForATimingThatIsNoNumber(t *testing.T) {
	frame := (&V1Done{Timings: &Timings{QueueMS: math.NaN(), DecodeMS: math.Inf(1)}}).Append(nil)
	if !json.Valid(frame) || !strings.Contains(string(frame), `"queue_ms":null`) || !strings.Contains(string(frame), `"decode_ms":null`) {
		t.Errorf("Append() = %s", frame)
	}
}

func TestV1Response_AppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 4096)
	seed := uint32(7)
	for _, frame := range []V1Response{
		&V1Token{ID: "request-17", Content: "a \"quoted\" piece\nwith é, 世 and \xff"},
		&V1Status{ID: "request-17", Status: StatusPrefill, Done: 512, Total: 2048},
		&V1Done{ID: "request-17", Content: "text", StopReason: StopEnd, Backend: "local", Timings: &Timings{PrefillMS: 1.25}, Seed: &seed},
		&V1Error{ID: "request-17", Code: CodeQueueFull, Message: MsgQueueFull},
	} {
		if n := testing.AllocsPerRun(100, func() { buf = frame.Append(buf[:0]) }); n != 0 {
			t.Errorf("%T.Append allocates %v times", frame, n)
		}
	}
}

// FuzzDecodeV1Response checks that what decodes is written and read again
// without a change.
func FuzzDecodeV1Response(f *testing.F) {
	for _, tt := range v1Frames {
		f.Add([]byte(tt.want))
	}
	f.Add([]byte(`{"type":"done","usage":null,"timings":{"queue_ms":1e999,"decode_ms":-1e-7},"seed":-0}`))
	f.Add([]byte(`{"type":"status","status":"queued","position":-99999999999999999999}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := DecodeV1Response(in)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		once := string(r.Append(nil))
		again, err := DecodeV1Response([]byte(once))
		if err != nil {
			t.Fatalf("%s\nwas written as\n%s\nwhich is refused: %v", in, once, err)
		}
		if twice := string(again.Append(nil)); strings.ReplaceAll(once, ":null", ":0") != twice {
			t.Fatalf("written as\n%s\nthen as\n%s", once, twice)
		}
	})
}

func BenchmarkV1Token_Append(b *testing.B) {
	token := &V1Token{ID: "request-17", Content: " Paris"}
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = token.Append(buf[:0])
	}
}

func BenchmarkDecodeV1Response_Token(b *testing.B) {
	frame := (&V1Token{ID: "request-17", Content: " Paris"}).Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeV1Response(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeV1Request_Large(b *testing.B) {
	frame := (&V1Request{Messages: []Message{{RoleUser, strings.Repeat("some text\n", 100_000)}}}).Append(nil)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeV1Request(frame); err != nil {
			b.Fatal(err)
		}
	}
}
