package loadgen

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readAll returns the data of all events, and why there are no more.
func readAll(r io.Reader) (all []string, err error) {
	events := newEventReader(r)
	for {
		data, err := events.next()
		if err != nil {
			return all, err
		}
		all = append(all, string(data))
	}
}

func TestEventReader_ReadsData(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   []string
	}{
		"one event":                        {"data: {}\n\n", []string{"{}"}},
		"two events":                       {"data: a\n\ndata: b\n\n", []string{"a", "b"}},
		"carriage returns":                 {"data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}},
		"no space after the colon":         {"data:a\n\n", []string{"a"}},
		"one space is dropped":             {"data:  a\n\n", []string{" a"}},
		"lines of one event":               {"data: a\ndata: b\n\n", []string{"a\nb"}},
		"comments, names and blank lines":  {": ping\n\nevent: x\nid: 7\ndata: a\nretry: 5\n\n\n", []string{"a"}},
		"empty data":                       {"data\n\n", []string{""}},
		"a cut event does not count":       {"data: a\n\ndata: b\n", []string{"a"}},
		"a long line":                      {"data: " + strings.Repeat("x", 200<<10) + "\n\n", []string{strings.Repeat("x", 200<<10)}},
		"other fields that begin the same": {"database: a\n\n", nil},
	} {
		for way, reader := range map[string]io.Reader{
			"at once": strings.NewReader(c.stream), "byte by byte": iotest.OneByteReader(strings.NewReader(c.stream)),
		} {
			got, err := readAll(reader)
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s, %s: ended with %v, want io.EOF", name, way, err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s, %s: %s", name, way, d)
			}
		}
	}
}

func TestEventReader_BoundsAnEvent(t *testing.T) {
	line := "data: " + strings.Repeat("x", 100<<10) + "\n"
	for name, stream := range map[string]string{
		"one line":   "data: " + strings.Repeat("x", 2<<20) + "\n\n",
		"many lines": strings.Repeat(line, 20) + "\n",
	} {
		if _, err := readAll(strings.NewReader(stream)); !errors.Is(err, errEventTooLong) {
			t.Errorf("%s: ended with %v, want %v", name, err, errEventTooLong)
		}
	}
}

func FuzzEventReader(f *testing.F) {
	f.Add("data: a\r\n\ndata:b\n: c\n\n")
	f.Add("event: x\ndata\n\n")
	f.Add("\n\n\ndata: {\"choices\":[]}")
	f.Fuzz(func(t *testing.T, stream string) {
		whole, errWhole := readAll(strings.NewReader(stream))
		split, errSplit := readAll(iotest.OneByteReader(strings.NewReader(stream)))
		if d := cmp.Diff(whole, split); d != "" || !errors.Is(errWhole, errSplit) {
			t.Errorf("read at once and byte by byte differ: %s, %v, %v", d, errWhole, errSplit)
		}
		for _, data := range whole {
			if strings.Count(stream, "data") == 0 || len(data) > len(stream) {
				t.Errorf("data %q out of %q", data, stream)
			}
		}
	})
}
