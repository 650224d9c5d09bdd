package stop

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// repair is what a UTF8 must make of the whole of b, by another way than its
// own: the shortest beginning that no bytes could complete is cut before its
// last byte, which then begins anew.
func repair(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		if r, n := utf8.DecodeRune(b); r != utf8.RuneError || n == 3 {
			out.Write(b[:n])
			b = b[n:]
			continue
		}
		n := 1
		for n < len(b) && completable(b[:n+1]) {
			n++
		}
		out.WriteRune(utf8.RuneError)
		b = b[n:]
	}
	return out.String()
}

// completable reports whether some bytes after b make it one character.
func completable(b []byte) bool {
	for _, next := range []byte{0x80, 0x90, 0xA0} {
		whole := append([]byte(nil), b...)
		for len(whole) < utf8.UTFMax {
			whole = append(whole, next)
			if r, n := utf8.DecodeRune(whole); n == len(whole) && r != utf8.RuneError {
				return true
			}
			next = 0x80
		}
	}
	return false
}

func TestUTF8_RepairsAndHoldsBack(t *testing.T) {
	tests := []struct {
		name   string
		pieces []string
		want   []string // the last is Flush's
	}{
		{"plain", []string{"abc", "déf"}, []string{"abc", "déf", ""}},
		{"nothing", []string{"", ""}, []string{"", "", ""}},
		{"two bytes in two", []string{"a\xc3", "\xa9b"}, []string{"a", "éb", ""}},
		{"emoji byte by byte", []string{"\xf0", "\x9f", "\x98", "\x80"}, []string{"", "", "", "😀", ""}},
		{"unfinished at the end", []string{"a\xf0\x9f\x98"}, []string{"a", "\uFFFD"}},
		{"unfinished, then something else", []string{"\xe2\x82", "a"}, []string{"", "\uFFFDa", ""}},
		{"unfinished, then another", []string{"\xe2\x82", "\xe2\x82\xac"}, []string{"", "\uFFFD€", ""}},
		{"no beginning", []string{"\x80\xbf\xfe\xff"}, []string{"\uFFFD\uFFFD\uFFFD\uFFFD", ""}},
		{"overlong", []string{"\xc0\xaf\xe0\x80\xaf"}, []string{strings.Repeat("\uFFFD", 5), ""}},
		{"surrogate", []string{"\xed\xa0\x80"}, []string{strings.Repeat("\uFFFD", 3), ""}},
		{"above the last", []string{"\xf4\x90\x80\x80"}, []string{strings.Repeat("\uFFFD", 4), ""}},
		{"U+FFFD itself", []string{"\xef", "\xbf\xbd"}, []string{"", "\uFFFD", ""}},
		// The example of the Unicode Standard, table 3-11.
		{"truncated sequences", []string{"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"}, []string{"\uFFFD\uFFFD\uFFFD\uFFFDA", ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var u UTF8
			for i, piece := range test.pieces {
				if got := u.Feed([]byte(piece)); got != test.want[i] {
					t.Errorf("piece %d, %q: got %q, want %q", i, piece, got, test.want[i])
				}
			}
			want := test.want[len(test.want)-1]
			if got := u.Flush(); got != want {
				t.Errorf("flush is %q, want %q", got, want)
			}
			if got := u.Flush(); got != "" {
				t.Errorf("a second flush is %q, want nothing", got)
			}
		})
	}
}

// mangled draws bytes with all the ways to go wrong in reach: text, pieces of
// characters, and bytes as they come.
func mangled() *rapid.Generator[[]byte] {
	part := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
		rapid.Map(rapid.SampledFrom([]string{"é", "€", "😀", "\uFFFD", "\U0010FFFF"}), func(s string) []byte { return []byte(s) }),
		rapid.SampledFrom([][]byte{{0xF0}, {0x9F, 0x98}, {0xE2, 0x82}, {0xED, 0xA0}, {0xE0, 0x80}, {0xF4, 0x90}, {0xC1}}),
		rapid.SliceOfN(rapid.Byte(), 0, 4),
	)
	return rapid.Map(rapid.SliceOfN(part, 0, 8), func(parts [][]byte) []byte {
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	})
}

func TestUTF8_DoesNotDependOnThePieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := mangled().Draw(t, "bytes")
		var u UTF8
		var got strings.Builder
		for rest := all; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			got.WriteString(u.Feed(rest[:n]))
			rest = rest[n:]
			if u.nHeld > 3 {
				t.Fatalf("holds %d bytes", u.nHeld)
			}
			if held := u.held[:u.nHeld]; u.nHeld > 0 && !completable(held) {
				t.Fatalf("holds %x, which nothing can complete", held)
			}
		}
		got.WriteString(u.Flush())
		if want := repair(all); got.String() != want {
			t.Fatalf("%x became %q, want %q", all, got.String(), want)
		}
	})
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte("plain é € 😀"), 1)
	f.Add([]byte("\xf0\x9f\x98"), 2)
	f.Add([]byte("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), 3)
	f.Add([]byte("\xed\xa0\x80\xc0\xaf\xff"), 1)
	f.Fuzz(func(t *testing.T, all []byte, piece int) {
		var u UTF8
		var got strings.Builder
		for rest := all; len(rest) > 0; {
			n := len(rest)
			if piece > 0 {
				n = min(n, piece)
			}
			got.WriteString(u.Feed(rest[:n]))
			rest = rest[n:]
		}
		got.WriteString(u.Flush())
		if want := repair(all); got.String() != want {
			t.Fatalf("%x in pieces of %d became %q, want %q", all, piece, got.String(), want)
		}
		if utf8.Valid(all) && got.String() != string(all) {
			t.Fatalf("valid %q became %q", all, got.String())
		}
	})
}
