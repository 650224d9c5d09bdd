package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEmbedRequest_Validate(t *testing.T) {
	const tasks = "one of retrieval_query, retrieval_document, similarity, classification, clustering, question_answering, fact_verification, code_retrieval_query"
	for _, tt := range []struct {
		in    string
		sizes []int
		want  string
	}{
		{`{"id":"1","input":["a","b"],"dimensions":384,"task":"similarity"}`, nil, ""},
		{`{"input":["a"],"dimensions":null,"task":null}`, nil, ""},
		{`{"input":["a"` + strings.Repeat(`,"a"`, 2047) + `]}`, nil, ""},
		{`{"input":["a"` + strings.Repeat(`,"a"`, 2048) + `]}`, nil, "input: more than 2048 strings are too many: allowed is up to 2048 strings"},
		{`{"input":[]}`, nil, "input: is empty: allowed is one string or more"},
		{`{"input":["a",""]}`, nil, "input[1]: is empty: allowed is one character or more"},
		{`{"input":["a"],"dimensions":0}`, nil, "dimensions: 0 is out of range: allowed is 1 to 384"},
		{`{"input":["a"],"dimensions":385}`, nil, "dimensions: 385 is out of range: allowed is 1 to 384"},
		{`{"input":["a"],"dimensions":100}`, []int{128, 384}, "dimensions: 100 is no size of the model's: allowed is one of 128, 384"},
		{`{"input":["a"],"dimensions":128}`, []int{128, 384}, ""},
		{`{"input":["a"],"task":"poetry"}`, nil, `task: "poetry" is not known: allowed is ` + tasks},
		{`{"input":[""],"dimensions":0,"task":""}`, nil, "input[0]: is empty: allowed is one character or more"},
	} {
		r, err := DecodeEmbedRequest([]byte(tt.in))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Validate(384, tt.sizes); errorText(err) != tt.want {
			t.Errorf("%.80s: Validate() = %v, want %s", tt.in, err, tt.want)
		}
	}
	if err := (&EmbedRequest{Input: []string{"a"}, Dimensions: new(int64(0))}).Validate(0, nil); errorText(err) != "dimensions: 0 is out of range: allowed is dimensions ≥ 1" {
		t.Errorf("of a size that is not known: %v", err)
	}
	for _, task := range embedTasks {
		if err := (&EmbedRequest{Input: []string{"a"}, Task: &task}).Validate(0, nil); err != nil {
			t.Errorf("%s: %v", task, err)
		}
	}
}

func TestRerankRequest_Validate(t *testing.T) {
	long := strings.Repeat("x", 4<<20)
	for _, tt := range []struct{ in, want string }{
		{`{"id":"1","query":"q","documents":["a","b"],"top_n":1}`, ""},
		{`{"query":"q","documents":["a"],"top_n":null}`, ""},
		{`{"query":"q","documents":["a"],"top_n":1000}`, ""},
		{`{"query":"q","documents":["a"` + strings.Repeat(`,"a"`, 255) + `]}`, ""},
		{`{"query":"q","documents":["a"` + strings.Repeat(`,"a"`, 256) + `]}`, "documents: more than 256 strings are too many: allowed is up to 256 strings"},
		{`{"query":"","documents":[]}`, "query: is empty: allowed is one character or more"},
		{`{"query":"q","documents":[]}`, "documents: is empty: allowed is one string or more"},
		{`{"query":"q","documents":["a","b",""]}`, "documents[2]: is empty: allowed is one character or more"},
		{`{"query":"q","documents":["a"],"top_n":0}`, "top_n: 0 is out of range: allowed is top_n ≥ 1"},
		{`{"query":"` + long + `","documents":["` + long + `"]}`, ""},
		{`{"query":"` + long + `","documents":["` + long + `","x"]}`, "documents: 8388609 bytes with the query are too many: allowed is up to 8388608"},
	} {
		r, err := DecodeRerankRequest([]byte(tt.in))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Validate(); errorText(err) != tt.want {
			t.Errorf("%.80s: Validate() = %v, want %s", tt.in, err, tt.want)
		}
	}
}

