package host

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
)

// RawOptions say what RawBench measures.
type RawOptions struct {
	EngineRoot string
	Model      string // a path, or empty for the built-in model
	Builtin    Builtin
	Threads    int // 0 is as many as there are processors
	Prompt     int // tokens read before the writing
	Tokens     int // tokens written by each sequence
	Sequences  int
	Unified    bool
	Flash      bool
	KeyType    string // of the cache, as in llama.CacheTypes; empty is f16
	ValueType  string
}

// RawResult is what RawBench saw, in tokens a second of all sequences together.
type RawResult struct {
	Sequences int     `json:"sequences"`
	Threads   int     `json:"threads"`
	Prefill   float64 `json:"prefill_tokens_per_second"`
	Decode    float64 `json:"decode_tokens_per_second"`
}

// RawBench is the yardstick: a bare loop over the library, greedy, without
// daemon, socket or scheduler. It loads once and runs each of the settings.
func RawBench(settings []RawOptions) ([]RawResult, error) {
	first := settings[0]
	lib, err := OpenEngine(first.EngineRoot, nil)
	if err != nil {
		return nil, err
	}
	model := proto.Load{}
	if first.Model != "" {
		model.Parts = []proto.File{{Name: first.Model}}
	}
	files, err := openFiles(model, first.Builtin, func(f proto.File) (*os.File, error) { return os.Open(f.Name) })
	if err != nil {
		return nil, err
	}
	defer files.close()
	m, err := lib.LoadModel(files.parts[0], llama.ModelOptions{})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	var out []RawResult
	for _, o := range settings {
		r, err := rawRun(m, o)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func flash(on bool) llama.Flash {
	if on {
		return llama.FlashOn
	}
	return llama.FlashOff
}

func rawRun(m *llama.Model, o RawOptions) (r RawResult, err error) {
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Prompt+o.Tokens > m.TrainedContext() {
		return r, fmt.Errorf("%d tokens to read and %d to write, the model has a context of %d", o.Prompt, o.Tokens, m.TrainedContext())
	}
	c, err := m.NewContext(llama.ContextOptions{
		Cells: o.Sequences * roundUp(o.Prompt+o.Tokens, 256), Batch: batchTokens, MaxSeqs: o.Sequences,
		Threads: o.Threads, Split: !o.Unified, Flash: flash(o.Flash),
		KeyType: o.KeyType, ValueType: o.ValueType,
	})
	if err != nil {
		return r, err
	}
	defer c.Close()
	r = RawResult{Sequences: o.Sequences, Threads: o.Threads}
	next := make([]llama.Token, o.Sequences)
	began := time.Now()
	for s := range o.Sequences {
		if next[s], err = rawRead(c, m, s, o.Prompt); err != nil {
			return r, err
		}
	}
	r.Prefill = float64(o.Sequences*o.Prompt) / time.Since(began).Seconds()
	began = time.Now()
	entries := make([]llama.Entry, o.Sequences)
	for i := range o.Tokens {
		for s := range entries {
			entries[s] = llama.Entry{Token: next[s], Seq: int32(s), Pos: int32(o.Prompt + i), Logits: true}
		}
		if err := rawDecode(c, entries); err != nil {
			return r, err
		}
		for s := range next {
			next[s] = likeliest(c.Logits(s))
		}
	}
	r.Decode = float64(o.Sequences*o.Tokens) / time.Since(began).Seconds()
	return r, nil
}

// rawRead feeds a made-up prompt to a sequence, and returns what follows it.
func rawRead(c *llama.Context, m *llama.Model, seq, n int) (llama.Token, error) {
	const least = 300 // beyond the bytes and the special tokens
	for at := 0; at < n; at += batchTokens {
		var e []llama.Entry
		for i := at; i < min(at+batchTokens, n); i++ {
			t := least + (i*31+seq*17)%(m.VocabSize()-least)
			e = append(e, llama.Entry{Token: llama.Token(t), Seq: int32(seq), Pos: int32(i), Logits: i == n-1})
		}
		if err := rawDecode(c, e); err != nil {
			return 0, err
		}
		if at+batchTokens >= n {
			return likeliest(c.Logits(len(e) - 1)), nil
		}
	}
	return 0, os.ErrInvalid
}

func rawDecode(c *llama.Context, entries []llama.Entry) error {
	st, err := c.Decode(entries)
	if err == nil && st != llama.Decoded {
		err = fmt.Errorf("decode %d tokens: the engine stopped with status %d", len(entries), st)
	}
	return err
}

func likeliest(logits []float32) llama.Token {
	var c cutter
	c.cut(logits, 1, nil)
	return c.ids[0]
}
