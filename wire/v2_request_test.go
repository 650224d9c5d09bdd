package wire

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// talk is a conversation of typed content for requests that are about
// something else.
const talk = `"messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]}]`

// everything can take and do all there is.
var everything = &Capabilities{V2: true, Vision: true, Audio: true, Tools: true, Thinking: true, StructuredOutput: true, AudioSampleRate: 16000}

func TestDecodeV2Request_ReadsEveryField(t *testing.T) {
	got, err := DecodeV2Request([]byte(`{"id":"r-1","messages":[
		{"role":"system","content":[{"text":"Be brief.","type":"text","x":[]}]},
		{"role":"user","content":[{"type":"image","attachment_id":"i"},{"type":"audio","attachment_id":"a"}]},
		{"role":"assistant","content":[{"type":"tool_use","tool_call_id":"c1","name":"look","input":{ "a" : [1, "x y\" z"] }}]},
		{"role":"user","content":[{"content":[{"type":"text","text":"done"}],"tool_call_id":"c1","type":"tool_result"},{"type":"hologram","text":7,"content":{}}]}],
		"attachments":[{"kind":"image","id":"i","width":1,"height":1,"bytes":"AQID"},{"kind":"audio","id":"a","sample_rate":16000,"bytes":"AAAAAA=="},
		{"kind":"video","id":"v","bytes":"AA\u003D\u003d"},{"kind":"smell","id":"s","bytes":"\/\/\/\/"}],
		"tools":[{"name":"look","description":"Looks.","input_schema":{"type" : "object"}}],
		"temperature":0.5,"max_tokens":7,"seed":1,"stop":"END","stream":false,"deadline_ms":5,"progress":true,
		"response_format":{"type":"json_schema","schema":{"type": "object"}},"thinking":true,"tool_choice":"required"}`))
	if err != nil {
		t.Fatal(err)
	}
	choice := ToolChoiceRequired
	want := &V2Request{
		ID: "r-1",
		Messages: []V2Message{
			{RoleSystem, []Block{{Type: BlockText, Text: "Be brief."}}},
			{RoleUser, []Block{{Type: BlockImage, AttachmentID: "i"}, {Type: BlockAudio, AttachmentID: "a"}}},
			{RoleAssistant, []Block{{Type: BlockToolUse, ToolCallID: "c1", Name: "look", Input: []byte(`{"a":[1,"x y\" z"]}`)}}},
			{RoleUser, []Block{{Type: BlockToolResult, ToolCallID: "c1", Content: []Block{{Type: BlockText, Text: "done"}}}, {Type: "hologram"}}},
		},
		Attachments: []Attachment{
			{Kind: AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte{1, 2, 3}},
			{Kind: AttachmentAudio, ID: "a", SampleRate: 16000, Bytes: make([]byte, 4)},
			{Kind: AttachmentVideo, ID: "v", Bytes: []byte{0}},
			{Kind: "smell", ID: "s", Bytes: []byte{255, 255, 255}},
		},
		Tools:          []Tool{{"look", "Looks.", []byte(`{"type":"object"}`)}},
		Sampling:       Sampling{Temperature: new(0.5), MaxTokens: new(int64(7)), Seed: new(int64(1)), Stop: []string{"END"}, DeadlineMS: new(int64(5))},
		Stream:         new(false),
		ResponseFormat: &ResponseFormat{FormatJSONSchema, []byte(`{"type":"object"}`)},
		Thinking:       new(true),
		ToolChoice:     &choice,
		Progress:       true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestDecodeV2Request_TakesWhatClientsSend(t *testing.T) {
	bare := V2Request{Messages: []V2Message{{RoleUser, []Block{{Type: BlockText, Text: "Hello"}}}}}
	for _, in := range []string{
		`{` + talk + `}`,
		`{` + talk + `,"attachments":null,"tools":null,"stream":null,"response_format":null,"thinking":null,"tool_choice":null,"temperature":null}`,
		`{` + talk + `,"attachments":[],"tools":[],"wire_version":9,"model":"x"}`,
		`{"messages":[{"role":"user","content":[{"type":"nothing"}]}],` + talk + `}`,
		`{"messages":[{"role":"user","content":[{"attachment_id":5,"input":null,"content":[{"type":3}],"text":"Hello","type":"text"}]}]}`,
		`{"messages":[{"role":"user","content":[{"text":7,"type":"image","text":"Hello","type":"text"}]}]}`,
	} {
		got, err := DecodeV2Request([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if diff := cmp.Diff(&bare, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
}

func TestDecodeV2Request_RefusesWhatIsMalformed(t *testing.T) {
	block := func(b string) string { return `{"messages":[{"role":"user","content":[` + b + `]}]}` }
	media := func(a string) string { return `{` + talk + `,"attachments":[` + a + `]}` }
	tool := func(a string) string { return `{` + talk + `,"tools":[` + a + `]}` }
	const in = "messages[0].content[0]"
	tests := []struct{ in, want string }{
		{`{}`, `messages: missing: an array of messages is required`},
		{`{"messages":{}}`, `messages: expected an array, found an object at byte 12`},
		{`{"messages":[{"content":[]}]}`, `messages[0].role: missing: allowed are system, user, assistant`},
		{`{"messages":[{"role":"user"}]}`, `messages[0].content: missing: an array of blocks is required`},
		{`{"messages":[{"role":"user","content":"Hello"}]}`, `messages[0].content: expected an array, found a string at byte 38`},
		{`{"messages":[{"role":"tool","content":[]}]}`, `messages[0].role: unknown role "tool": allowed are system, user, assistant`},
		{block(`"x"`), in + `: expected an object, found a string at byte 39`},
		{block(`{}`), in + `.type: missing: a string is required`},
		{block(`{"type":null}`), in + `.type: expected a string, found null at byte 47`},
		{block(`{"type":"text"}`), in + `.text: missing: a string is required`},
		{block(`{"text":null,"type":"text"}`), in + `.text: expected a string, found null at byte 47`},
		{block(`{"type":"image"}`), in + `.attachment_id: missing: a string is required`},
		{block(`{"type":"video","attachment_id":[]}`), in + `.attachment_id: expected a string, found an array at byte 71`},
		{block(`{"type":"tool_use","name":"n","input":{}}`), in + `.tool_call_id: missing: a string is required`},
		{block(`{"type":"tool_use","tool_call_id":"c","input":{}}`), in + `.name: missing: a string is required`},
		{block(`{"type":"tool_use","tool_call_id":"c","name":"n"}`), in + `.input: missing: an object is required`},
		{block(`{"type":"tool_result","tool_call_id":"c"}`), in + `.content: missing: an array of blocks is required`},
		{block(`{"content":[{"type":"text","text":1}],"type":"tool_result","tool_call_id":"c"}`),
			in + `.content[0].text: expected a string, found a number at byte 73`},
		{block(strings.Repeat(`{"type":"tool_result","tool_call_id":"c","content":[`, 40) + strings.Repeat(`]}`, 40)),
			in + strings.Repeat(`.content[0]`, 31) + `.content: content inside content: allowed are 32 levels`},
		{media(`{"id":"a"}`), `attachments[0].kind: missing: image, audio or video is required`},
		{media(`{"kind":"video"}`), `attachments[0].id: missing: a string is required`},
		{media(`{"kind":"image","id":"a","height":1}`), `attachments[0].width: missing: an integer is required`},
		{media(`{"kind":"image","id":"a","width":1}`), `attachments[0].height: missing: an integer is required`},
		{media(`{"kind":"audio","id":"a"}`), `attachments[0].sample_rate: missing: an integer is required`},
		{media(`{"kind":"image","id":"a","width":1.5}`), `attachments[0].width: expected an integer, found 1.5`},
		{media(`{"kind":"video","id":"a","bytes":[1]}`), `attachments[0].bytes: expected a string, found an array at byte 121`},
		{tool(`{"description":"","input_schema":{}}`), `tools[0].name: missing: a string is required`},
		{tool(`{"name":"a","input_schema":{}}`), `tools[0].description: missing: a string is required`},
		{tool(`{"name":"a","description":"","input_schema":null}`), `tools[0].input_schema: missing: an object is required`},
		{`{` + talk + `,"response_format":{"schema":{}}}`, `response_format.type: missing: "json_schema" is required`},
		{`{` + talk + `,"response_format":{"type":"json_schema"}}`, `response_format.schema: missing: an object is required`},
		{`{` + talk + `,"tool_choice":{}}`, `tool_choice: expected a string, found an object at byte 87`},
		{`{` + talk + `,"thinking":"yes"}`, `thinking: expected a boolean, found a string at byte 84`},
		{block(`{"type":"text","text":"a"},`), `not JSON: a value expected, found ']' at byte 66`},
	}
	for _, tt := range tests {
		got, err := DecodeV2Request([]byte(tt.in))
		if _, ok := errors.AsType[*MalformedError](err); !ok || err.Error() != tt.want || got != nil {
			t.Errorf("%.200s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
}

// What a later key of the same name replaces, or the type of a block ignores,
// is not held against the request.
func TestDecodeV2Request_CountsTheBlocksThatCount(t *testing.T) {
	lots := `[` + strings.Repeat(`{"type":""},`, maxBlocks-9) + `{"type":""}]`
	const text = `[{"type":"text","text":"x"}]`
	for _, in := range []string{
		`{"messages":[{"role":"user","content":` + lots + `,"content":` + text + `},{"role":"user","content":` + lots + `}]}`,
		`{"messages":[{"role":"user","content":[{"type":"tool_result","tool_call_id":"c","content":` + lots + `,"content":` + text + `}]},` +
			`{"role":"user","content":` + lots + `}]}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"x","content":` + lots + `}]},{"role":"user","content":` + lots + `}]}`,
	} {
		r, err := DecodeV2Request([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if last := r.Messages[1].Content; len(last) != maxBlocks-8 {
			t.Errorf("kept %d blocks of the last message, want %d", len(last), maxBlocks-8)
		}
	}
}

func TestDecodeV2Request_KeepsLittleOfTooMuch(t *testing.T) {
	lots := strings.Repeat(`{"type":""},`, maxBlocks) + `{"type":""}`
	for _, in := range []string{
		`{"messages":[{"role":"user","content":[` + lots + `,{"type":""},{"type":""}]}]}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"user","content":[` +
			`{"type":"tool_result","tool_call_id":"c","content":[` + lots + `]}]},{"role":"user","content":[{"type":""}]}]}`,
	} {
		r, err := DecodeV2Request([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if n := countBlocks(r.Messages); n != maxBlocks+1 {
			t.Errorf("kept %d blocks, want %d", n, maxBlocks+1)
		}
		const want = "messages: more than 65536 blocks are too many: allowed is up to 65536 blocks"
		if err := r.Validate(everything, nil); errorText(err) != want {
			t.Errorf("Validate() = %v, want %s", err, want)
		}
	}
	r, err := DecodeV2Request([]byte(`{` + talk + `,"attachments":[` + strings.Repeat(`{"kind":"video","id":"a","bytes":"AAAA"},`, 99) +
		`{"kind":"","id":""}],"tools":[` + strings.Repeat(`{"name":"a","description":"","input_schema":{}},`, maxTools+50) +
		`{"name":"a","description":"","input_schema":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Attachments) != maxAttachments+1 || len(r.Tools) != maxTools+1 || r.Attachments[maxAttachments].Bytes != nil {
		t.Errorf("kept %d attachments and %d tools", len(r.Attachments), len(r.Tools))
	}
}

func TestDecodeV2Request_DecodesBase64Strictly(t *testing.T) {
	tests := []struct {
		text      string
		bytes     string
		undecoded int64
	}{
		{``, "", 0},
		{`QQ==`, "A", 0},
		{`QUI=`, "AB", 0},
		{`QUJD`, "ABC", 0},
		{`\u0051\u0051==`, "A", 0},
		{`+\/+\/`, "\xfb\xff\xbf", 0},
		{`QR==`, "", 1},         // bits that stand for nothing
		{`QQ`, "", 1},           // no padding
		{`QQ=`, "", 2},          // half of it
		{`=`, "", 0},            // zero size, which is refused as such
		{`QUJD\n`, "", 3},       // line ends are not part of it
		{`QU\nJD\n\n\n`, "", 6}, // nor in the middle
		{`QU-_`, "", 3},         // the other alphabet
		{`QU D`, "", 3},
		{`QQ==QQ==`, "", 4},
		{`====`, "", 1},
		{`éééé`, "", 6},
		{`\u00e9QQQ`, "", 3},
	}
	for _, tt := range tests {
		r, err := DecodeV2Request([]byte(`{` + talk + `,"attachments":[{"kind":"video","id":"a","bytes":"` + tt.text + `"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if a := r.Attachments[0]; string(a.Bytes) != tt.bytes || a.Undecoded != tt.undecoded {
			t.Errorf("%s: %q and %d that are not decoded, want %q and %d", tt.text, a.Bytes, a.Undecoded, tt.bytes, tt.undecoded)
		}
	}
}

func TestDecodeV2Request_HoldsAMediumOnce(t *testing.T) {
	const size = 3 << 20
	frame := (&V2Request{
		Messages:    []V2Message{{RoleUser, []Block{{Type: BlockText}}}},
		Attachments: []Attachment{{Kind: AttachmentVideo, ID: "a", Bytes: bytes.Repeat([]byte{0xff, 0xee}, size/2)}},
	}).Append(nil)
	for name, frame := range map[string][]byte{"plain": frame, "escaped": bytes.ReplaceAll(frame, []byte("/"), []byte(`\/`))} {
		got := allocated(func() {
			r, err := DecodeV2Request(frame)
			if err != nil || len(r.Attachments[0].Bytes) != size {
				t.Fatal(err)
			}
		})
		if got > size+size/16 {
			t.Errorf("%s: decoding %d bytes of a medium allocates %d", name, size, got)
		}
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// anyV2Request draws valid requests.
func anyV2Request() *rapid.Generator[*V2Request] {
	return rapid.Custom(func(t *rapid.T) *V2Request {
		v1 := anyV1Request().Draw(t, "settings")
		r := &V2Request{ID: v1.ID, Sampling: *v1.sampling(), Stream: v1.Stream, Progress: v1.Progress}
		r.Grammar = nil
		schema := rapid.SampledFrom([]string{`{}`, `{"type":"object","properties":{"a":{"enum":[1,"x"]}}}`})
		for i := range rapid.IntRange(0, 4).Draw(t, "attachments") {
			a := Attachment{Kind: AttachmentImage, ID: rapid.StringN(1, 5, 20).Draw(t, "id") + string(rune('a'+i))}
			if rapid.Bool().Draw(t, "audio") {
				a.Kind, a.SampleRate = AttachmentAudio, 16000
				a.Bytes = make([]byte, 4*rapid.IntRange(1, 50).Draw(t, "samples"))
			} else {
				a.Width, a.Height = rapid.Int64Range(1, 5).Draw(t, "width"), rapid.Int64Range(1, 5).Draw(t, "height")
				a.Bytes = make([]byte, a.Width*a.Height*3)
			}
			for j := range a.Bytes {
				a.Bytes[j] = byte(j * 37)
			}
			r.Attachments = append(r.Attachments, a)
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "tools") {
			r.Tools = append(r.Tools, Tool{rapid.StringMatching(`[A-Za-z0-9_-]{1,60}`).Draw(t, "tool") + string(rune('a'+i)),
				rapid.String().Draw(t, "description"), []byte(schema.Draw(t, "schema"))})
		}
		text := rapid.Custom(func(t *rapid.T) Block { return Block{Type: BlockText, Text: rapid.String().Draw(t, "text")} })
		content := []Block{text.Draw(t, "first")}
		for i := range r.Attachments {
			content = append(content, Block{Type: BlockType(r.Attachments[i].Kind), AttachmentID: r.Attachments[i].ID})
		}
		call := rapid.String().Draw(t, "call")
		r.Messages = []V2Message{
			{RoleUser, content},
			{RoleAssistant, []Block{{Type: BlockToolUse, ToolCallID: call, Name: "f", Input: []byte(schema.Draw(t, "input"))}}},
			{RoleUser, []Block{{Type: BlockToolResult, ToolCallID: call, Content: rapid.SliceOfN(text, 1, 3).Draw(t, "result")}, text.Draw(t, "last")}},
		}
		r.Thinking = rapid.Ptr(rapid.Bool(), true).Draw(t, "thinking")
		if len(r.Tools) > 0 {
			r.ToolChoice = rapid.Ptr(rapid.SampledFrom([]ToolChoice{ToolChoiceAuto, ToolChoiceNone, ToolChoiceRequired}), true).Draw(t, "choice")
		}
		if r.ToolChoice == nil && rapid.Bool().Draw(t, "formatted") {
			r.ResponseFormat = &ResponseFormat{FormatJSONSchema, []byte(schema.Draw(t, "schema"))}
		}
		return r
	})
}

// Both surfaces carry one message: what is sent on either is read as the same
// request, media and all.
func TestV2Request_BothCodecsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyV2Request().Draw(t, "request")
		if err := want.Validate(everything, nil); err != nil {
			t.Fatalf("Validate() = %v", err)
		}
		frame := want.Append(nil)
		if bytes.Count(frame, []byte("\n")) != 1 {
			t.Fatalf("not one line: %q", frame)
		}
		line, err := DecodeV2Request(frame)
		if err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
		if diff := cmp.Diff(want, line); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", frame, diff)
		}
		framed, err := NewFramedReader(bytes.NewReader(want.AppendFramed(nil))).Request()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(line, framed); diff != "" {
			t.Fatalf("the two surfaces differ (-v2 +framed):\n%s", diff)
		}
	})
}

var v2Seeds = []string{
	`{` + talk + `}`,
	`{"id":"a","messages":[{"role":"assistant","content":[{"type":"tool_use","tool_call_id":"c","name":"n","input":{"x":[1, 2]}}]},` +
		`{"role":"user","content":[{"content":[{"type":"image","attachment_id":"i"},{"type":"new"}],"type":"tool_result","tool_call_id":"c"}]}],` +
		`"attachments":[{"kind":"image","id":"i","width":1,"height":1,"bytes":"AAAA"}]}`,
	`{` + talk + `,"attachments":[{"kind":"audio","id":"a","sample_rate":16000,"bytes":"AA\/\n"},{"kind":"video","id":"a","bytes":null}]}`,
	`{` + talk + `,"tools":[{"name":"a","description":"","input_schema":{"a":"\ud800"}}],"tool_choice":"auto","thinking":true,"stop":["x"],"grammar":"root ::= [a]"}`,
	`{` + talk + `,"response_format":{"type":"json_schema","schema":{}},"temperature":1e999,"seed":-1}`,
	`{"messages":[{"role":"user","content":[{"type":"text","text":5}]}]}`, `{"messages":[]}`, `[]`, ``,
}

// FuzzDecodeV2Request checks that whatever decodes can be written and read
// again without a change, and that Validate takes it as it is.
func FuzzDecodeV2Request(f *testing.F) {
	for _, seed := range v2Seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := DecodeV2Request(in)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		checkField(t, r.Validate(everything, nil))
		checkField(t, r.Validate(&Capabilities{}, nil))
		for i := range r.Attachments {
			if r.Attachments[i].Undecoded > 0 {
				return // there is no telling it again
			}
		}
		frame := r.Append(nil)
		again, err := DecodeV2Request(frame)
		if err != nil {
			t.Fatalf("%s\nwas written as\n%s\nwhich is refused: %v", in, frame, err)
		}
		if twice := again.Append(nil); !bytes.Equal(frame, twice) {
			t.Fatalf("%s\nwas written as\n%s\nand then as\n%s", in, frame, twice)
		}
	})
}

// checkField checks what every error about a request promises.
func checkField(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if _, ok := errors.AsType[*FieldError](err); !ok || len(err.Error()) > 1500 {
		t.Fatalf("Validate() = %T %v", err, err)
	}
}
