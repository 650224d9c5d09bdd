package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// typedFrames has every frame of the typed surfaces with its exact bytes.
var typedFrames = []struct {
	name  string
	frame V1Response
	want  string
}{
	{"text", &V2Frame{ID: "1", Block: Piece{Type: BlockText, Delta: "a\n"}}, `{"type":"frame","id":"1","block":{"type":"text","delta":"a\n"}}`},
	{"thinking", &V2Frame{ID: "1", Block: Piece{Type: BlockThinking, Delta: "hm"}}, `{"type":"frame","id":"1","block":{"type":"thinking","delta":"hm"}}`},
	{"tool call", &V2Frame{ID: "1", Block: Piece{Type: BlockToolUse, ToolCallID: "c", Name: "f", Input: []byte(`{"a":[1,"é"]}`)}},
		`{"type":"frame","id":"1","block":{"type":"tool_use","tool_call_id":"c","name":"f","input":{"a":[1,"é"]}}}`},
	{"done", &V2Done{ID: "1", Usage: Usage{PromptTokens: 3, CompletionTokens: 1}, StopReason: StopEndTurn, Backend: "b"},
		`{"type":"done","id":"1","usage":{"input_tokens":3,"output_tokens":1,"cached_tokens":0},"stop_reason":"end_turn","backend":"b"}`},
	{"done, everything", &V2Done{
		ID: "1", Usage: Usage{PromptTokens: 3, CompletionTokens: 1, CachedTokens: 2, CacheMiss: "evicted", DraftedTokens: 2, AcceptedTokens: 1}, StopReason: StopToolUse,
		ToolChoiceUnsatisfied: true, Backend: "b", Timings: &Timings{1, 2, 3, 4.5}, Seed: new(uint32(7)),
	}, `{"type":"done","id":"1","usage":{"input_tokens":3,"output_tokens":1,"cached_tokens":2,"cache_miss":"evicted","drafted_tokens":2,"accepted_tokens":1},` +
		`"stop_reason":"tool_use","tool_choice_unsatisfied":true,"backend":"b","timings":{"queue_ms":1,"prefill_ms":2,"first_token_ms":3,"decode_ms":4.5},"seed":7}`},
	{"error", &V2Error{ID: "1", Code: CodeAttachmentUnsupported, Message: "m"}, `{"type":"error","id":"1","code":"attachment_unsupported","message":"m"}`},
	{"malformed call", &V2Error{ID: "1", Code: CodeToolCallMalformed, Message: "m"}, `{"type":"error","id":"1","code":"tool_call_malformed","message":"m"}`},
	{"version", &V2Error{ID: "1", Code: CodeWireVersionUnsupported, Message: "m"}, `{"type":"error","id":"1","code":"wire_version_unsupported","message":"m"}`},
	{"status", &V2Status{ID: "1", Status: StatusQueued, Position: 2}, `{"type":"status","id":"1","status":"queued","position":2}`},
}

var embedFrames = []struct {
	name  string
	frame V1Response
	want  string
}{
	{"vectors", &Embeddings{ID: "1", Embeddings: [][]float32{{0.1, -1}, {1e-10, 16777216}}, Dimensions: 2, Model: "m", InputTokens: 9, Backend: "b"},
		`{"type":"embeddings","id":"1","embeddings":[[0.1,-1],[1e-10,16777216]],"dimensions":2,"model":"m","usage":{"input_tokens":9},"backend":"b"}`},
	{"error", &EmbedError{ID: "1", Code: CodeEmbedUnsupported, Message: "m"}, `{"type":"error","id":"1","code":"embed_unsupported","message":"m"}`},
}

var rerankFrames = []struct {
	name  string
	frame V1Response
	want  string
}{
	{"scores", &Reranked{ID: "1", Results: []RerankResult{{1, 0.5}, {0, -3.25}}, Model: "m", InputTokens: 9, Backend: "b"},
		`{"type":"rerank","id":"1","results":[{"index":1,"score":0.5},{"index":0,"score":-3.25}],"model":"m","usage":{"input_tokens":9},"backend":"b"}`},
	{"error", &RerankError{ID: "1", Code: CodeRerankUnsupported, Message: "m"}, `{"type":"error","id":"1","code":"rerank_unsupported","message":"m"}`},
}

func TestTypedResponses_ExactFrames(t *testing.T) {
	for _, surface := range []struct {
		name   string
		decode func([]byte) (V1Response, error)
		frames []struct {
			name  string
			frame V1Response
			want  string
		}
	}{{"v2", DecodeV2Response, typedFrames}, {"embed", DecodeEmbedResponse, embedFrames}, {"rerank", DecodeRerankResponse, rerankFrames}} {
		for _, tt := range surface.frames {
			t.Run(surface.name+" "+tt.name, func(t *testing.T) {
				if got := string(tt.frame.Append([]byte("before"))); got != "before"+tt.want+"\n" {
					t.Errorf("Append() =\n%s\nwant\n%s", got, tt.want)
				}
				got, err := surface.decode([]byte(tt.want))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.frame, got); diff != "" {
					t.Errorf("decoded (-want +got):\n%s", diff)
				}
				if got.RequestID() != "1" {
					t.Errorf("RequestID() = %q", got.RequestID())
				}
				_, piece := tt.frame.(*V2Frame)
				_, status := tt.frame.(*V2Status)
				if got.Terminal() == (piece || status) {
					t.Errorf("Terminal() = %v", got.Terminal())
				}
			})
		}
	}
}

