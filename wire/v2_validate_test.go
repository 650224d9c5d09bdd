package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// deaf can take text only.
var deaf = &Capabilities{V2: true}

// picky refuses schemas that say so.
func picky(schema []byte) error {
	if bytes.Contains(schema, []byte("bad")) {
		return errors.New("bad is no type")
	}
	return nil
}

// v2Rules has every rule about a typed request: the frame, the code and the
// message of the answer; no message is a request that is allowed.
var v2Rules = func() []struct{ name, in, code, want string } {
	const invalid = string(CodeInvalidRequest)
	block := func(b string) string { return `{"messages":[{"role":"user","content":[` + b + `]}]}` }
	media := func(a string) string { return `{` + talk + `,"attachments":[` + a + `]}` }
	tools := func(a string) string { return `{` + talk + `,"tools":[` + a + `]}` }
	tool := func(name, schema string) string {
		return `{"name":"` + name + `","description":"","input_schema":` + schema + `}`
	}
	const good = `{"name":"f","description":"","input_schema":{}}`
	const use = `{"type":"tool_use","tool_call_id":"c","name":"f","input":{}}`
	const pixel = `{"kind":"image","id":"i","width":1,"height":1,"bytes":"AAAA"}`
	var many []string
	for i := range 33 {
		many = append(many, fmt.Sprintf(`{"kind":"image","id":"i%d","width":1,"height":1,"bytes":"AAAA"}`, i))
	}
	return []struct{ name, in, code, want string }{
		{"text", `{` + talk + `}`, "", ""},
		{"an image and audio", `{"messages":[{"role":"user","content":[{"type":"image","attachment_id":"i"},{"type":"audio","attachment_id":"a"}]}],` +
			`"attachments":[` + pixel + `,{"kind":"audio","id":"a","sample_rate":16000,"bytes":"AAAAAA=="}]}`, "", ""},
		{"32 attachments", media(strings.Join(many[:32], ",")), "", ""},
		{"an empty text", block(`{"type":"text","text":""}`), "", ""},

		{"no messages", `{"messages":[]}`, invalid, `messages: is empty: allowed is one message or more`},
		{"no content", `{"messages":[{"role":"user","content":[]}]}`, invalid, `messages[0].content: is empty: allowed is one block or more`},
		{"no content before no kind", `{"messages":[{"role":"user","content":[]}],"attachments":[{"kind":"x","id":""}]}`, invalid,
			`messages[0].content: is empty: allowed is one block or more`},

		{"unknown kind", media(`{"kind":"smell","id":"","bytes":""}`), invalid, `attachments[0].kind: "smell" is not known: allowed is image, audio or video`},
		{"empty id", media(`{"kind":"image","id":"","width":0,"height":1,"bytes":""}`), invalid, `attachments[0].id: is empty: allowed is a name to refer to it by`},
		{"duplicate id", media(pixel + `,{"kind":"image","id":"i","width":0,"height":1,"bytes":""}`), invalid,
			`attachments[1].id: "i" is the id of another attachment: allowed is each id once`},
		{"no width", media(`{"kind":"image","id":"i","width":0,"height":1,"bytes":"!"}`), invalid, `attachments[0].width: 0 is out of range: allowed is 1 to 44739242`},
		{"no height", media(`{"kind":"image","id":"i","width":1,"height":-1,"bytes":"!"}`), invalid, `attachments[0].height: -1 is out of range: allowed is 1 to 44739242`},
		{"a width that overflows", media(`{"kind":"image","id":"i","width":9223372036854775807,"height":4,"bytes":"!"}`), invalid,
			`attachments[0].width: 9223372036854775807 is out of range: allowed is 1 to 44739242`},
		{"no bytes", media(`{"kind":"image","id":"i","width":1,"height":1,"bytes":""}`), invalid, `attachments[0].bytes: is empty: allowed is one byte or more`},
		{"absent bytes", media(`{"kind":"video","id":"i"}`), invalid, `attachments[0].bytes: is empty: allowed is one byte or more`},
		{"too many bytes for the size", media(`{"kind":"image","id":"i","width":1,"height":1,"bytes":"AAAAAA=="}`), invalid,
			`attachments[0].bytes: 4 bytes are not width·height·3: allowed is 3 bytes for 1×1`},
		{"wrong count before bad base64", media(`{"kind":"image","id":"i","width":2,"height":1,"bytes":"!!!!"}`), invalid,
			`attachments[0].bytes: 3 bytes are not width·height·3: allowed is 6 bytes for 2×1`},
		{"bad base64", media(`{"kind":"image","id":"i","width":1,"height":1,"bytes":"!!!!"}`), invalid,
			`attachments[0].bytes: is not base64: allowed is standard base64 with padding`},
		{"base64 without padding", media(`{"kind":"audio","id":"i","sample_rate":1,"bytes":"AAAAAA"}`), invalid,
			`attachments[0].bytes: is not base64: allowed is standard base64 with padding`},
		{"half a sample", media(`{"kind":"audio","id":"i","sample_rate":7,"bytes":"AAAA"}`), invalid,
			`attachments[0].bytes: 3 bytes are not whole float32 samples: allowed is a multiple of 4 bytes`},
		{"another sample rate", media(`{"kind":"audio","id":"i","sample_rate":44100,"bytes":"AAAAAA=="}`), invalid,
			`attachments[0].sample_rate: 44100 is not the model's: allowed is 16000`},
		{"33 attachments", media(strings.Join(many, ",")), invalid, `attachments: more than 32 attachments are too many: allowed is up to 32`},

		{"a bad name", tools(tool("get weather", "{}")), invalid, `tools[0].name: "get weather" is not a name: allowed is 1 to 64 of A-Z, a-z, 0-9, _ and -`},
		{"no name", tools(tool("", "{}")), invalid, `tools[0].name: "" is not a name: allowed is 1 to 64 of A-Z, a-z, 0-9, _ and -`},
		{"a long name", tools(tool(strings.Repeat("a", 65), "{}")), invalid,
			`tools[0].name: "` + strings.Repeat("a", 64) + `…" is not a name: allowed is 1 to 64 of A-Z, a-z, 0-9, _ and -`},
		{"the longest name", tools(tool(strings.Repeat("Z", 60)+"a_-9", "{}")), "", ""},
		{"a name twice", tools(good + `,` + good), invalid, `tools[1].name: "f" is the name of another tool: allowed is each name once`},
		{"a schema that is no object", tools(tool("f", "[]")), invalid, `tools[0].input_schema: "[]" is not an object: allowed is a JSON Schema`},
		{"a schema that does not compile", tools(tool("f", `{"type":"bad"}`)), invalid, `tools[0].input_schema: does not compile: bad is no type`},
		{"schemas too long", tools(tool("f", `{"a":"`+strings.Repeat("x", 1<<19)+`"}`) + `,` + tool("g", `{"a":"`+strings.Repeat("x", 1<<19)+`"}`)), invalid,
			`tools[1].input_schema: makes the schemas too long: allowed is up to 1048576 bytes in all`},

		{"an unknown type", block(`{"type":"hologram"}`), invalid,
			`messages[0].content[0].type: "hologram" is not a type of block that this daemon knows: allowed is text, image, audio, video, tool_use or tool_result`},
		{"thinking sent back", block(`{"type":"thinking"}`), invalid,
			`messages[0].content[0].type: "thinking" is not a type of block that this daemon knows: allowed is text, image, audio, video, tool_use or tool_result`},
		{"a dangling reference", block(`{"type":"text","text":"a"},{"type":"image","attachment_id":"i"}`), invalid,
			`messages[0].content[1].attachment_id: "i" is the id of no attachment: allowed is the id of one in attachments`},
		{"a reference of the wrong kind", `{"messages":[{"role":"user","content":[{"type":"audio","attachment_id":"i"}]}],"attachments":[` + pixel + `]}`, invalid,
			`messages[0].content[0].attachment_id: "i" is of kind image: allowed is the id of one of kind audio`},
		{"a dangling reference inside", block(use + `,{"type":"tool_result","tool_call_id":"c","content":[{"type":"text","text":""},{"type":"video","attachment_id":"v"}]}`), invalid,
			`messages[0].content[1].content[1].attachment_id: "v" is the id of no attachment: allowed is the id of one in attachments`},
		{"an input that is no object", block(`{"type":"tool_use","tool_call_id":"c","name":"f","input":null}`), invalid,
			`messages[0].content[0].input: "null" is not an object: allowed is a JSON object`},
		{"a result without its call", block(`{"type":"tool_result","tool_call_id":"c","content":[]}`), invalid,
			`messages[0].content[0].tool_call_id: "c" is the id of no tool_use before it: allowed is the tool_call_id of an earlier tool_use`},
		{"a result before its call", block(`{"type":"tool_result","tool_call_id":"c","content":[]},` + use), invalid,
			`messages[0].content[0].tool_call_id: "c" is the id of no tool_use before it: allowed is the tool_call_id of an earlier tool_use`},
		{"a result after its call", block(use + `,{"type":"tool_result","tool_call_id":"c","content":[]}`), "", ""},

		{"a choice without tools", `{` + talk + `,"tool_choice":"auto"}`, invalid, `tool_choice: "auto" has nothing to choose from: allowed is only beside tools`},
		{"an unknown choice", `{` + talk + `,"tools":[` + good + `],"tool_choice":"any","response_format":{"type":"json_schema","schema":{}}}`, invalid,
			`tool_choice: "any" is not known: allowed is auto, required or none`},
		{"a choice and a format", `{` + talk + `,"tools":[` + good + `],"tool_choice":"auto","response_format":{"type":"json_schema","schema":{}}}`, invalid,
			`tool_choice: "auto" is beside response_format: allowed is one of the two`},
		{"an unknown format", `{` + talk + `,"response_format":{"type":"text"}}`, invalid, `response_format.type: "text" is not known: allowed is json_schema`},
		{"a format that is no object", `{` + talk + `,"response_format":{"type":"json_schema","schema":true}}`, invalid,
			`response_format.schema: "true" is not an object: allowed is a JSON Schema`},
		{"a format that does not compile", `{` + talk + `,"response_format":{"type":"json_schema","schema":{"type":"bad"}}}`, invalid,
			`response_format.schema: does not compile: bad is no type`},
		{"a setting", `{` + talk + `,"top_p":7}`, invalid, `top_p: 7 is out of range: allowed is 0 < top_p ≤ 1`},
		{"a grammar and a format", `{` + talk + `,"grammar":"root ::= [a]","response_format":{"type":"json_schema","schema":{}}}`, invalid,
			`grammar: is beside response_format: allowed is one of the two`},
		{"a grammar and a required call", `{` + talk + `,"grammar":"root ::= [a]","tools":[` + good + `],"tool_choice":"required"}`, invalid,
			`grammar: is beside tool_choice "required": allowed is one of the two`},
		{"video", media(`{"kind":"video","id":"v","bytes":"AAAA"}`), string(CodeAttachmentUnsupported),
			`attachments[0].kind: "video" can't be taken by the model that serves this request: allowed is image or audio`},
	}
}()

