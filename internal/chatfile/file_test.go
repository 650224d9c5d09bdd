package chatfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/wire"
)

func said(text string) Turn { return Turn{client.UserText(text)} }

// called is a turn with a tool call, of which every byte counts.
var called = Turn{
	client.UserText("weather?\n東京 \x1b\u2028"),
	{Role: wire.RoleAssistant, Content: []wire.Block{
		{Type: wire.BlockText, Text: "let me see"},
		{Type: wire.BlockToolUse, ToolCallID: "call_1", Name: "weather", Input: []byte(`{"city":"Rome","n":1.0}`)},
	}},
	{Role: wire.RoleUser, Content: []wire.Block{
		{Type: wire.BlockToolResult, ToolCallID: "call_1", Content: []wire.Block{{Type: wire.BlockText, Text: "rain"}}},
	}},
	{Role: wire.RoleAssistant, Content: []wire.Block{{Type: wire.BlockText, Text: "It rains."}}},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func reopen(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFile_IsThereAgainAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	f := reopen(t, path)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a file with nothing in it: %v", err)
	}
	must(t, f.SetSystem("be brief\nand nice"))
	must(t, f.AddTurn(said("one")))
	must(t, f.AddTurn(called))
	must(t, f.AddTurn(said("three")))
	if had, err := f.Undo(); !had || err != nil {
		t.Errorf("undo: %v, %v", had, err)
	}
	want := Conversation{System: "be brief\nand nice", Turns: []Turn{said("one"), called}}
	if diff := cmp.Diff(want, f.Conversation); diff != "" {
		t.Error(diff)
	}
	must(t, f.Close())
	must(t, f.Close())
	again := reopen(t, path)
	if diff := cmp.Diff(want, again.Conversation); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"one", "weather?\n東京 \x1b\u2028"}, again.UserTexts()); diff != "" {
		t.Error(diff)
	}
	if n := len(again.Messages()); n != 6 {
		t.Errorf("a request has %d messages, want 6", n)
	}
	must(t, again.New())
	if had, err := again.Undo(); had || err != nil {
		t.Errorf("undo of nothing: %v, %v", had, err)
	}
	must(t, again.SetSystem(""))
	must(t, again.Replace(want))
	must(t, again.AddTurn(said("four")))
	must(t, again.Close())
	want.Turns = append(want.Turns, said("four"))
	if diff := cmp.Diff(want, reopen(t, path).Conversation); diff != "" {
		t.Error(diff)
	}
}

func TestFile_IsForItsUserOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // permissions are inherited from the user's folder there
	}
	dir := t.TempDir()
	f := reopen(t, filepath.Join(dir, "a.jsonl"))
	must(t, f.AddTurn(said("one")))
	must(t, Save(filepath.Join(dir, "b.jsonl"), &f.Conversation))
	for _, name := range []string{"a.jsonl", "b.jsonl"} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, mode)
		}
	}
}

// A process that is killed leaves any beginning of what it wrote: then what was
// whole before is there, and the file can be gone on with.
func TestFile_LosesNothingButATornLine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.jsonl")
	f := reopen(t, path)
	must(t, f.AddTurn(said("one")))
	before := f.size
	must(t, f.AddTurn(called))
	must(t, f.Close())
	all, err := os.ReadFile(path)
	must(t, err)
	for cut := 0; cut <= len(all); cut += 1 + min(cut/9, 20) {
		must(t, os.WriteFile(path, all[:cut], 0o600))
		f, err := Open(path)
		must(t, err)
		var want []Turn
		if int64(cut) >= before {
			want = append(want, said("one"))
		}
		if diff := cmp.Diff(want, f.Turns); diff != "" && cut < len(all) {
			t.Errorf("cut at %d: %s", cut, diff)
		}
		must(t, f.AddTurn(said("next")))
		must(t, f.Close())
		f, err = Open(path)
		must(t, err)
		if n := len(f.Turns); cut < len(all) && n != len(want)+1 {
			t.Errorf("cut at %d: %d turns after one more, want %d", cut, n, len(want)+1)
		}
		must(t, f.Close())
	}
}

