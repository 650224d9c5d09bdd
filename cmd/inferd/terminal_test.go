package main

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestVisible_ShowsWhatWouldSteerATerminal(t *testing.T) {
	for text, want := range map[string]string{
		"plain text\n\tand more":   "plain text\n\tand more",
		"Größe 東京 🙂":               "Größe 東京 🙂",
		"\x1b[2J\x1b]0;title\x07":  `\x1b[2J\x1b]0;title\x07`,
		"over\rwritten\b":          `over\rwritten\x08`,
		"\u009b31m\x7f":            `\u009b31m\x7f`,
		"abc\u202edcba\u2066\x00.": `abc\u202edcba\u2066\x00.`,
	} {
		if got := visible(text); got != want {
			t.Errorf("visible(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestVisible_LeavesNothingThatSteers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		shown := visible(text)
		if strings.ContainsFunc(shown, steers) {
			t.Fatalf("visible(%q) is %q", text, shown)
		}
		if !strings.ContainsFunc(text, steers) && shown != text {
			t.Fatalf("visible(%q) changed it to %q", text, shown)
		}
		if visible(shown) != shown {
			t.Fatalf("visible is not stable for %q", shown)
		}
	})
}

func TestOneLine_StaysOnItsLine(t *testing.T) {
	if got, want := oneLine("a\nb\tc\r"), `a\nb\tc\r`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNearest_NamesWhatWasProbablyMeant(t *testing.T) {
	names := []string{"serve", "status", "stop", "run"}
	for word, want := range map[string]string{
		"sevre": "serve", "statsu": "status", "sotp": "stop", "rnu": "run", "frobnicate": "", "": "",
		strings.Repeat("s", 1000): "",
	} {
		if got := nearest(word, names); got != want {
			t.Errorf("nearest(%.20q) is %q, want %q", word, got, want)
		}
	}
}
