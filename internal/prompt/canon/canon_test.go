package canon

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse_WritesInOneWay(t *testing.T) {
	for _, c := range []struct{ in, compact, spaced string }{
		{`{"b":1,"a":[true,false,null,{}],"c":[]}`, `{"b":1,"a":[true,false,null,{}],"c":[]}`, `{"b": 1, "a": [true, false, null, {}], "c": []}`},
		{" {\n\t\"b\" : 1.50 }\r\n", `{"b":1.50}`, `{"b": 1.50}`},
		{`{"x":1,"y":2,"x":3}`, `{"x":3,"y":2}`, `{"x": 3, "y": 2}`},
		{`{"":{"":""}}`, `{"":{"":""}}`, `{"": {"": ""}}`},
		{`"\u00e9 \u4e16 \ud83d\ude00 \/ \u003c\u2028&"`, "\"é 世 😀 / <\u2028&\"", "\"é 世 😀 / <\u2028&\""},
		{`"\"\\\n\r\t\b\f\u0001\u001f\u007f"`, "\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f\x7f\"", "\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f\x7f\""},
		{`"half \ud83d of it"`, "\"half \uFFFD of it\"", "\"half \uFFFD of it\""},
		{`-0.0e+7`, `-0.0e+7`, `-0.0e+7`},
		{`123456789012345678901234567890`, `123456789012345678901234567890`, `123456789012345678901234567890`},
		{`null`, `null`, `null`},
	} {
		v, err := Parse([]byte(c.in))
		if err != nil || string(v.Compact()) != c.compact || v.Spaced() != c.spaced {
			t.Errorf("%s became %s and %s (%v), want %s and %s", c.in, v.Compact(), v.Spaced(), err, c.compact, c.spaced)
		}
	}
}

func TestParse_RefusesWhatIsNoJSON(t *testing.T) {
	for _, in := range []string{"", " ", "{", `{"a":1,}`, `{a:1}`, `[1 2]`, `{} {}`, `'a'`, "\"a\nb\"", `01`, `nul`, `{"a":1}x`, strings.Repeat("[", 20000)} {
		if v, err := Parse([]byte(in)); err == nil {
			t.Errorf("%.20q became %s", in, v.Compact())
		}
	}
}

func TestValue_SaysWhatItIs(t *testing.T) {
	v, err := Parse([]byte(`{"s":"é","n":7,"o":{},"z":null}`))
	if err != nil || !v.IsObject() || v.IsNull() {
		t.Fatal(v, err)
	}
	member := func(name string) Value { m, _ := v.Member(name); return m }
	if s, ok := member("s").Text(); s != "é" || !ok {
		t.Errorf("a string is %q, %v", s, ok)
	}
	if _, ok := member("n").Text(); ok || member("n").IsNull() || member("n").IsObject() {
		t.Error("a number is taken for something else")
	}
	if !member("o").IsObject() || !member("z").IsNull() {
		t.Error("an object or null is not known as one")
	}
	if _, there := v.Member("S"); there {
		t.Error("names are told apart by case")
	}
}

// meaning is what raw stands for, numbers as they were written.
func meaning(t interface{ Fatalf(string, ...any) }, raw []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q is no JSON: %v", raw, err)
	}
	return v
}

// same checks that the two ways of writing v mean what raw meant, and that
// writing again changes nothing.
func same(t interface{ Fatalf(string, ...any) }, raw []byte) {
	v, err := Parse(raw)
	if err != nil {
		if json.Valid(raw) {
			t.Fatalf("%q was refused: %v", raw, err)
		}
		return
	}
	want := meaning(t, raw)
	for _, out := range []string{string(v.Compact()), v.Spaced()} {
		if got := meaning(t, []byte(out)); !reflect.DeepEqual(want, got) {
			t.Fatalf("%q became %q", raw, out)
		}
		again, err := Parse([]byte(out))
		if err != nil || string(again.Compact()) != string(v.Compact()) || again.Spaced() != v.Spaced() {
			t.Fatalf("%q changed when it was written again: %q", out, again.Compact())
		}
	}
}

func TestParse_KeepsTheMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Deferred(func() *rapid.Generator[any] {
			return rapid.OneOf(rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Float64Range(-1e300, 1e300), func(f float64) any { return f }))
		})
		m := rapid.MapOf(rapid.String(), rapid.SliceOf(value)).Draw(t, "value")
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		same(t, raw)
		if got := Text(string(raw)); !json.Valid([]byte(got)) {
			t.Fatalf("%q is no JSON", got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,"b\u00e9",null]}`, `{"x":1,"x":{"y":[]}}`, `"\ud83d"`, `[`, `{"a":1}x`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { same(t, raw) })
}
