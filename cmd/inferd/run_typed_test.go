package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/wire"
)

// pngOf writes a picture with a transparent corner.
func pngOf(w io.Writer, width, height int) error {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := 4; i < len(m.Pix); i++ {
		m.Pix[i] = byte(50 * (i%4 + 1))
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return png.Encode(w, m)
}

func TestReadImage_DecodesToRowsOfRGBOnWhite(t *testing.T) {
	dir := t.TempDir()
	flat := image.NewPaletted(image.Rect(3, 3, 5, 4), color.Palette{color.RGBA{10, 20, 30, 255}, color.White})
	for name, encode := range map[string]func(io.Writer) error{
		"a.png": func(w io.Writer) error { return pngOf(w, 2, 1) },
		"b.gif": func(w io.Writer) error { return gif.Encode(w, flat, nil) },
		"c.jpg": func(w io.Writer) error { return jpeg.Encode(w, flat, nil) },
	} {
		var file bytes.Buffer
		if err := encode(&file); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readImage(path, "i")
		if err != nil || got.Width != 2 || got.Height != 1 || len(got.Bytes) != 6 {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		want := map[string][]byte{"a.png": {255, 255, 255, 50, 100, 150}, "b.gif": {10, 20, 30, 10, 20, 30}}[name]
		if want != nil && !bytes.Equal(got.Bytes, want) {
			t.Errorf("%s: pixels %v, want %v", name, got.Bytes, want)
		}
		half := file.Bytes()[:file.Len()/2]
		if err := os.WriteFile(path, half, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readImage(path, "i"); err == nil {
			t.Errorf("%s: took half a picture", name)
		}
	}
}

// A small file can say that it holds more than any memory does.
func TestReadImage_RefusesTooManyPixelsBeforeItDecodes(t *testing.T) {
	var file bytes.Buffer
	if err := pngOf(&file, 1, 1); err != nil {
		t.Fatal(err)
	}
	huge := file.Bytes()
	// The header's chunk: its type at 12, width and height at 16, its sum at 29.
	copy(huge[16:], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff})
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	path := filepath.Join(t.TempDir(), "huge.png")
	if err := os.WriteFile(path, huge, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readImage(path, "i"); err == nil || !strings.Contains(err.Error(), "65535×65535 pixels") {
		t.Errorf("error is %v, want one about the pixels", err)
	}
}

func TestParseTools_TakesOneOrAListAndNothingElse(t *testing.T) {
	one := wire.Tool{Name: "a", Description: "b", InputSchema: []byte(`{"type":"object"}`)}
	text := `{"name": "a", "description": "b", "input_schema": {"type": "object"}}`
	for in, want := range map[string][]wire.Tool{text: {one}, " [" + text + ",\n" + text + "]\n": {one, one}, "[]": {}} {
		got, err := parseTools([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for in, want := range map[string]string{
		"": "EOF", "{": "EOF", "5": "cannot unmarshal", text + text: "more follows",
		`{"name":"a","description":"b"}`: "all required", `{"name":"a","description":"b","parameters":{}}`: `"parameters"`,
	} {
		if _, err := parseTools([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", in, err, want)
		}
	}
}
