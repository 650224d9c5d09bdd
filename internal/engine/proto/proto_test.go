package proto

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/inferd/inferd/wire"
)

func TestReader_GivesBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type frame struct {
			Kind    Kind
			Payload []byte
		}
		var stream []byte
		var want, got []frame
		for range rapid.IntRange(0, 5).Draw(t, "frames") {
			f := frame{Kind(rapid.Byte().Draw(t, "kind")), rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "payload")}
			start := len(stream)
			stream = Finish(append(Begin(stream, f.Kind), f.Payload...), start)
			want = append(want, f)
		}
		var in io.Reader = bytes.NewReader(stream)
		if rapid.Bool().Draw(t, "one byte at a time") {
			in = iotest.OneByteReader(in)
		}
		r := NewReader(in, 1<<20)
		for {
			k, p, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, frame{k, append([]byte{}, p...)})
		}
		if d := cmp.Diff(want, got, cmp.Transformer("text", func(b []byte) string { return string(b) })); d != "" {
			t.Fatal(d)
		}
	})
}

func TestReader_RefusesBadFrames(t *testing.T) {
	whole := AppendNumber(nil, KindCancel, 7)
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"too long":        {[]byte{0xff, 0xff, 0xff, 0x7f, 1}, "allowed are 0 to 100"},
		"no kind":         {[]byte{0, 0, 0, 0, 1}, "a frame of -1 bytes"},
		"cut in header":   {whole[:3], "cut inside a frame's header"},
		"cut in the body": {whole[:9], "cut inside a frame"},
	} {
		_, _, err := NewReader(bytes.NewReader(c.in), 100).Next()
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, io.EOF) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// A declared length allocates nothing before the bytes are there.
func TestReader_GrowsWithWhatArrives(t *testing.T) {
	head := []byte{0, 0, 0, 0x10, 1} // 256 MiB declared, none sent
	r := NewReader(bytes.NewReader(head), MaxToWorker)
	if _, _, err := r.Next(); err == nil {
		t.Fatal("no error")
	}
	if cap(r.buf) > 2<<20 {
		t.Errorf("%d bytes were allocated", cap(r.buf))
	}
}

func TestMessages_RoundTrip(t *testing.T) {
	seed := uint32(5)
	g := Generate{Request: 3, User: 1000, Messages: []wire.Message{{Role: wire.RoleUser, Content: "h\u00e9\n"}},
		Params: wire.Params{Temperature: 0.5, TopP: 1, TopK: 3, MaxTokens: 9, Stop: []string{"x"}, Seed: &seed}}
	frame, err := AppendJSON(nil, KindGenerate, g)
	if err != nil {
		t.Fatal(err)
	}
	k, p, err := NewReader(bytes.NewReader(frame), MaxToWorker).Next()
	if err != nil || k != KindGenerate {
		t.Fatal(k, err)
	}
	var got Generate
	if err := json.Unmarshal(p, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(g, got); d != "" {
		t.Error(d)
	}
}

func TestEachEvent_GivesBackTheStep(t *testing.T) {
	b := AppendText(nil, EventText, 1, 2, "héllo")
	b = AppendPrefill(b, 300, 512, 2048)
	b = AppendText(b, EventText, 1<<40, 1, "x")
	var got []Event
	if err := EachEvent(b, func(e Event) error { got = append(got, e); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []Event{
		{Request: 1, Kind: EventText, Tokens: 2, Text: []byte("héllo")},
		{Request: 300, Kind: EventPrefill, Done: 512, Total: 2048},
		{Request: 1 << 40, Kind: EventText, Tokens: 1, Text: []byte("x")},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEachEvent_CarriesThoughtsAndCalls(t *testing.T) {
	call := ToolUse{ID: "call_1", Name: "f", Input: json.RawMessage(`{"k":"é <b>&"}`)}
	b := AppendText(nil, EventThinking, 1, 3, "hm")
	b, err := AppendToolUse(b, 1, 9, call)
	if err != nil {
		t.Fatal(err)
	}
	b = AppendText(b, EventMalformed, 1, 0, "{")
	var got []Event
	if err := EachEvent(b, func(e Event) error { got = append(got, e); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []Event{
		{Request: 1, Kind: EventThinking, Tokens: 3, Text: []byte("hm")},
		{Request: 1, Kind: EventToolUse, Tokens: 9, Call: &call},
		{Request: 1, Kind: EventMalformed, Text: []byte("{")},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEachEvent_RefusesBadCalls(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"id":"a","name":"b"}`, `{"id":"a","name":"b","input":[]}`, `{"name":"b","input":{}}`, `{"id":"a","input":{}}`, `{"id":"a","name":"b","input":null}`} {
		b := AppendText(nil, EventToolUse, 1, 1, text)
		if err := EachEvent(b, func(Event) error { return nil }); err == nil {
			t.Errorf("%q was taken for a call", text)
		}
	}
}

// The worker is not trusted: no bytes of it may do harm.
func FuzzEachEvent(f *testing.F) {
	f.Add(AppendText(AppendPrefill(nil, 1, 2, 3), EventText, 4, 5, "six"))
	f.Add(AppendText(nil, EventToolUse, 4, 5, `{"id":"a","name":"b","input":{}}`))
	f.Add([]byte{1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = EachEvent(b, func(e Event) error {
			if e.Tokens < 0 || e.Done < 0 || e.Total < 0 || len(e.Text) > len(b) {
				t.Errorf("event %+v out of %d bytes", e, len(b))
			}
			return nil
		})
	})
}

func FuzzReader(f *testing.F) {
	f.Add(AppendNumber(AppendNumber(nil, KindPause, 1), KindResume, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b), 1<<16)
		for {
			_, p, err := r.Next()
			if err != nil {
				return
			}
			if len(p) > 1<<16 {
				t.Errorf("a frame of %d bytes", len(p))
			}
		}
	})
}