func TestOpen_LeavesAloneWhatHoldsNoConversation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	for content, want := range map[string]string{
		"my notes":                   ErrNotChat.Error(),
		"my notes\nand more\n":       ErrNotChat.Error(),
		`{"messages":[]}` + "\n":     ErrNotChat.Error(),
		"\n":                         ErrNotChat.Error(),
		string(line(idFile)) + "x\n": "line 2",
		string(line(idFile)) + string(line("later")): `line 2: a line for "later"`,
		string(line(idFile)) + string(line(idUndo)):  "line 2: nothing is there",
		string(line(idFile)) + string(line(idTurn)):  "line 2: a turn without",
		string(line(idFile)) + string(line(idFile)):  "line 2: a line for",
		string(line(idFile)) + "{\"id\":\"turn\"}\n": "line 2",
	} {
		must(t, os.WriteFile(path, []byte(content), 0o600))
		for name, open := range map[string]func() error{
			"open": func() error { _, err := Open(path); return err },
			"load": func() error { _, err := Load(path); return err },
		} {
			if err := open(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s of %q: error is %v, want one with %q", name, content, err, want)
			}
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("%q became %q, %v", content, after, err)
		}
	}
}

func TestOpen_RefusesAFileThatIsOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	first, second := reopen(t, path), reopen(t, path)
	must(t, first.AddTurn(said("one")))
	if _, err := Open(path); !errors.Is(err, ErrInUse) {
		t.Errorf("error is %v, want ErrInUse", err)
	}
	if err := second.AddTurn(said("two")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v, want fs.ErrExist: the other was first", err)
	}
}

func TestOpen_RefusesLinksAndFolders(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "link")))
	if _, err := Open(filepath.Join(dir, "link")); !errors.Is(err, disk.ErrSymlink) {
		t.Errorf("error is %v, want disk.ErrSymlink", err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "none", "a")} {
		if _, err := Open(path); err == nil {
			t.Errorf("opened %s", path)
		}
	}
}

// full is a disk that takes so many bytes more.
type full struct {
	disk.File
	room int
}

var errFull = errors.New("no space left")

func (f *full) WriteAt(p []byte, at int64) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	if _, err := f.File.WriteAt(p[:n], at); err != nil || n < len(p) {
		return n, errors.Join(err, errFull)
	}
	return n, nil
}

func TestFile_CatchesUpAfterAWriteThatFailed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	f := reopen(t, path)
	must(t, f.AddTurn(said("one")))
	small := &full{f.file, 20}
	f.file = small
	if err := f.AddTurn(said("two")); !errors.Is(err, errFull) {
		t.Errorf("error is %v, want the disk's", err)
	}
	if on, err := Load(path); err != nil || len(on.Turns) != 1 {
		t.Errorf("the file has %d turns, error %v", len(on.Turns), err)
	}
	small.room = 1 << 20
	must(t, f.AddTurn(said("three")))
	must(t, f.Close())
	if diff := cmp.Diff([]Turn{said("one"), said("two"), said("three")}, reopen(t, path).Turns); diff != "" {
		t.Error(diff)
	}
}

func TestSaveAndLoad_AreOpposites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "saved.jsonl")
	want := Conversation{System: "s", Turns: []Turn{called, said("x")}}
	must(t, Save(path, &want))
	got, err := Load(path)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := Save(path, &want); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v, want fs.ErrExist", err)
	}
	if diff := cmp.Diff(want, reopen(t, path).Conversation); diff != "" {
		t.Error(diff)
	}
}

func TestUnkept_IsAConversationAndNoFile(t *testing.T) {
	f := Unkept()
	must(t, f.AddTurn(said("one")))
	must(t, f.SetSystem("s"))
	if had, err := f.Undo(); !had || err != nil || f.Path() != "" || f.System != "s" {
		t.Errorf("%v %v %+v", had, err, f)
	}
	must(t, f.Close())
}

// FuzzRead checks that no file makes a conversation that can't be written and
// read again.
func FuzzRead(f *testing.F) {
	c := Conversation{System: "s", Turns: []Turn{called, said("x")}}
	f.Add(append(line(idFile), c.lines()...))
	f.Add(append(line(idFile), append(line(idTurn, said("x")...), line(idUndo)...)...))
	f.Add([]byte("my notes\n"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got Conversation
		size, err := got.read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if size > int64(len(data)) || size > 0 && data[size-1] != '\n' {
			t.Fatalf("%d bytes of %q are whole", size, data)
		}
		var again Conversation
		if _, err := again.read(bytes.NewReader(append(line(idFile), got.lines()...))); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		if diff := cmp.Diff(got.lines(), again.lines()); diff != "" {
			t.Fatal(diff)
		}
		got.UserTexts()
	})
}
