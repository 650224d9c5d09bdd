package client_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

type base struct {
	ID uint8 `json:"id"`
}

type city struct {
	base
	Name    string             `json:"name" description:"as on a map"`
	Size    string             `json:"size" enum:"small,large"`
	Area    *float64           `json:"area"`
	Mayor   string             `json:"mayor,omitempty"`
	Twins   []string           `json:"twins"`
	Place   [2]float64         `json:"place"`
	Founded time.Time          `json:"founded"`
	Votes   map[string]int     `json:"votes"`
	More    any                `json:"more,omitzero"`
	Streets []struct{ N bool } `json:"streets"`
	Hidden  string             `json:"-"`
	private string
}

const citySchema = `{"type":"object","properties":{"id":{"type":"integer","minimum":0},` +
	`"name":{"type":"string","description":"as on a map"},"size":{"type":"string","enum":["small","large"]},` +
	`"area":{"type":["number","null"]},"mayor":{"type":"string"},"twins":{"type":"array","items":{"type":"string"}},` +
	`"place":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2},` +
	`"founded":{"type":"string","format":"date-time"},` +
	`"votes":{"type":"object","additionalProperties":{"type":"integer"}},"more":{},` +
	`"streets":{"type":"array","items":{"type":"object","properties":{"N":{"type":"boolean"}},"required":["N"],"additionalProperties":false}}},` +
	`"required":["id","name","size","area","twins","place","founded","votes","streets"],"additionalProperties":false}`

const cityText = `{"id":7,"name":"Rome","size":"large","area":null,"twins":["Paris"],"place":[41.9,12.5],` +
	`"founded":"2000-01-01T00:00:00Z","votes":{"a":1},"streets":[{"N":true}]}`

func TestSchemaFor_IsWhatEncodingJSONWrites(t *testing.T) {
	_ = city{}.private
	got, err := client.SchemaFor[city]()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(citySchema, string(got)); diff != "" {
		t.Error(diff)
	}
	if !json.Valid(got) {
		t.Error("the schema is no JSON")
	}
}

type (
	node  struct{ Next *node }
	own   struct{}
	twice struct {
		A string `json:"a"`
		B string `json:"A"`
	}
)

func (own) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func TestSchemaFor_RefusesWhatHasNone(t *testing.T) {
	for name, c := range map[string]struct {
		of   func() (json.RawMessage, error)
		want string
	}{
		"holds itself":    {client.SchemaFor[node], "holds itself"},
		"writes its own":  {client.SchemaFor[struct{ X own }], "field X: "},
		"function":        {client.SchemaFor[struct{ X func() }], "no form for func()"},
		"bytes":           {client.SchemaFor[[]byte], "base64"},
		"numbers as keys": {client.SchemaFor[map[int]string], "no form for map[int]string"},
		"enum of numbers": {client.SchemaFor[struct {
			X int `enum:"1,2"`
		}], "enum is for strings"},
		"numbers as text": {client.SchemaFor[struct {
			X int `json:",string"`
		}], "option string"},
		"one name twice":  {client.SchemaFor[twice], "two with the name"},
		"some interface":  {client.SchemaFor[error], "no form for error"},
		"in a list":       {client.SchemaFor[[]chan int], "no form for chan int"},
		"in a dictionary": {client.SchemaFor[map[string]complex64], "no form for complex64"},
	} {
		if _, err := c.of(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.want)
		}
	}
}

// answering is a client whose one question of Ask gets that text.
func answering(t *testing.T, schema, answer string, stop wire.StopReason) *client.Client {
	t.Helper()
	req, stream := talk("1"), false
	req.Stream = &stream
	req.ResponseFormat = &wire.ResponseFormat{Type: wire.FormatJSONSchema, Schema: []byte(schema)}
	return chatting(t, transport.V2, []step{
		expect(line(req)), sendFrames(text(answer), &wire.V2Done{ID: "1", StopReason: stop}), awaitClose,
	})
}

func TestAsk_ReturnsTheValue(t *testing.T) {
	c := answering(t, citySchema, cityText+"\n", wire.StopEndTurn)
	got, err := client.Ask[city](t.Context(), c, talk("1"))
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != 7 || got.Name != "Rome" || got.Place != [2]float64{41.9, 12.5} || !got.Streets[0].N || got.Area != nil {
		t.Errorf("got %+v", got)
	}
	_ = c.Close()
}

