package wire

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestAppendString_WritesExactly(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`},
		{"plain", `"plain"`},
		{`say "hi" \ bye`, `"say \"hi\" \\ bye"`},
		{"\n\r\t", `"\n\r\t"`},
		{"\x00\x01\b\f\x1f\x7f", `"\u0000\u0001\u0008\u000c\u001f` + "\x7f" + `"`},
		{"<script>&amp;</script>", `"<script>&amp;</script>"`},
		{"Grüße, 世界 🎉", `"Grüße, 世界 🎉"`},
		{"\u2028\u2029", "\"\u2028\u2029\""},
		{"a\xffb", "\"a\uFFFDb\""},
		{"\xe4\xb8", "\"\uFFFD\uFFFD\""},
		{"\xed\xa0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
		{"\uFFFD", "\"\uFFFD\""},
		{"\xff", "\"\uFFFD\""},
	}
	for _, tt := range tests {
		if got := string(appendString(nil, tt.in)); got != tt.want {
			t.Errorf("appendString(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

// anyString draws strings of every kind of byte, valid UTF-8 or not.
func anyString() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.StringMatching(`["\\/\n\r\t<>&\x00-\x1f\x{2028}\x{fffd}\x{1f600}]*`),
	)
}

func TestAppendString_DecodesToTheSameString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyString().Draw(t, "in")
		out := appendString(nil, in)
		if !utf8.Valid(out) {
			t.Fatalf("appendString(%q) is not UTF-8: %q", in, out)
		}
		want := string([]rune(in)) // what is invalid becomes U+FFFD, byte by byte
		var std string
		if err := json.Unmarshal(out, &std); err != nil || std != want {
			t.Fatalf("encoding/json reads %s as %q, %v; want %q", out, std, err, want)
		}
		s, err := newScanner(out)
		if err != nil {
			t.Fatal(err)
		}
		if own, err := s.text(); err != nil || own != want {
			t.Fatalf("text() reads %s as %q, %v; want %q", out, own, err, want)
		}
	})
}

func TestAppendFloat_ReadsBackExactly(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, f float64) {
		out := appendFloat(nil, f)
		if !json.Valid(out) {
			t.Fatalf("appendFloat(%v) = %s, which is not JSON", f, out)
		}
		if back, err := strconv.ParseFloat(string(out), 64); err != nil || back != f {
			t.Fatalf("appendFloat(%v) = %s, which reads as %v, %v", f, out, back, err)
		}
	}
	for _, f := range []float64{0, math.Copysign(0, -1), 1, 0.95, 1e-7, 1e21, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		check(t, f)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Float64().Draw(t, "f")) })
}

// skipAll reports whether the scanner takes text for one JSON value.
func skipAll(text []byte) error {
	s, err := newScanner(text)
	if err != nil {
		return err
	}
	if err := s.skip(); err != nil {
		return err
	}
	return s.end()
}

func TestScanner_ResolvesEveryEscape(t *testing.T) {
	r, err := DecodeV1Request([]byte(`{"id":"\"\\\/\b\f\n\r\t\u00E9\u4e16\uD83D\uDE00é",` + hello + `}`))
	if want := "\"\\/\b\f\n\r\té世😀é"; err != nil || r.ID != want {
		t.Errorf("read %q, %v; want %q", r.ID, err, want)
	}
}

func TestSkip_BoundsDepth(t *testing.T) {
	for _, tt := range []struct {
		name  string
		depth int
		ok    bool
	}{{"deepest", maxDepth, true}, {"one deeper", maxDepth + 1, false}, {"a million", 1_000_000, false}} {
		for _, pair := range []string{"[]", `{"k":1}`} {
			open, shut, inner := "[", "]", ""
			if pair[0] == '{' {
				open, shut, inner = `{"k":`, "}", "1"
			}
			text := strings.Repeat(open, tt.depth) + inner + strings.Repeat(shut, tt.depth)
			err := skipAll([]byte(text))
			if (err == nil) != tt.ok {
				t.Errorf("%s of %s: error %v, want none: %v", tt.name, pair, err, tt.ok)
			}
			// Cut short, it is a text of nothing but opening brackets.
			if err := skipAll([]byte(text[:len(open)*tt.depth])); err == nil {
				t.Errorf("%s of %s, never closed: accepted", tt.name, pair)
			}
		}
	}
}