func TestDecodeV2Response_TakesFramesOfOtherVersions(t *testing.T) {
	for in, want := range map[string]V1Response{
		`{"type":"frame","id":"1","block":{"image":{"x":1},"delta":[],"type":"image"},"x":1}`: &V2Frame{ID: "1", Block: Piece{Type: "image"}},
		`{"type":"frame","block":{"delta":"a","type":"text","input":7}}`:                      &V2Frame{Block: Piece{Type: BlockText, Delta: "a"}},
		`{"type":"done","usage":null,"timings":null,"stop_reason":"refusal"}`:                 &V2Done{StopReason: "refusal"},
	} {
		got, err := DecodeV2Response([]byte(in))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", in, err, diff)
		}
	}
}

func TestDecodeTypedResponses_RefuseWhatIsMalformed(t *testing.T) {
	for _, tt := range []struct {
		decode   func([]byte) (V1Response, error)
		in, want string
	}{
		{DecodeV2Response, `{"type":"token","id":"1"}`, `type: unknown type "token": allowed are frame, done, error, status`},
		{DecodeV2Response, `{"type":"frame","block":{"delta":"a"}}`, `block.type: missing: a string is required`},
		{DecodeV2Response, `{"type":"frame","block":"a"}`, `block: expected an object, found a string at byte 24`},
		{DecodeV2Response, `{"type":"frame","block":{"type":"text","delta":5}}`, `block.delta: expected a string, found a number at byte 47`},
		{DecodeV2Response, `{"type":"done","usage":{"input_tokens":"x"}}`, `usage.input_tokens: expected a number, found a string at byte 39`},
		{DecodeEmbedResponse, `{"type":"rerank"}`, `type: unknown type "rerank": allowed are embeddings, error`},
		{DecodeEmbedResponse, `{"type":"embeddings","embeddings":[[1,null]]}`, `embeddings[0][1]: expected a number, found null at byte 38`},
		{DecodeRerankResponse, `{"type":"rerank","results":[{"score":"x"}]}`, `results[0].score: expected a number, found a string at byte 37`},
	} {
		got, err := tt.decode([]byte(tt.in))
		if _, ok := errors.AsType[*MalformedError](err); !ok || err.Error() != tt.want || got != nil {
			t.Errorf("%s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
}

func TestV2Frame_NeverWritesWhatIsNoJSON(t *testing.T) {
	for _, input := range []string{"", "{", `{"a":1}x`, "\xff", "{}\n{}"} {
		frame := (&V2Frame{Block: Piece{Type: BlockToolUse, Input: []byte(input)}}).Append(nil)
		if !json.Valid(frame) || bytes.Count(frame, []byte("\n")) != 1 {
			t.Errorf("input %q is written as %q", input, frame)
		}
	}
}

func TestV2Frame_AppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 4096)
	frame := &V2Frame{ID: "request-17", Block: Piece{Type: BlockText, Delta: "a \"quoted\" piece\nwith é"}}
	if n := testing.AllocsPerRun(100, func() { buf = frame.Append(buf[:0]) }); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
}

func TestEmbeddings_NumbersReadBackExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &Embeddings{ID: rapid.String().Draw(t, "id"), Embeddings: rapid.SliceOfN(rapid.SliceOfN(rapid.Float32(), 1, 9), 1, 4).Draw(t, "vectors")}
		got, err := DecodeEmbedResponse(want.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(V1Response(want), got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
	if Finite([]float32{1, float32(math.NaN())}) || Finite([]float32{float32(math.Inf(-1))}) || !Finite([]float32{math.MaxFloat32, 0}) {
		t.Error("Finite is wrong")
	}
	for _, frame := range []interface{ Append([]byte) []byte }{
		&Embeddings{Embeddings: [][]float32{{float32(math.NaN())}}}, &Reranked{Results: []RerankResult{{0, float32(math.Inf(1))}}},
	} {
		if text := frame.Append(nil); !json.Valid(text) {
			t.Errorf("not JSON: %s", text)
		}
	}
}

func TestRank_OrdersByScoreThenByIndex(t *testing.T) {
	scores := []float32{0.5, 2, -1, 2, 0.5}
	want := []RerankResult{{1, 2}, {3, 2}, {0, 0.5}, {4, 0.5}, {2, -1}}
	for _, tt := range []struct {
		topN *int64
		n    int
	}{{nil, 5}, {new(int64(9)), 5}, {new(int64(math.MaxInt64)), 5}, {new(int64(3)), 3}, {new(int64(1)), 1}} {
		if diff := cmp.Diff(want[:tt.n], Rank(scores, tt.topN)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got := Rank(nil, nil); len(got) != 0 {
		t.Errorf("Rank(nil) = %v", got)
	}
}

// FuzzDecodeTypedResponses checks that what decodes is written and read again
// without a change.
func FuzzDecodeTypedResponses(f *testing.F) {
	for _, tt := range append(append(typedFrames, embedFrames...), rerankFrames...) {
		f.Add([]byte(tt.want))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, decode := range []func([]byte) (V1Response, error){DecodeV2Response, DecodeEmbedResponse, DecodeRerankResponse} {
			r, err := decode(in)
			if err != nil {
				checkMalformed(t, err)
				continue
			}
			once := r.Append(nil)
			if !json.Valid(once) || bytes.Count(once, []byte("\n")) != 1 {
				t.Fatalf("not one line of JSON: %q", once)
			}
			again, err := decode(once)
			if err != nil {
				if bytes.Contains(once, []byte("null")) {
					continue // a number beyond the range
				}
				t.Fatalf("%s\nwas written as\n%s\nwhich is refused: %v", in, once, err)
			}
			if twice := again.Append(nil); !bytes.Equal(once, twice) && !bytes.Contains(once, []byte("null")) {
				t.Fatalf("written as\n%s\nthen as\n%s", once, twice)
			}
		}
	})
}