func TestAsk_RefusesWhatIsNotTheValue(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		stop wire.StopReason
		want string
	}{
		"cut":            {cityText[:20], wire.StopMaxTokens, "ended with max_tokens"},
		"not JSON":       {"I think it is Rome.", wire.StopEndTurn, "invalid character"},
		"nothing":        {"", wire.StopEndTurn, "too early"},
		"half":           {cityText[:20], wire.StopEndTurn, "too early"},
		"two":            {cityText + cityText, wire.StopEndTurn, "more follows"},
		"unknown field":  {strings.Replace(cityText, `"id"`, `"x":1,"id"`, 1), wire.StopEndTurn, `"x"`},
		"missing field":  {strings.Replace(cityText, `"name":"Rome",`, ``, 1), wire.StopEndTurn, "name is missing"},
		"other case":     {strings.Replace(cityText, `"id":7`, `"id":7,"NAME":"x"`, 1), wire.StopEndTurn, "spelt"},
		"null":           {strings.Replace(cityText, `"Rome"`, `null`, 1), wire.StopEndTurn, "name is null"},
		"null inside":    {strings.Replace(cityText, `true`, `null`, 1), wire.StopEndTurn, "streets[0].N is null"},
		"no such choice": {strings.Replace(cityText, `large`, `huge`, 1), wire.StopEndTurn, "size is none of"},
		"too long":       {strings.Replace(cityText, `12.5`, `12.5,3`, 1), wire.StopEndTurn, "place has 3 elements"},
		"wrong type":     {strings.Replace(cityText, `"Rome"`, `5`, 1), wire.StopEndTurn, "name"},
		"too small":      {strings.Replace(cityText, `:7`, `:-7`, 1), wire.StopEndTurn, "id"},
	} {
		t.Run(name, func(t *testing.T) {
			cl := answering(t, citySchema, c.text, c.stop)
			_, err := client.Ask[city](t.Context(), cl, talk("1"))
			wrong, ok := errors.AsType[*client.NotAnswerError](err)
			if !ok || !strings.Contains(err.Error(), c.want) || wrong.Answer.Text != c.text {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
			_ = cl.Close()
		})
	}
}

func TestAsk_SaysThatTheBackendCanNotBeHeldToASchema(t *testing.T) {
	c := chatting(t, transport.V2, []step{func(p *peer) bool { _, err := p.frames.Next(); return err == nil },
		sendFrames(&wire.V2Error{ID: "1", Code: wire.CodeInvalidRequest, Message: "response_format: is not enforced"}), awaitClose})
	_, err := client.Ask[[]string](t.Context(), c, talk("1"))
	if refusal, ok := errors.AsType[*client.ServerError](err); !ok || !strings.Contains(refusal.Message, "response_format") {
		t.Errorf("error is %v, want the daemon's", err)
	}
	if _, err := client.Ask[func()](t.Context(), c, talk("1")); err == nil {
		t.Error("asked for a function")
	}
	_ = c.Close()
}

// What encoding/json writes of a value is an answer that Ask takes.
func TestAsk_TakesWhatAValueIsWrittenAs(t *testing.T) {
	type value struct {
		A string         `json:"a,omitempty"`
		B *bool          `json:"b"`
		C map[string]int `json:"c,omitempty"`
		D [1]string      `json:"d"`
	}
	schema, err := client.SchemaFor[value]()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		want := value{
			A: rapid.String().Draw(r, "a"), B: rapid.Ptr(rapid.Bool(), true).Draw(r, "b"),
			C: rapid.MapOfN(rapid.String(), rapid.Int(), 1, 3).Draw(r, "c"), D: [1]string{rapid.String().Draw(r, "d")},
		}
		written, err := json.Marshal(want)
		if err != nil {
			r.Fatal(err)
		}
		c := answering(t, string(schema), string(written), wire.StopEndTurn)
		got, err := client.Ask[value](t.Context(), c, talk("1"))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			r.Fatal(diff, err)
		}
		_ = c.Close()
	})
}