func TestScanner_SaysWhereJSONBreaks(t *testing.T) {
	tests := []struct{ in, want string }{
		{``, `not JSON: a value expected, but the frame ends at byte 0`},
		{`{"id":"x",}`, `not JSON: a key in quotes expected, found '}' at byte 10`},
		{`{"id" "x"}`, `not JSON: ':' expected, found '"' at byte 6`},
		{`{"id":"x"`, `not JSON: ',' or '}' expected, but the frame ends at byte 9`},
		{`{"id":"x"} {}`, `not JSON: the end of the frame expected, found '{' at byte 11`},
		{`{"a":[1 2]}`, `not JSON: ',' or ']' expected, found '2' at byte 8`},
		{`{"a":[1}`, `not JSON: ',' or ']' expected, found '}' at byte 7`},
		{`{"a":NaN}`, `not JSON: a value expected, found 'N' at byte 5`},
		{`{"a":Infinity}`, `not JSON: a value expected, found 'I' at byte 5`},
		{`{"temperature":NaN}`, `not JSON: a value expected, found 'N' at byte 15`},
		{`{"temperature":-Infinity}`, `not JSON: a digit expected, found 'I' at byte 16`},
		{`{"a":1.}`, `not JSON: a digit expected, found '}' at byte 7`},
		{`{"a":1e}`, `not JSON: a digit expected, found '}' at byte 7`},
		{`{"a":01}`, `not JSON: ',' or '}' expected, found '1' at byte 6`},
		{`{"a":nul}`, `not JSON: a value expected, found 'n' at byte 5`},
		{`{"a":"x`, `not JSON: '"' expected, but the frame ends at byte 7`},
		{`{"a":"\`, `not JSON: an escape expected, but the frame ends at byte 7`},
		{`{"a":"\q"}`, `not JSON: an escape expected, found 'q' at byte 7`},
		{`{"a":"\u12G4"}`, `not JSON: a hexadecimal digit expected, found 'G' at byte 10`},
		{`{"a":"` + "\n" + `"}`, `not JSON: an escape for the control character expected, found '\n' at byte 6`},
		{`{"id":"` + "\xff" + `"}`, `not JSON: invalid UTF-8 at byte 7`},
		{`{"id":"é` + "\xe9" + `"}`, `not JSON: invalid UTF-8 at byte 9`},
		{"\ufeff{}", `not JSON: a value expected, found '\ufeff' at byte 0`},
		{"{\x00}", `not JSON: a key in quotes expected, found '\x00' at byte 1`},
		{`{"a`, `not JSON: '"' expected, but the frame ends at byte 3`},
		{`{"x":{1:2}}`, `not JSON: a key in quotes expected, found '1' at byte 6`},
		{`{"id":"\q"}`, `not JSON: an escape expected, found 'q' at byte 8`},
		{`{"stop":["a" "b"]}`, `not JSON: ',' or ']' expected, found '"' at byte 13`},
		{`[1]`, `not a JSON object`},
		{`"x"`, `not a JSON object`},
		{`null`, `not a JSON object`},
		{`[1`, `not JSON: ',' or ']' expected, but the frame ends at byte 2`},
		{`1 2`, `not JSON: the end of the frame expected, found '2' at byte 2`},
		{`GET / HTTP/1.1`, `not JSON: a value expected, found 'G' at byte 0`},
	}
	for _, tt := range tests {
		_, err := DecodeV1Request([]byte(tt.in))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s\n got %v\nwant %s", tt.in, err, tt.want)
		}
	}
}

// FuzzScanner compares the scanner with encoding/json, which differs on
// purpose in two ways: it takes invalid UTF-8 and half surrogate pairs.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e+3,"x\u00e9\ud83d\ude00\n",true,false,null,{}],"b":{"c":[]}}`,
		`"\ud800"`, `"\udc00\ud800"`, `"\ud800\u0041"`, `[1,]`, `{"a":}`, "\"\xff\"", ` 1 `, `-`, `[[[[`, `1e999`, `00`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		err := skipAll(in)
		if want := json.Valid(in) && utf8.Valid(in); (err == nil) != want {
			t.Fatalf("skip: %v; encoding/json says valid: %v", err, want)
		}
		s, scanErr := newScanner(in)
		if scanErr != nil {
			return
		}
		text, err := s.text()
		if err == nil {
			err = s.end()
		}
		if err != nil {
			return
		}
		var std string
		if json.Unmarshal(in, &std) != nil || std != text {
			t.Fatalf("text() = %q, encoding/json reads %q", text, std)
		}
	})
}
