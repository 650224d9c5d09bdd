package prompt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var marks = []string{"<a>", "</a>", "<bc>"}

func TestAppend_TextThatTouchesIsOneSegment(t *testing.T) {
	var got []Segment
	for _, s := range []Segment{{Text: "x"}, {Text: ""}, {Text: "y"}, {Text: "<a>", Marker: true}, {Text: "<a>", Marker: true}, {Text: "z"}} {
		got = Append(got, s)
	}
	want := []Segment{{Text: "xy"}, {Text: "<a>", Marker: true}, {Text: "<a>", Marker: true}, {Text: "z"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSplit_FindsTheMarkers(t *testing.T) {
	want := []Segment{{Text: "<a>", Marker: true}, {Text: "é<"}, {Text: "<bc>", Marker: true}, {Text: "</a>", Marker: true}, {Text: "<b>"}}
	if d := cmp.Diff(want, Split("<a>é<<bc></a><b>", marks)); d != "" {
		t.Error(d)
	}
	if got := Split("", marks); got != nil {
		t.Errorf("nothing became %v", got)
	}
}

func TestDefuse_LeavesNoMarkerWhole(t *testing.T) {
	if got := Defuse("plain <b> text", marks); len(got) != 1 {
		t.Errorf("text without markers was cut: %q", got)
	}
	part := rapid.SampledFrom([]string{"<a>", "</a>", "<bc>", "<", "a>", "b", "é", "</", ">"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 0, 10).Draw(t, "text"), "")
		pieces := Defuse(text, marks)
		if strings.Join(pieces, "") != text {
			t.Fatalf("%q became %q", text, pieces)
		}
		for _, p := range pieces {
			for _, m := range marks {
				if strings.Contains(p, m) {
					t.Fatalf("%q of %q holds %q", p, text, m)
				}
			}
		}
		var all strings.Builder
		for _, s := range Split(text, marks) {
			all.WriteString(s.Text)
		}
		if all.String() != text {
			t.Fatalf("the segments of %q are %q", text, all.String())
		}
	})
}

func TestConversation_KnowsItsSizeAndItsCalls(t *testing.T) {
	c := Conversation{
		Messages: []Message{
			{Role: RoleUser, Blocks: []Block{Text("12345"), {Kind: BlockToolResult, ID: "b", Content: []Block{Text("678")}}}},
			{Role: RoleAssistant, Blocks: []Block{{Kind: BlockToolUse, ID: "a", Name: "9", Input: []byte("{}")}}},
		},
		Tools: []Tool{{Name: "n", Description: "dd", Schema: []byte("{}")}},
	}
	if n := c.Size(); n != 16 {
		t.Errorf("the size is %d, want 16", n)
	}
	if d := cmp.Diff(map[string]bool{"a": true}, c.CallIDs()); d != "" {
		t.Error(d)
	}
}
