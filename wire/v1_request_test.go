package wire

import (
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// hello is a conversation for requests that are about something else.
const hello = `"messages":[{"role":"user","content":"Hello"}]`

func TestDecodeV1Request_ReadsEveryField(t *testing.T) {
	got, err := DecodeV1Request([]byte(`{"id":"r-1","messages":[{"role":"system","content":"Be brief."},
		{"role":"user","content":"Hi \u00e9\ud83d\ude00"},{"content":"","role":"assistant","name":"x"}],
		"temperature":0.5,"top_p":1,"top_k":0,"max_tokens":1,"stream":false,"image_token_budget":70,
		"grammar":"root ::= \"a\"","seed":4294967295,"stop":["\n","END"],"min_p":0.1,"presence_penalty":-2,
		"frequency_penalty":2,"repeat_penalty":1.1,"deadline_ms":1500,"progress":true}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &V1Request{
		ID: "r-1",
		Messages: []Message{
			{RoleSystem, "Be brief."}, {RoleUser, "Hi é😀"}, {RoleAssistant, ""},
		},
		Temperature: new(0.5), TopP: new(1.0), TopK: new(int64(0)), MaxTokens: new(int64(1)), Stream: new(false),
		ImageTokenBudget: new(int64(70)), Grammar: new(`root ::= "a"`), Seed: new(int64(math.MaxUint32)),
		Stop: []string{"\n", "END"}, MinP: new(0.1), PresencePenalty: new(-2.0), FrequencyPenalty: new(2.0),
		RepeatPenalty: new(1.1), DeadlineMS: new(int64(1500)), Progress: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("Validate() = %v", err)
	}
}

func TestDecodeV1Request_TakesWhatClientsSend(t *testing.T) {
	bare := V1Request{Messages: []Message{{RoleUser, "Hello"}}}
	with := func(change func(*V1Request)) V1Request {
		r := bare
		change(&r)
		return r
	}
	tests := []struct {
		name, in string
		want     V1Request
	}{
		{"nothing optional", `{` + hello + `}`, bare},
		{"null for everything optional", `{"id":null,` + hello + `,"temperature":null,"top_p":null,"top_k":null,"max_tokens":null,
			"stream":null,"image_token_budget":null,"grammar":null,"seed":null,"stop":null,"min_p":null,"presence_penalty":null,
			"frequency_penalty":null,"repeat_penalty":null,"deadline_ms":null,"progress":null}`, bare},
		{"unknown fields", `{"model":"x","x":{"messages":[1,{"role":null}]},` + hello + `,"tools":[],"n":1e999,"\ud800":"\udfff"}`, bare},
		{"keys of other case are unknown", `{"ID":"x",` + hello + `,"Temperature":"hot","TOP_P":7,"Messages":null}`, bare},
		{"keys with escapes", `{"\u0069d":"x",` + hello + `}`, with(func(r *V1Request) { r.ID = "x" })},
		{"the last of equal keys counts", `{"id":"a","id":"b","messages":[],` + hello + `,"seed":1,"seed":null}`, with(func(r *V1Request) { r.ID = "b" })},
		{"the last of equal keys in a message counts", `{"messages":[{"role":"system","role":"user","content":"x","content":"Hello"}]}`, bare},
		{"white space anywhere", " {\t" + hello + " ,\n \"id\" : \"x\" }\r ", with(func(r *V1Request) { r.ID = "x" })},
		{"one stop string", `{` + hello + `,"stop":"END"}`, with(func(r *V1Request) { r.Stop = []string{"END"} })},
		{"no stop strings", `{` + hello + `,"stop":[]}`, bare},
		{"an integer for a number", `{` + hello + `,"temperature":1}`, with(func(r *V1Request) { r.Temperature = new(1.0) })},
		{"an exponent in a number", `{` + hello + `,"top_p":5e-1}`, with(func(r *V1Request) { r.TopP = new(0.5) })},
		{"minus zero", `{` + hello + `,"top_k":-0}`, with(func(r *V1Request) { r.TopK = new(int64(0)) })},
		{"integers beyond 64 bits are cut", `{` + hello + `,"max_tokens":99999999999999999999,"top_k":-99999999999999999999}`,
			with(func(r *V1Request) { r.MaxTokens, r.TopK = new(int64(math.MaxInt64)), new(int64(math.MinInt64)) })},
		{"a zero byte in a text", `{"messages":[{"role":"user","content":"Hello"}],"id":"\u0000"}`, with(func(r *V1Request) { r.ID = "\x00" })},
		{"no messages in the array", `{"messages":[]}`, V1Request{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeV1Request([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeV1Request_RefusesWhatIsMalformed(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{}`, `messages: missing: an array of messages is required`},
		{`{"messages":null}`, `messages: expected an array, found null at byte 12`},
		{`{"messages":"Hello"}`, `messages: expected an array, found a string at byte 12`},
		{`{"messages":[null]}`, `messages[0]: expected an object, found null at byte 13`},
		{`{"messages":[{"role":"user","content":"x"},[]]}`, `messages[1]: expected an object, found an array at byte 43`},
		{`{"messages":[{"content":"x"}]}`, `messages[0].role: missing: allowed are system, user, assistant`},
		{`{"messages":[{"role":"user"}]}`, `messages[0].content: missing: a string is required`},
		{`{"messages":[{"role":"user","content":null}]}`, `messages[0].content: expected a string, found null at byte 38`},
		{`{"messages":[{"role":"user","content":[{"type":"text"}]}]}`, `messages[0].content: expected a string, found an array at byte 38`},
		{`{"messages":[{"role":1,"content":"x"}]}`, `messages[0].role: expected a string, found a number at byte 21`},
		{`{"messages":[{"role":"User","content":"x"}]}`, `messages[0].role: unknown role "User": allowed are system, user, assistant`},
		{`{"messages":[{"role":"user","content":"x"},{"role":"user","content":"x"},{"role":"tool","content":"x"}]}`,
			`messages[2].role: unknown role "tool": allowed are system, user, assistant`},
		{`{"messages":[{"role":"` + strings.Repeat("é", 100) + `","content":""}]}`,
			`messages[0].role: unknown role "` + strings.Repeat("é", 32) + `…": allowed are system, user, assistant`},
		{`{"messages":[{"role":"x` + strings.Repeat("é", 100) + `","content":""}]}`,
			`messages[0].role: unknown role "x` + strings.Repeat("é", 31) + `…": allowed are system, user, assistant`},
		{`{"messages":[{"role":"user","content":"\ud83d!"}]}`, `messages[0].content: half of a UTF-16 surrogate pair in the string at byte 38`},
		{`{"id":"\udc00",` + hello + `}`, `id: half of a UTF-16 surrogate pair in the string at byte 6`},
		{`{"id":7,` + hello + `}`, `id: expected a string, found a number at byte 6`},
		{`{"temperature":"0.5",` + hello + `}`, `temperature: expected a number, found a string at byte 15`},
		{`{"top_k":1.0,` + hello + `}`, `top_k: expected an integer, found 1.0`},
		{`{"max_tokens":1e3,` + hello + `}`, `max_tokens: expected an integer, found 1e3`},
		{`{"seed":0.` + strings.Repeat("3", 100) + `,` + hello + `}`, `seed: expected an integer, found 0.` + strings.Repeat("3", 62) + `…`},
		{`{"stream":1,` + hello + `}`, `stream: expected a boolean, found a number at byte 10`},
		{`{"stream":"true",` + hello + `}`, `stream: expected a boolean, found a string at byte 10`},
		{`{"progress":{},` + hello + `}`, `progress: expected a boolean, found an object at byte 12`},
		{`{"grammar":["root"],` + hello + `}`, `grammar: expected a string, found an array at byte 11`},
		{`{"stop":5,` + hello + `}`, `stop: expected a string or an array of strings, found a number at byte 8`},
		{`{"stop":["a",null],` + hello + `}`, `stop[1]: expected a string, found null at byte 13`},
		{`{"deadline_ms":true,` + hello + `}`, `deadline_ms: expected a number, found a boolean at byte 15`},
		{`{"id":7,"id":"x",` + hello + `}`, `id: expected a string, found a number at byte 6`},
	}
	for _, tt := range tests {
		got, err := DecodeV1Request([]byte(tt.in))
		if _, ok := errors.AsType[*MalformedError](err); !ok || err.Error() != tt.want || got != nil {
			t.Errorf("%.200s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
}

func TestDecodeV1Request_KeepsLittleOfManyStopStrings(t *testing.T) {
	r, err := DecodeV1Request([]byte(`{` + hello + `,"stop":[` + strings.Repeat(`"",`, 100_000) + `""]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Stop) != maxStops+1 {
		t.Errorf("kept %d of the strings, want %d", len(r.Stop), maxStops+1)
	}
}

// request is a valid request, changed by the fields of f.
func requestWith(change func(*V1Request)) *V1Request {
	r := &V1Request{ID: "x", Messages: []Message{{RoleUser, "Hello"}}}
	change(r)
	return r
}

// FuzzDecodeV1Request checks that whatever decodes can be written and read
// again without a change, and that Validate and Params take it as it is.
func FuzzDecodeV1Request(f *testing.F) {
	for _, seed := range []string{
		`{` + hello + `}`,
		`{"id":"a","messages":[{"role":"system","content":"\u00e9\n"},{"role":"assistant","content":""}],"temperature":1e999,"stop":"x"}`,
		`{` + hello + `,"top_p":0.5,"top_k":-1,"max_tokens":99999999999999999999,"stream":false,"seed":1,"stop":["a","b"],"deadline_ms":5}`,
		`{` + hello + `,"grammar":"root ::= [a-z]+","min_p":-0,"presence_penalty":null,"image_token_budget":70,"progress":true}`,
		`{"messages":[],"stop":["","","","","","","","","","","","","","","","","","",""],"x":[{},[{}]]}`,
		`{"messages":null}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := DecodeV1Request(in)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		if err := r.Validate(); err != nil {
			if _, ok := errors.AsType[*FieldError](err); !ok || len(err.Error()) > 1000 || !utf8.ValidString(err.Error()) {
				t.Fatalf("Validate() = %T %v", err, err)
			}
		}
		r.Params()
		frame := r.Append(nil)
		again, err := DecodeV1Request(frame)
		if err != nil {
			t.Fatalf("%s\nwas written as\n%s\nwhich is refused: %v", in, frame, err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatalf("%s\nwas written as\n%s\n(-before +after):\n%s", in, frame, diff)
		}
	})
}

// checkMalformed checks what every error about a frame promises.
func checkMalformed(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*MalformedError](err); !ok {
		t.Fatalf("error is a %T: %v", err, err)
	}
	if len(err.Error()) > 500 || !utf8.ValidString(err.Error()) {
		t.Fatalf("error is no short text: %q", err)
	}
}

// anyV1Request draws valid requests.
func anyV1Request() *rapid.Generator[*V1Request] {
	return rapid.Custom(func(t *rapid.T) *V1Request {
		message := rapid.Custom(func(t *rapid.T) Message {
			role := rapid.SampledFrom([]Role{RoleSystem, RoleUser, RoleAssistant})
			return Message{role.Draw(t, "role"), rapid.String().Draw(t, "content")}
		})
		float := func(name string, low, high float64) *float64 {
			return rapid.Ptr(rapid.Float64Range(low, high), true).Draw(t, name)
		}
		integer := func(name string, low, high int64) *int64 {
			return rapid.Ptr(rapid.Int64Range(low, high), true).Draw(t, name)
		}
		r := &V1Request{
			ID:               rapid.String().Draw(t, "id"),
			Messages:         rapid.SliceOfN(message, 1, 5).Draw(t, "messages"),
			Temperature:      float("temperature", 0, 100),
			TopP:             float("top_p", math.SmallestNonzeroFloat64, 1),
			TopK:             integer("top_k", 0, math.MaxInt64),
			MaxTokens:        integer("max_tokens", 1, math.MaxInt64),
			Stream:           rapid.Ptr(rapid.Bool(), true).Draw(t, "stream"),
			ImageTokenBudget: rapid.Ptr(rapid.SampledFrom(imageTokenBudgets), true).Draw(t, "image_token_budget"),
			Grammar:          rapid.Ptr(rapid.Just(`root ::= "yes" | "no"`), true).Draw(t, "grammar"),
			Seed:             integer("seed", 0, math.MaxUint32),
			MinP:             float("min_p", 0, 1),
			PresencePenalty:  float("presence_penalty", -2, 2),
			FrequencyPenalty: float("frequency_penalty", -2, 2),
			RepeatPenalty:    float("repeat_penalty", math.SmallestNonzeroFloat64, 2),
			DeadlineMS:       integer("deadline_ms", 1, math.MaxInt64),
			Progress:         rapid.Bool().Draw(t, "progress"),
		}
		if stop := rapid.SliceOfN(rapid.StringN(1, 20, 256), 0, 16).Draw(t, "stop"); len(stop) > 0 {
			r.Stop = stop
		}
		return r
	})
}

func TestV1Request_RoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyV1Request().Draw(t, "request")
		if err := want.Validate(); err != nil {
			t.Fatalf("Validate() = %v", err)
		}
		frame := want.Append(nil)
		got, err := DecodeV1Request(frame)
		if err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", frame, diff)
		}
	})
}

