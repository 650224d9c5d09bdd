package main

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/inferd/inferd/wire"
)

// requestOf is the request that run would send.
func requestOf(t *testing.T, stdin input, args ...string) (*wire.V1Request, error) {
	t.Helper()
	var o promptOptions
	f := pflag.NewFlagSet("run", pflag.ContinueOnError)
	o.register(f)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	req, err := o.build(stdin, f.Args())
	return req.text, err
}

func TestBuild_MakesTheRequestOfTheFlags(t *testing.T) {
	got, err := requestOf(t, input{},
		"--system", "Be brief.", "--max-tokens", "5", "--temperature", "0", "--top-p", "0.5", "--top-k", "0",
		"--seed", "7", "--stop", "a,b", "--stop", "c", "hello", "there")
	if err != nil {
		t.Fatal(err)
	}
	maxTokens, temperature, topP, topK, seed := int64(5), 0.0, 0.5, int64(0), int64(7)
	want := &wire.V1Request{
		ID: "run",
		Messages: []wire.Message{
			{Role: wire.RoleSystem, Content: "Be brief."}, {Role: wire.RoleUser, Content: "hello there"},
		},
		MaxTokens: &maxTokens, Temperature: &temperature, TopP: &topP, TopK: &topK, Seed: &seed,
		Stop: []string{"a,b", "c"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBuild_LeavesOutWhatWasNotGiven(t *testing.T) {
	got, err := requestOf(t, input{terminal: true}, "hello")
	if err != nil {
		t.Fatal(err)
	}
	want := &wire.V1Request{ID: "run", Messages: []wire.Message{{Role: wire.RoleUser, Content: "hello"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadPrompt_TakesItFromWhereItIs(t *testing.T) {
	for name, c := range map[string]struct {
		stdin input
		args  []string
		want  string
	}{
		"arguments":        {input{strings.NewReader("ignored"), false}, []string{"a", "b"}, "a b"},
		"standard input":   {input{strings.NewReader("a\nb\n"), false}, nil, "a\nb"},
		"dash":             {input{strings.NewReader("a\r\n"), true}, []string{"-"}, "a"},
		"own line ends":    {input{strings.NewReader("a\n\n"), false}, nil, "a\n"},
		"a dash among all": {input{}, []string{"-", "b"}, "- b"},
	} {
		got, err := readPrompt(c.stdin, c.args)
		if err != nil || got != c.want {
			t.Errorf("%s: prompt is %q, error %v, want %q", name, got, err, c.want)
		}
	}
}

func TestReadPrompt_RefusesWhatIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		stdin input
		args  []string
		want  string
	}{
		"nothing on a terminal": {input{terminal: true}, nil, "there is no prompt"},
		"empty input":           {input{strings.NewReader("\n"), false}, nil, "empty"},
		"not text":              {input{strings.NewReader("\xff"), false}, nil, "UTF-8"},
		"unreadable":            {input{iotest.ErrReader(iotest.ErrTimeout), false}, nil, "read prompt"},
		"endless":               {input{zeros{}, false}, nil, "more than 67108864 bytes"},
	} {
		if _, err := readPrompt(c.stdin, c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.want)
		}
	}
}

// zeros is an input without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
