package llama_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/engine/library"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/model"
)

var opened struct {
	once  sync.Once
	lib   *llama.Library
	model *llama.Model
	err   error
}

// builtin is the built-in model in the real engine, loaded once.
func builtin(t *testing.T) *llama.Model {
	t.Helper()
	opened.once.Do(func() { opened.lib, opened.model, opened.err = open(t) })
	if opened.err != nil {
		t.Fatal(opened.err)
	}
	return opened.model
}

func open(t *testing.T) (*llama.Library, *llama.Model, error) {
	in, err := library.Open(enginetest.Root(t))
	if err != nil {
		return nil, nil, err
	}
	base, ggml, main, err := in.Paths()
	if err != nil {
		return nil, nil, err
	}
	lib, err := llama.Open(llama.Paths{Dir: in.Dir, Base: base, GGML: ggml, Llama: main}, nil)
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, model.GGUF, 0o600); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	m, err := lib.LoadModel(f, llama.ModelOptions{})
	return lib, m, err
}

func TestModel_KnowsItself(t *testing.T) {
	m := builtin(t)
	if m.TrainedContext() != 1024 || m.Layers() != 6 || m.VocabSize() != 1536 || !m.Generates() || !m.CutsPrefixes() {
		t.Errorf("context %d, %d layers, %d tokens", m.TrainedContext(), m.Layers(), m.VocabSize())
	}
	if !strings.Contains(m.ChatTemplate(), "<|im_start|>") || m.Meta("general.architecture") != "llama" || m.Meta("no.such.key") != "" {
		t.Errorf("template %q, architecture %q", m.ChatTemplate(), m.Meta("general.architecture"))
	}
	if _, wanted := m.BOS(); wanted {
		t.Error("the model asks for a BOS token")
	}
}

func TestTokenize_GivesTextBack(t *testing.T) {
	m := builtin(t)
	for _, text := range []string{"Hello", "  two  spaces ", "Zürich 日本 😀", "a\x00b", strings.Repeat("long ", 5000)} {
		tokens, err := m.Tokenize(nil, text, false)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for _, k := range tokens {
			got = m.Piece(got, k)
		}
		if string(got) != text {
			t.Errorf("%.40q came back as %.40q", text, got)
		}
	}
}

