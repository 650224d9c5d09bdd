package lineedit

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// typing is an editor with a screen, for which this is typed.
func typing(t *testing.T, columns, rows int, keys string) (*Editor, *screen) {
	s := &screen{T: t, columns: columns}
	return New(NewInput(strings.NewReader(keys)), s, func() (int, int) { return columns, rows }), s
}

const paste, pasted = "\x1b[200~", "\x1b[201~"

func TestRead_EditsTheMessage(t *testing.T) {
	for name, c := range map[string]struct{ typed, want string }{
		"plain":                  {"hello\r", "hello"},
		"line feed of a cooked":  {"hello\n", "hello"},
		"backspace":              {"helxx\x7f\x08lo\r", "hello"},
		"arrows":                 {"hlo\x1b[D\x1b[Del\x1b[C\x1bOC!\r", "hello!"},
		"ends of the line":       {"b\x01a\x05c\x1b[Hx\x1b[Fy\r", "xabcy"},
		"delete":                 {"axb\x02\x02\x1b[3~\x06c\r", "abc"},
		"Ctrl-D deletes":         {"ab\x01\x04\r", "b"},
		"words":                  {"one two three\x17\x17four\r", "one four"},
		"over words":             {"one two\x1bb\x1b[1;5Dx\x1bf\x1b[1;5Cy\r", "xone twoy"},
		"to the ends":            {"abc def\x02\x02\x02\x0b\x15x\r", "x"},
		"wide characters":        {"東京都\x02\x02\x7f大\r", "大京都"},
		"marks stay together":    {"ae\u0301b\x02\x02\x7f\r", "e\u0301b"},
		"unknown keys":           {"a\x1b[15~\x1b[1;2P\x1bz\x1bOPb\r", "ab"},
		"controls":               {"a\x00\x07\x1d\u202eb\r", "ab"},
		"not UTF-8":              {"a\xff\xc3b\r", "ab"},
		"Alt-Enter":              {"a\x1b\rb\r", "a\nb"},
		"pasted":                 {paste + "a\r\nb\rc\n\td\x1b[31m\x03" + pasted + "e\r", "a\nb\nc\n\td[31me"},
		"an end that is none":    {paste + "\x1b[20x" + pasted + "\r", "[20x"},
		"up and down in lines":   {"abc\x1b\rd\x1b\refg\x1b[A\x1b[Ax\x1b[B\x1b[By\r", "axbc\nd\neyfg"},
		"an endless sequence":    {"a\x1b[" + strings.Repeat("1", 30) + "b\r", "ab"},
		"escape, and escape":     {"a\x1b\x1b[D\x1b[Db\r", "ba"},
		"redraw":                 {"ab\x0cc\r", "abc"},
		"nothing below, nothing": {"a\x1b[B\x1b[Bb\r", "ab"},
	} {
		for _, slow := range []bool{false, true} {
			e, _ := typing(t, 20, 10, c.typed)
			if slow {
				e.in = NewInput(iotest.OneByteReader(strings.NewReader(c.typed)))
			}
			if got, err := e.Read(t.Context(), "> "); got != c.want || err != nil {
				t.Errorf("%s: read %q, error %v, want %q", name, got, err, c.want)
			}
		}
	}
}

func TestRead_ReadsMessageAfterMessage(t *testing.T) {
	e, s := typing(t, 20, 10, "one\rtwo\rthree\x03\x03\x04")
	for _, want := range []string{"one", "two"} {
		if got, err := e.Read(t.Context(), "> "); got != want || err != nil {
			t.Errorf("read %q, error %v, want %q", got, err, want)
		}
	}
	for _, empty := range []bool{false, true} {
		_, err := e.Read(t.Context(), "> ")
		pressed, ok := errors.AsType[*InterruptError](err)
		if !ok || !errors.Is(err, ErrInterrupt) || pressed.Empty != empty {
			t.Errorf("error is %v, want an interrupt with empty %v", err, empty)
		}
	}
	if _, err := e.Read(t.Context(), "> "); !errors.Is(err, io.EOF) {
		t.Errorf("error is %v, want io.EOF for Ctrl-D", err)
	}
	if _, err := e.Read(t.Context(), "> "); !errors.Is(err, io.EOF) {
		t.Errorf("error is %v, want io.EOF at the end of the input", err)
	}
	if got, want := s.shown(), "> one\n> two\n> three\n>\n>\n>"; got != want {
		t.Errorf("the screen shows\n%s\nwant\n%s", got, want)
	}
}

