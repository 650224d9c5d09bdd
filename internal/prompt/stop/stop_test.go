package stop

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// cut is what a Matcher must emit for the whole text, by definition.
func cut(stops []string, text string) (emit string, stopped bool) {
	for end := 1; end <= len(text); end++ {
		longest := 0
		for _, s := range stops {
			if s != "" && strings.HasSuffix(text[:end], s) {
				longest = max(longest, len(s))
			}
		}
		if longest > 0 {
			return text[:end-longest], true
		}
	}
	return text, false
}

// begins is the length of the longest end of text that begins a stop string.
func begins(stops []string, text string) int {
	longest := 0
	for _, s := range stops {
		for n := 1; n < len(s) && n <= len(text); n++ {
			if strings.HasSuffix(text, s[:n]) {
				longest = max(longest, n)
			}
		}
	}
	return longest
}

func TestMatcher_EmitsPieceByPiece(t *testing.T) {
	type step struct {
		Feed, Emit string
		Stopped    bool
	}
	tests := []struct {
		name  string
		stops []string
		steps []step
		flush string
	}{
		{"no stops", nil, []step{{"any", "any", false}, {"thing", "thing", false}}, ""},
		{"empty stop", []string{""}, []step{{"any", "any", false}}, ""},
		{"in one piece", []string{"END"}, []step{{"the END is near", "the ", true}, {"more", "", true}}, ""},
		{"across pieces", []string{"END"}, []step{{"the E", "the ", false}, {"N", "", false}, {"D is", "", true}}, ""},
		{"not after all", []string{"END"}, []step{{"EN", "", false}, {"EMY", "ENEMY", false}}, ""},
		{"unfinished at the end", []string{"END"}, []step{{"the EN", "the ", false}}, "EN"},
		{"overlaps itself", []string{"aab"}, []step{{"a", "", false}, {"aa", "a", false}, {"b", "", true}}, ""},
		{"overlaps itself in one piece", []string{"aab"}, []step{{"aaab", "a", true}}, ""},
		{"restarts inside itself", []string{"abac"}, []step{{"aba", "", false}, {"bac!", "ab", true}}, ""},
		{"holds no more than it must", []string{"abcd", "cx"}, []step{{"abc", "", false}, {"c", "abc", false}}, "c"},
		{"first complete wins", []string{"abcd", "bc"}, []step{{"abcd", "a", true}}, ""},
		{"longest of those complete", []string{"bc", "abc"}, []step{{"xabc", "x", true}}, ""},
		{"whole characters", []string{"é!"}, []step{{"caf", "caf", false}, {"é", "", false}, {"è", "éè", false}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := New(test.stops)
			var got []step
			for _, s := range test.steps {
				emit, stopped := m.Feed(s.Feed)
				got = append(got, step{s.Feed, emit, stopped})
			}
			if diff := cmp.Diff(test.steps, got); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if flush := m.Flush(); flush != test.flush {
				t.Errorf("flush is %q, want %q", flush, test.flush)
			}
		})
	}
}

func TestMatcher_TakesANewStreamAfterFlush(t *testing.T) {
	m := New([]string{"ab"})
	m.Feed("xa")
	m.Flush()
	if emit, stopped := m.Feed("b"); emit != "b" || stopped {
		t.Errorf("a match went over the end of the stream: %q, %v", emit, stopped)
	}
	m.Feed("ab")
	m.Flush()
	if emit, stopped := m.Feed("c"); emit != "c" || stopped {
		t.Errorf("still stopped after Flush: %q, %v", emit, stopped)
	}
}

func TestMatcher_DoesNotDependOnThePieces(t *testing.T) {
	// Few letters, so that stops are found, overlap and begin in vain.
	stopString := rapid.StringOfN(rapid.RuneFrom([]rune("abé")), 0, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		stops := rapid.SliceOfN(stopString, 0, 4).Draw(t, "stops")
		text := rapid.StringOfN(rapid.RuneFrom([]rune("abéc")), 0, 40, -1).Draw(t, "text")
		want, wantStopped := cut(stops, text)

		m := New(stops)
		var got, fed strings.Builder
		stopped := false
		for rest := []rune(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			emit, now := m.Feed(string(rest[:n]))
			fed.WriteString(string(rest[:n]))
			rest = rest[n:]
			got.WriteString(emit)
			if !utf8.ValidString(emit) {
				t.Fatalf("emitted part of a character: %q", emit)
			}
			if stopped && (emit != "" || !now) {
				t.Fatalf("emitted %q, stopped %v, after it had stopped", emit, now)
			}
			stopped = now
			if held := fed.Len() - got.Len(); !stopped && held != begins(stops, fed.String()) {
				t.Fatalf("holds %d bytes of %q, want %d", held, fed.String(), begins(stops, fed.String()))
			}
		}
		got.WriteString(m.Flush())
		if got.String() != want || stopped != wantStopped {
			t.Fatalf("emitted %q, stopped %v; want %q, %v", got.String(), stopped, want, wantStopped)
		}
	})
}

func FuzzMatcher(f *testing.F) {
	f.Add("aab", "", "aaab", 1)
	f.Add("END", "\n\n", "the end\n\nEND", 4)
	f.Add("bc", "abc", "xabcx", 2)
	f.Add("\xff", "\xc3", "a\xc3\xff", 1)
	f.Fuzz(func(t *testing.T, stop1, stop2, text string, piece int) {
		if len(stop1)+len(stop2)+len(text) > 4096 {
			return // the definition is quadratic
		}
		stops := []string{stop1, stop2}
		want, wantStopped := cut(stops, text)
		m := New(stops)
		var got strings.Builder
		stopped := false
		for rest := text; rest != ""; {
			n := len(rest)
			if piece > 0 {
				n = min(n, piece)
			}
			var emit string
			emit, stopped = m.Feed(rest[:n])
			got.WriteString(emit)
			rest = rest[n:]
		}
		got.WriteString(m.Flush())
		if got.String() != want || stopped != wantStopped {
			t.Fatalf("stops %q, text %q, pieces of %d: emitted %q, stopped %v; want %q, %v",
				stops, text, piece, got.String(), stopped, want, wantStopped)
		}
	})
}

// BenchmarkMatcher feeds tokens to the largest set of stops that the wire allows.
func BenchmarkMatcher(b *testing.B) {
	stops := make([]string, 16)
	for i := range stops {
		stops[i] = strings.Repeat(string(rune('a'+i)), 256)
	}
	m := New(stops)
	const token = " token"
	b.SetBytes(int64(len(token)))
	for b.Loop() {
		m.Feed(token)
	}
}