func TestDecodeEmbedAndRerankRequests_RefuseWhatIsMalformed(t *testing.T) {
	embed := func(in []byte) error { _, err := DecodeEmbedRequest(in); return err }
	rerank := func(in []byte) error { _, err := DecodeRerankRequest(in); return err }
	for _, tt := range []struct {
		decode   func([]byte) error
		in, want string
	}{
		{embed, `{}`, `input: missing: an array of strings is required`},
		{embed, `{"input":"a"}`, `input: expected an array, found a string at byte 9`},
		{embed, `{"input":["a",1]}`, `input[1]: expected a string, found a number at byte 14`},
		{embed, `{"input":["a"],"dimensions":1.5}`, `dimensions: expected an integer, found 1.5`},
		{embed, `{"input":["a"],"task":1}`, `task: expected a string, found a number at byte 22`},
		{rerank, `{"documents":["a"]}`, `query: missing: a string is required`},
		{rerank, `{"query":null,"documents":["a"]}`, `query: missing: a string is required`},
		{rerank, `{"query":"q"}`, `documents: missing: an array of strings is required`},
		{rerank, `{"query":"q","documents":[{"text":"a"}]}`, `documents[0]: expected a string, found an object at byte 26`},
		{rerank, `{"query":"q","documents":["a"],"top_n":"all"}`, `top_n: expected a number, found a string at byte 39`},
	} {
		err := tt.decode([]byte(tt.in))
		if _, ok := errors.AsType[*MalformedError](err); !ok || err.Error() != tt.want {
			t.Errorf("%s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
}

func TestEmbedAndRerankRequests_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "texts")
		id, n := rapid.String().Draw(t, "id"), rapid.Ptr(rapid.Int64(), true).Draw(t, "n")
		embed := &EmbedRequest{ID: id, Input: texts, Dimensions: n, Task: rapid.Ptr(rapid.SampledFrom(embedTasks), true).Draw(t, "task")}
		gotEmbed, err := DecodeEmbedRequest(embed.Append(nil))
		if diff := cmp.Diff(embed, gotEmbed); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		rerank := &RerankRequest{ID: id, Query: rapid.String().Draw(t, "query"), Documents: texts, TopN: n}
		gotRerank, err := DecodeRerankRequest(rerank.Append(nil))
		if diff := cmp.Diff(rerank, gotRerank); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
	})
}

var embedSeeds = []string{
	`{"id":"1","input":["a","\u00e9"],"dimensions":384,"task":"similarity"}`, `{"input":[],"input":["",""],"dimensions":-1}`, `{"input":null}`, `{}`,
}

var rerankSeeds = []string{
	`{"id":"1","query":"q","documents":["a","b"],"top_n":1}`, `{"query":"","documents":[],"top_n":99999999999999999999}`, `{"documents":{}}`, `[]`,
}

// FuzzDecodeEmbedRequest checks that whatever decodes can be written and read
// again without a change, and that Validate takes it as it is.
func FuzzDecodeEmbedRequest(f *testing.F) {
	for _, seed := range embedSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := DecodeEmbedRequest(in)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		checkField(t, r.Validate(8, []int{4, 8}))
		frame := r.Append(nil)
		if again, err := DecodeEmbedRequest(frame); err != nil || !bytes.Equal(again.Append(nil), frame) {
			t.Fatalf("%s\nwas written as\n%s: %v", in, frame, err)
		}
	})
}

// FuzzDecodeRerankRequest is the same for rerank requests.
func FuzzDecodeRerankRequest(f *testing.F) {
	for _, seed := range rerankSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := DecodeRerankRequest(in)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		checkField(t, r.Validate())
		frame := r.Append(nil)
		if again, err := DecodeRerankRequest(frame); err != nil || !bytes.Equal(again.Append(nil), frame) {
			t.Fatalf("%s\nwas written as\n%s: %v", in, frame, err)
		}
	})
}