// Only a template's own markers become control tokens.
func TestTokenize_KeepsMarkersOfMessagesText(t *testing.T) {
	m := builtin(t)
	const marker = "<|im_start|>"
	asText, err := m.Tokenize(nil, marker, false)
	if err != nil {
		t.Fatal(err)
	}
	asMarker, err := m.Tokenize(nil, marker, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(asMarker) != 1 || !m.IsControl(asMarker[0]) {
		t.Errorf("the marker became %v", asMarker)
	}
	for _, k := range asText {
		if m.IsControl(k) {
			t.Errorf("text became control token %d", k)
		}
	}
}

func TestPiece_OutOfRangeIsNothing(t *testing.T) {
	m := builtin(t)
	for _, k := range []llama.Token{-1, 1536, 1 << 30} {
		if got := m.Piece(nil, k); got != nil {
			t.Errorf("token %d is %q", k, got)
		}
	}
}

func TestDecode_RefusesWhatWouldCrash(t *testing.T) {
	m := builtin(t)
	c := context(t, m, 2)
	for name, batch := range map[string][]llama.Entry{
		"empty":           {},
		"too long":        make([]llama.Entry, 513),
		"unknown seq":     {{Token: 1, Seq: 2}},
		"negative seq":    {{Token: 1, Seq: -1}},
		"token too large": {{Token: 5000}},
		"negative token":  {{Token: -7}},
	} {
		if _, err := c.Decode(batch); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if s, err := c.Decode([]llama.Entry{{Token: 1, Logits: true}}); err != nil || s != llama.Decoded || c.Logits(0) == nil {
		t.Errorf("afterwards: %v, %v", s, err)
	}
}

func context(t *testing.T, m *llama.Model, seqs int) *llama.Context {
	t.Helper()
	return contextWith(t, m, seqs, 1)
}

func contextWith(t *testing.T, m *llama.Model, seqs, threads int) *llama.Context {
	t.Helper()
	c, err := m.NewContext(llama.ContextOptions{Cells: 1024 * seqs, Batch: 512, MaxSeqs: seqs, Threads: threads, Split: true, Flash: llama.FlashOff})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestAbort_EndsADecodeAndLeavesTheContextUsable(t *testing.T) {
	c := context(t, builtin(t), 1)
	c.Abort(true)
	if s, err := c.Decode(entries(0, 0, make([]llama.Token, 400))); err != nil || s != llama.Aborted {
		t.Errorf("status %v, %v", s, err)
	}
	c.Abort(false)
	c.SeqRemove(0, 0)
	if s, err := c.Decode(entries(0, 0, make([]llama.Token, 400))); err != nil || s != llama.Decoded {
		t.Errorf("afterwards: status %v, %v", s, err)
	}
}

// entries feeds tokens to a sequence from a position on; the last wants its row.
func entries(seq, at int, tokens []llama.Token) []llama.Entry {
	var e []llama.Entry
	for i, k := range tokens {
		e = append(e, llama.Entry{Token: k, Seq: int32(seq), Pos: int32(at + i), Logits: i == len(tokens)-1})
	}
	return e
}

// The promise that a request's answer does not depend on the others rests on
// this: logits are the same to the bit, however the prompt is cut, whatever
// else is in the batch, and with any number of threads.
func TestDecode_DoesNotDependOnTheBatch(t *testing.T) {
	m := builtin(t)
	tokens, err := m.Tokenize(nil, strings.Repeat("The fox likes the sun. The bear lives in a warm valley. ", 20), false)
	if err != nil {
		t.Fatal(err)
	}
	const prompt, answer = 150, 20
	row := func(c *llama.Context, e []llama.Entry, i int) []float32 {
		if s, err := c.Decode(e); err != nil || s != llama.Decoded {
			t.Fatalf("decode: %v, %v", s, err)
		}
		if !e[i].Logits {
			return nil
		}
		return append([]float32(nil), c.Logits(i)...)
	}
	var want [][]float32
	c := context(t, m, 8)
	want = append(want, row(c, entries(0, 0, tokens[:prompt]), prompt-1))
	for i := range answer {
		want = append(want, row(c, entries(0, prompt+i, tokens[prompt+i:prompt+i+1]), 0))
	}
	same := func(name string, got, want []float32) {
		t.Helper()
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s: logit %d is %v, alone %v", name, i, got[i], want[i])
			}
		}
	}
	for _, threads := range []int{1, 2} {
		// On a busy machine two threads take far longer than one.
		answer, chunks := answer, []int{100, 64, 33, 8, 1}
		if threads > 1 {
			answer, chunks = 3, []int{64, 33}
		}
		for _, chunk := range chunks {
			c := contextWith(t, m, 8, threads)
			var got []float32
			for at := 0; at < prompt; at += chunk {
				end := min(at+chunk, prompt)
				got = row(c, entries(5, at, tokens[at:end]), end-at-1)
			}
			same("prompt in pieces", got, want[0])
		}
		for _, n := range []int{2, 3, 8} {
			c := contextWith(t, m, 8, threads)
			var e []llama.Entry
			for s := range n {
				e = append(e, entries(s, 0, tokens[:min(prompt+40*s, 480/n)])...)
			}
			row(c, e, len(e)-1)
			for s := range n {
				c.SeqRemove(s, 0)
				row(c, entries(s, 0, tokens[:prompt]), prompt-1)
			}
			for i := range answer {
				e = e[:0]
				for s := range n {
					e = append(e, entries(s, prompt+i, tokens[prompt+i:prompt+i+1])...)
				}
				row(c, e, 0)
				for s := range n {
					same("answers side by side", c.Logits(s), want[i+1])
				}
			}
		}
		c := contextWith(t, m, 8, threads)
		row(c, entries(0, 0, tokens[:prompt]), prompt-1)
		e := append(entries(0, prompt, tokens[prompt:prompt+1]), entries(1, 0, tokens[:90])...)
		same("beside a prompt", row(c, e, 0), want[1])
	}
}

func TestSequence_SavedAndRestoredGoesOnTheSame(t *testing.T) {
	m := builtin(t)
	tokens, err := m.Tokenize(nil, strings.Repeat("The fox likes the sun. ", 20), false)
	if err != nil {
		t.Fatal(err)
	}
	c := context(t, m, 3)
	if _, err := c.Decode(entries(0, 0, tokens[:50])); err != nil {
		t.Fatal(err)
	}
	state := c.SeqSave(0)
	if !c.SeqRestore(2, state) || c.SeqEnd(2) != 50 {
		t.Fatalf("restore: the sequence ends at %d", c.SeqEnd(2))
	}
	if c.SeqRestore(1, state[:len(state)/2]) || c.SeqRestore(1, nil) {
		t.Error("half a state was restored")
	}
	var rows [][]float32
	for _, seq := range []int{0, 2} {
		if _, err := c.Decode(entries(seq, 50, tokens[50:51])); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, append([]float32(nil), c.Logits(0)...))
	}
	for i := range rows[0] {
		if rows[0][i] != rows[1][i] {
			t.Fatalf("logit %d is %v, restored %v", i, rows[0][i], rows[1][i])
		}
	}
}

func TestGrammar_DoesNotCompile(t *testing.T) {
	if _, err := builtin(t).NewGrammar(`root ::= missing`); err == nil || !strings.Contains(err.Error(), "does not compile") {
		t.Errorf("error %v", err)
	}
}

func TestKnownVersions_AreThePinnedOnes(t *testing.T) {
	for _, platform := range [][2]string{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "arm64"}, {"windows", "amd64"}} {
		pin, err := library.PinFor(platform[0], platform[1])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(llama.KnownVersions(), pin.LlamaVersion) {
			t.Errorf("%v is pinned to llama.cpp %s, known are %s", platform, pin.LlamaVersion, llama.KnownVersions())
		}
	}
}