func TestV1Request_AppendWritesOnlyWhatIsSet(t *testing.T) {
	tests := []struct {
		name string
		in   *V1Request
		want string
	}{
		{"least", &V1Request{Messages: []Message{{RoleUser, "Hello"}}}, `{"messages":[{"role":"user","content":"Hello"}]}`},
		{"no messages", &V1Request{}, `{"messages":[]}`},
		{"everything", &V1Request{
			ID: "1", Messages: []Message{{RoleSystem, "<s>"}, {RoleUser, "\"q\"\n"}},
			Temperature: new(0.0), TopP: new(0.5), TopK: new(int64(0)), MaxTokens: new(int64(9)), Stream: new(false),
			ImageTokenBudget: new(int64(70)), Grammar: new(""), Seed: new(int64(0)), Stop: []string{"a", "b"}, MinP: new(0.0),
			PresencePenalty: new(-1.5), FrequencyPenalty: new(2.0), RepeatPenalty: new(1.0), DeadlineMS: new(int64(1)), Progress: true,
		}, `{"id":"1","messages":[{"role":"system","content":"<s>"},{"role":"user","content":"\"q\"\n"}],` +
			`"temperature":0,"top_p":0.5,"top_k":0,"max_tokens":9,"stream":false,"image_token_budget":70,"grammar":"","seed":0,` +
			`"stop":["a","b"],"min_p":0,"presence_penalty":-1.5,"frequency_penalty":2,"repeat_penalty":1,"deadline_ms":1,"progress":true}`},
		{"not finite", requestWith(func(r *V1Request) {
			r.Temperature, r.TopP, r.MinP = new(math.NaN()), new(math.Inf(1)), new(math.Inf(-1))
		}), `{"id":"x","messages":[{"role":"user","content":"Hello"}],"temperature":1e999,"top_p":1e999,"min_p":-1e999}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tt.in.Append([]byte("before"))); got != "before"+tt.want+"\n" {
				t.Errorf("Append() =\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}
