package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/lineedit"
)

func TestRead_PutsLinesTogether(t *testing.T) {
	for in, want := range map[string][]string{
		"a\nb":                        {"a", "b"},
		"a\\\nb\\\n\nc":               {"a\nb\n", "c"},
		"a\\":                         {"a"},
		"\"\"\"\na\n\nb\\\n\"\"\"\nc": {"\"\"\"\na\n\nb\\\n\"\"\"", "c"},
		"\"\"\"one\"\"\"\nc":          {"\"\"\"one\"\"\"", "c"},
		"a\xffb":                      {"a\uFFFDb"},
	} {
		c := &chat{input: lineedit.NewInput(strings.NewReader(in))}
		var got []string
		for {
			text, err := c.read(t.Context(), "")
			if err != nil {
				break
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestIsBlock_ReturnsWhatIsInIt(t *testing.T) {
	for in, want := range map[string]string{
		"\"\"\"\na\nb\n\"\"\"": "a\nb", "\"\"\"a\"\"\"": "a", "\"\"\"\n\n/x\n\"\"\"": "\n/x", "\"\"\"\"\"\"": "",
	} {
		if got, ok := isBlock(in); got != want || !ok {
			t.Errorf("%q: got %q, %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "a", "\"\"\"", "\"\"\"a", "a\"\"\"", "\"\"\"\"\""} {
		if got, ok := isBlock(in); got != in || ok {
			t.Errorf("%q: got %q, %v, want it as it is", in, got, ok)
		}
	}
}

func TestCompletions_AreCommands(t *testing.T) {
	for text, want := range map[string][]string{
		"/s": {"/system ", "/save ", "/stats"}, "/q": {"/quit"}, "": nil, "x": nil, "/system x": nil,
	} {
		if diff := cmp.Diff(want, completions(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestIsSessionName_KeepsToTheFolder(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "A-1_b.c": true, sessionName(time.Now()): true, strings.Repeat("a", 64): true,
		"": false, ".": false, "..": false, ".a": false, "a b": false, "ä": false, strings.Repeat("a", 65): false, "a\x00": false,
	} {
		if got := isSessionName(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

func TestChatSignals_CtrlCEndsTheAnswerAndNothingElse(t *testing.T) {
	s := &chatSignals{}
	s.cancelAnswer() // there is none
	ctx, _, done := s.answering(t.Context())
	s.cancelAnswer()
	if !errors.Is(context.Cause(ctx), errCancelled) {
		t.Errorf("the cause is %v", context.Cause(ctx))
	}
	done()
	ctx, _, done = s.answering(t.Context())
	done()
	s.cancelAnswer()
	if errors.Is(context.Cause(ctx), errCancelled) {
		t.Error("an answer that was over was cancelled")
	}
}

// A home may have any name, and other files may lie beside conversations.
func TestLastSession_IsTheOneWrittenToLast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a]")
	if _, err := lastSession(dir); err == nil || !strings.Contains(err.Error(), "no conversation") {
		t.Errorf("without a folder: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"b.jsonl", "a.jsonl", "notes.txt"} {
		path, at := filepath.Join(dir, name), time.Unix(int64(1000+i), 0)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := lastSession(dir); got != filepath.Join(dir, "a.jsonl") || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}