func TestV2Request_Validate(t *testing.T) {
	for _, tt := range v2Rules {
		t.Run(tt.name, func(t *testing.T) {
			r, err := DecodeV2Request([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			expectRefusal(t, r.Validate(everything, picky), tt.code, tt.want)
		})
	}
}

func expectRefusal(t *testing.T, err error, code, want string) {
	t.Helper()
	if errorText(err) != want {
		t.Errorf("Validate() = %v, want %s", err, want)
	}
	if refusal, ok := errors.AsType[*FieldError](err); ok && string(refusal.AnswerCode()) != code {
		t.Errorf("the code is %s, want %s", refusal.AnswerCode(), code)
	}
}

// A request is checked in full before it is said what a backend can't take.
func TestV2Request_ValidateRefusesWhatABackendCantDo(t *testing.T) {
	const pixel = `"attachments":[{"kind":"image","id":"i","width":1,"height":1,"bytes":"AAAA"}]`
	const sound = `"attachments":[{"kind":"audio","id":"i","sample_rate":44100,"bytes":"AAAAAA=="}]`
	const tools = `"tools":[{"name":"f","description":"","input_schema":{}}]`
	const cant = " is not supported by the model that serves this request"
	for _, tt := range []struct {
		name, in string
		caps     Capabilities
		code     Code
		want     string
	}{
		{"an image", pixel, Capabilities{}, CodeAttachmentUnsupported,
			`attachments[0].kind: "image" can't be taken by the model that serves this request: allowed is text only`},
		{"an image where there is audio", pixel, Capabilities{Audio: true}, CodeAttachmentUnsupported,
			`attachments[0].kind: "image" can't be taken by the model that serves this request: allowed is audio`},
		{"audio of any rate", sound, Capabilities{Vision: true, AudioSampleRate: 16000}, CodeAttachmentUnsupported,
			`attachments[0].kind: "audio" can't be taken by the model that serves this request: allowed is image`},
		{"an image after a bad setting", pixel + `,"top_p":0`, Capabilities{}, CodeInvalidRequest, `top_p: 0 is out of range: allowed is 0 < top_p ≤ 1`},
		{"tools", tools, Capabilities{}, CodeInvalidRequest, `tools:` + cant},
		{"a required call", tools + `,"tool_choice":"required"`, Capabilities{Tools: true}, CodeInvalidRequest, `tool_choice: "required"` + cant + `: allowed is auto`},
		{"no call", tools + `,"tool_choice":"none"`, Capabilities{Tools: true}, CodeInvalidRequest, `tool_choice: "none"` + cant + `: allowed is auto`},
		{"a format", `"response_format":{"type":"json_schema","schema":{}}`, Capabilities{Tools: true}, CodeInvalidRequest, `response_format:` + cant},
		{"thinking", `"thinking":true`, Capabilities{}, CodeInvalidRequest, `thinking: true` + cant + `: allowed is false`},
		{"no thinking", `"thinking":false`, Capabilities{}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := DecodeV2Request([]byte(`{` + talk + `,` + tt.in + `}`))
			if err != nil {
				t.Fatal(err)
			}
			expectRefusal(t, r.Validate(&tt.caps, picky), string(tt.code), tt.want)
		})
	}
}

func TestV2Request_ValidateChargesAllBytes(t *testing.T) {
	half := make([]byte, maxAttachmentBytes/2)
	r := &V2Request{
		Messages:    []V2Message{{RoleUser, []Block{{Type: BlockText}}}},
		Attachments: []Attachment{{Kind: AttachmentAudio, ID: "a", SampleRate: 16000, Bytes: half}, {Kind: AttachmentAudio, ID: "b", SampleRate: 16000, Bytes: half}},
	}
	expectRefusal(t, r.Validate(everything, nil), "", "")
	r.Attachments = append(r.Attachments, Attachment{Kind: AttachmentAudio, ID: "c", SampleRate: 16000, Bytes: half[:4]})
	expectRefusal(t, r.Validate(everything, nil), string(CodeFrameTooLarge), "attachments: 134217732 bytes are too many: allowed is up to 134217728 bytes in all")
}

func TestV2Request_ValidateRefusesWhatOnlyAClientCanBuild(t *testing.T) {
	text := []Block{{Type: BlockText, Text: "x"}}
	deep := text
	for range maxBlockDepth {
		deep = []Block{{Type: BlockToolUse, ToolCallID: "c", Input: []byte("{}")}, {Type: BlockToolResult, ToolCallID: "c", Content: deep}}
	}
	for _, tt := range []struct {
		r    V2Request
		want string
	}{
		{V2Request{ID: "\xff", Messages: []V2Message{{RoleUser, text}}}, "id: is not UTF-8: allowed is valid UTF-8"},
		{V2Request{Messages: []V2Message{{"tool", text}}}, `messages[0].role: "tool" is not a role: allowed is system, user or assistant`},
		{V2Request{Messages: []V2Message{{RoleUser, []Block{{Type: BlockText, Text: "\xff"}}}}}, "messages[0].content[0].text: is not UTF-8: allowed is valid UTF-8"},
		{V2Request{Messages: []V2Message{{RoleUser, deep}}}, "messages[0]" + strings.Repeat(".content[1]", maxBlockDepth) + ".content: is too deep inside content: allowed is up to 32 levels"},
	} {
		expectRefusal(t, tt.r.Validate(deaf, nil), string(CodeInvalidRequest), tt.want)
	}
}