func TestRead_WalksThroughTheHistory(t *testing.T) {
	const up, down = "\x1b[A", "\x1b[B"
	for typed, want := range map[string]string{
		up + "\r":                                   "two\nlines",
		up + up + up + "\r":                         "one",
		up + up + up + up + "\r":                    "one",
		"draft" + up + down + "\r":                  "draft",
		"draft" + up + up + up + down + down + "\r": "draft",
		up + up + "x" + down + "!\r":                "twox\nline!s",
	} {
		e, _ := typing(t, 20, 10, typed)
		for _, text := range []string{"one", "one", "two\nlines", ""} {
			e.Remember(text)
		}
		if got, err := e.Read(t.Context(), "> "); got != want || err != nil {
			t.Errorf("%q: read %q, error %v, want %q", typed, got, err, want)
		}
	}
	e, _ := typing(t, 20, 10, "")
	for i := range 2 * maxHistory {
		e.Remember(strings.Repeat("x", i+1))
	}
	if n := len(e.history.all); n != maxHistory {
		t.Errorf("%d messages are kept, want %d", n, maxHistory)
	}
}

func TestRead_GoesOnWhereTheMessageIsNotWhole(t *testing.T) {
	e, _ := typing(t, 20, 10, "one\\\rtwo\r")
	e.Continue = func(text string) (string, bool) {
		head, ok := strings.CutSuffix(text, `\`)
		return head + "\n", ok
	}
	if got, err := e.Read(t.Context(), "> "); got != "one\ntwo" || err != nil {
		t.Errorf("read %q, error %v", got, err)
	}
}

func TestRead_CompletesAsFarAsItIsClear(t *testing.T) {
	for typed, want := range map[string]string{
		"/s\t\r": "/s", "/sy\t\r": "/system ", "/st\t\r": "/stats", "x\t\r": "x", "/st\x02\t\r": "/st", "/\t\r": "/s",
	} {
		e, _ := typing(t, 20, 10, typed)
		e.Complete = func(text string) (all []string) {
			for _, one := range []string{"/system ", "/stats"} {
				if strings.HasPrefix(one, text) {
					all = append(all, one)
				}
			}
			return all
		}
		if got, err := e.Read(t.Context(), "> "); got != want || err != nil {
			t.Errorf("%q: read %q, error %v, want %q", typed, got, err, want)
		}
	}
}

func TestRead_DrawsWideCharactersAndLongLines(t *testing.T) {
	for name, c := range map[string]struct {
		columns, rows int
		typed, want   string
		row, column   int
	}{
		"wraps before the edge":    {8, 9, "abcdefg", "> abcde\n  fg", 1, 4},
		"wide over the edge":       {8, 9, "abcd東x", "> abcd\n  東x", 1, 5},
		"cursor in the middle":     {8, 9, "東京都\x02", "> 東京\n  都", 1, 2},
		"lines":                    {20, 9, "a\x1b\rb", "> a\n  b", 1, 3},
		"narrow":                   {3, 9, "a東b", ">\u00a0a", 0, 0},
		"marks take no room":       {20, 9, "e\u0301a", "> e\u0301a", 0, 4},
		"taken back":               {8, 9, "abcdefgh\x7f\x7f\x7f\x7f\x7f\x7f", "> ab", 0, 4},
		"a tab":                    {20, 9, paste + "a\tb" + pasted, "> a    b", 0, 8},
		"only the end is shown":    {8, 2, "1\x1b\r2\x1b\r3", "  2\n  3", 1, 3},
		"only the cursor is shown": {8, 2, "1\x1b\r2\x1b\r3\x1b[A\x1b[A", "> 1\n  2", 0, 3},
	} {
		e, s := typing(t, c.columns, c.rows, c.typed)
		if name == "narrow" {
			s.columns, c.want, c.row, c.column = minColumns, "> a\n  東\n  b", 2, 3
		}
		// The drawing of what was typed, not that of the end of the input.
		data, err := e.in.next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range e.keys.feed(data) {
			if _, err := e.press(k); err != nil {
				t.Fatal(err)
			}
			e.draw("> ")
		}
		if got := s.shown(); got != c.want || s.row != c.row || s.column != c.column {
			t.Errorf("%s: shows\n%s\nwith the cursor at %d, %d, want\n%s\nat %d, %d", name, got, s.row, s.column, c.want, c.row, c.column)
		}
	}
}

// Whatever is typed on whatever terminal, the screen shows what the text is.
func TestRead_TheScreenShowsTheText(t *testing.T) {
	typed := rapid.OneOf(
		rapid.StringMatching(`[a-z 東🙂é\n]{1,9}`), rapid.SampledFrom([]string{
			"\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x7f", "\x17", "\x01", "\x05", "\x0b", "\x1b\r", "\t",
		}), rapid.String().Filter(func(s string) bool { return !strings.ContainsAny(s, "\x03\x04\r\n\x1b\x0c") }),
	)
	rapid.Check(t, func(r *rapid.T) {
		columns, rows := rapid.IntRange(1, 30).Draw(r, "columns"), rapid.IntRange(0, 40).Draw(r, "rows")
		e, s := typing(t, max(columns, minColumns), rows, "")
		for _, some := range rapid.SliceOfN(typed, 1, 20).Draw(r, "typed") {
			if strings.ContainsRune(some, '\n') {
				some = paste + some + pasted
			}
			for _, k := range e.keys.feed([]byte(some)) {
				if _, err := e.press(k); err != nil {
					r.Fatal(err)
				}
			}
			e.draw("> ")
			fresh := &screen{T: t, columns: s.columns}
			over := &Editor{out: fresh, size: e.size, buffer: e.buffer}
			over.draw("> ")
			if s.shown() != fresh.shown() || s.row != fresh.row || s.column != fresh.column {
				r.Fatalf("drawn over\n%s\n%d,%d, drawn anew\n%s\n%d,%d", s.shown(), s.row, s.column, fresh.shown(), fresh.row, fresh.column)
			}
		}
	})
}

func TestRead_EndsWithTheContextAndKeepsWhatIsReadLater(t *testing.T) {
	r, w := io.Pipe()
	e := New(NewInput(r), io.Discard, func() (int, int) { return 80, 24 })
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := e.Read(ctx, "> "); !errors.Is(err, cause) {
		t.Errorf("error is %v, want the cause", err)
	}
	go func() {
		_, _ = w.Write([]byte("later\r"))
		_ = w.Close()
	}()
	if got, err := e.Read(t.Context(), "> "); got != "later" || err != nil {
		t.Errorf("read %q, error %v", got, err)
	}
	if _, err := e.Read(t.Context(), "> "); !errors.Is(err, io.EOF) {
		t.Errorf("error is %v, want io.EOF", err)
	}
}

func TestRead_StopsWhereItCantDraw(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	e := New(NewInput(io.MultiReader(strings.NewReader("abc"), r)), brokenScreen{}, func() (int, int) { return 80, 24 })
	if _, err := e.Read(t.Context(), "> "); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error is %v, want the screen's", err)
	}
}

type brokenScreen struct{}

func (brokenScreen) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestLine_ReturnsLines(t *testing.T) {
	for _, slow := range []bool{false, true} {
		var r io.Reader = strings.NewReader("one\r\n\ntwo\nthree")
		if slow {
			r = iotest.OneByteReader(r)
		}
		in := NewInput(r)
		for _, want := range []string{"one", "", "two", "three"} {
			if got, err := in.Line(t.Context()); got != want || err != nil {
				t.Errorf("line %q, error %v, want %q", got, err, want)
			}
		}
		if _, err := in.Line(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("error is %v, want io.EOF", err)
		}
	}
	in := NewInput(iotest.ErrReader(iotest.ErrTimeout))
	if _, err := in.Line(t.Context()); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("error is %v, want the reader's", err)
	}
	if _, err := NewInput(zeros{}).Line(t.Context()); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error is %v, want one about the length", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// FuzzKeys checks that no bytes hang, blow up or split a key, and that what may
// not enter does not.
func FuzzKeys(f *testing.F) {
	for _, seed := range []string{"abc\r", "\x1b[A\x1bOB", paste + "a\r\nb\x1b[20" + pasted, "\x1b[999999;;;;;", "\xff\xc3(", "東\x1b\x1b"} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		var whole, parts keys
		all := whole.feed(data)
		at := min(int(cut), len(data))
		split := append(parts.feed(data[:at]), parts.feed(data[at:])...)
		if len(all) != len(split) || len(whole.pending) > max(maxSequence, len(pasteEnd)) {
			t.Fatalf("%d keys in one piece, %d in two, %d bytes pending", len(all), len(split), len(whole.pending))
		}
		for i, k := range all {
			if k != split[i] || k.does == insert && !mayEnter(k.char) {
				t.Fatalf("key %d is %v, in two pieces %v", i, k, split[i])
			}
		}
	})
}

func TestInput_ReaderEndsWithItsContextAndLosesNothing(t *testing.T) {
	from, to := io.Pipe()
	in := NewInput(from)
	ctx, cancel := context.WithCancelCause(t.Context())
	left := errors.New("left")
	cancel(left)
	if _, err := io.ReadAll(in.Reader(ctx)); !errors.Is(err, left) {
		t.Errorf("read to the end of the context: %v", err)
	}
	go func() { _, _ = io.WriteString(to, "one two"); _ = to.Close() }()
	r := in.Reader(t.Context())
	word := make([]byte, 4)
	if _, err := io.ReadFull(r, word); err != nil || string(word) != "one " {
		t.Errorf("got %q, %v", word, err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "two" {
		t.Errorf("got %q, %v", rest, err)
	}
}
