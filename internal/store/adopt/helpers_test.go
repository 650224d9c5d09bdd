package adopt_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/store/adopt"
)

// model is the content of a file that begins as a model.
func model(s string) string { return "GGUF" + s }

func sum(content string) string {
	s := sha256.Sum256([]byte(content))
	return hex.EncodeToString(s[:])
}

// tree is a folder of another tool: contents by name. A content that begins with
// "→" is a link.
type tree map[string]string

func (t tree) fs() fs.FS {
	m := fstest.MapFS{}
	for name, content := range t {
		if target, ok := strings.CutPrefix(content, "→"); ok {
			m[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
		} else {
			m[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
		}
	}
	return m
}

// find looks in a tree, and writes down what it finds.
func find(t *testing.T, tool adopt.Tool, in tree) ([]string, error) {
	t.Helper()
	found, err := adopt.FindIn(t.Context(), tool, in.fs())
	var lines []string
	for _, c := range found {
		line := fmt.Sprintf("%s (%s) %s %d", c.Label, c.Name, c.Path, c.Size)
		if !c.Digest.IsZero() {
			line += " " + c.Digest.Hex()[:8]
		}
		if c.Projector {
			line += " projector"
		}
		if c.Parts > 0 {
			line += fmt.Sprintf(" part %d of %d", c.Part, c.Parts)
		}
		lines = append(lines, line)
	}
	return lines, err
}

func wantFound(t *testing.T, tool adopt.Tool, in tree, want ...string) {
	t.Helper()
	got, err := find(t, tool, in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", tool, diff)
	}
}

const layer = `{"mediaType":"application/vnd.ollama.image.%s","digest":"sha256:%s","size":1}`

// ollamaManifest has layers of these kinds and contents, in pairs.
func ollamaManifest(layers ...string) string {
	var all []string
	for i := 0; i < len(layers); i += 2 {
		all = append(all, fmt.Sprintf(layer, layers[i], sum(layers[i+1])))
	}
	return `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",` +
		`"config":{"digest":"sha256:` + sum("config") + `"},"layers":[` + strings.Join(all, ",") + `]}`
}
