package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/engine/enginetest"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/model"
	"github.com/inferd/inferd/wire"
)

// The share that an ordinary run takes is small. The figures of the whole
// table are made with
//
//	go test ./internal/engine -run Mutants -mutants 1000 -v
var mutants = flag.Int("mutants", 60, "how many mutated model files to try")

// mutantSeed makes every run the same.
const mutantSeed = 20_261_122

// originals are what mutants are made from: the built-in model, and three of
// random weights that are built in other ways.
func originals(t *testing.T) map[string][]byte {
	built, err := gguf.Parse(model.GGUF)
	if err != nil {
		t.Fatal(err)
	}
	llama, qwen3, bert := gguf.TinyModel(), gguf.TinyModel(), gguf.RerankModel()
	llama.Tokenizer = "spm"
	qwen3.Architecture, qwen3.TokenizerFrom = "qwen3", built
	all := map[string][]byte{"built-in": model.GGUF}
	for name, c := range map[string]gguf.ModelConfig{"llama": llama, "qwen3": qwen3, "bert": bert} {
		var b bytes.Buffer
		if err := gguf.WriteModel(&b, c); err != nil {
			t.Fatal(err)
		}
		all[name] = b.Bytes()
	}
	return all
}

// regions are the parts of a file by their first byte and the one after their
// last.
func regions(t *testing.T, b []byte) map[string][2]int {
	f, err := gguf.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	last := f.Metadata[len(f.Metadata)-1]
	table := int(last.Offset + last.Size)
	return map[string][2]int{
		"header": {0, 24}, "metadata": {24, table}, "tensor table": {table, int(f.DataOffset)},
		"data": {int(f.DataOffset), len(b)}, "truncation": {0, len(b)},
	}
}

// mutate changes a copy of a file in one region, in one to four places.
func mutate(r *rand.Rand, b []byte, region string, at [2]int) []byte {
	if region == "truncation" {
		end := at[1]
		if r.IntN(2) == 0 {
			end = min(end, 100_000) // in what is read, and not in what is mapped
		}
		return bytes.Clone(b[:r.IntN(end)])
	}
	b = bytes.Clone(b)
	for range 1 + r.IntN(4) {
		i := at[0] + r.IntN(at[1]-at[0])
		switch r.IntN(4) {
		case 0:
			b[i] ^= 1 << r.IntN(8)
		case 1:
			b[i] = byte(r.Uint32())
		case 2:
			put(b[i:at[1]], interesting[r.IntN(len(interesting))], 4)
		case 3:
			put(b[i:at[1]], interesting[r.IntN(len(interesting))], 8)
		}
	}
	return b
}

// interesting are numbers at which arithmetic goes wrong.
var interesting = []uint64{
	0, 1, 2, 7, 31, 64, 255, 1 << 10, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 40, 1<<63 - 1, 1 << 63, 1<<64 - 1,
	0x7fc00000, 0x7c007c00, // NaN and infinity
}

func put(b []byte, n uint64, width int) {
	var x [8]byte
	binary.LittleEndian.PutUint64(x[:], n)
	copy(b, x[:width])
}

// The ways a mutant can end.
const (
	refused = "refused before the engine"
	planned = "refused by the memory plan"
	unfit   = "refused by the engine"
	ran     = "loaded"
	wrote   = "loaded, and answered"
	mute    = "loaded, and said why it can't answer"
	crashed = "crashed the worker"
)

// A damaged file never ends more than the worker that loads it, and the error
// says what is wrong; most never reach native code.
func TestMutants_EndInAnErrorOrAnAnswer(t *testing.T) {
	files := originals(t)
	names := slices.Sorted(maps.Keys(files))
	places := map[string]map[string][2]int{}
	for name, b := range files {
		places[name] = regions(t, b)
	}
	kinds := slices.Sorted(maps.Keys(places[names[0]]))
	path := filepath.Join(t.TempDir(), "mutant.gguf")
	outcomes, crashes := map[string]int{}, map[string]int{}
	for i := range *mutants {
		r := rand.New(rand.NewPCG(mutantSeed, uint64(i)))
		name, kind := names[i%len(names)], kinds[i/len(names)%len(kinds)]
		b := mutate(r, files[name], kind, places[name][kind])
		how, err := try(t, path, b)
		outcomes[kind+": "+how]++
		if how != ran && how != wrote && how != mute && (err == nil || strings.TrimSpace(err.Error()) == "") {
			t.Errorf("mutant %d (%s, %s): %s without a word", i, name, kind, how)
		}
		if how == crashed {
			crashes[fmt.Sprintf("%s, %s: %v", name, kind, err)]++
		}
	}
	for _, k := range slices.Sorted(maps.Keys(outcomes)) {
		t.Logf("%4d  %s", outcomes[k], k)
	}
	for _, k := range slices.Sorted(maps.Keys(crashes)) {
		t.Logf("crash: %d  %s", crashes[k], k)
	}
	if outcomes["truncation: "+refused] == 0 || outcomes["data: "+ran]+outcomes["data: "+wrote]+outcomes["data: "+mute]+outcomes["data: "+unfit] == 0 {
		t.Error("no mutant was refused for being cut short, or none with other weights reached the engine")
	}
}

// try takes a file the way it goes in a daemon: the pre-flight, then a worker.
func try(t *testing.T, path string, b []byte) (how string, err error) {
	t.Helper()
	g, err := gguf.Parse(b)
	if err == nil {
		err = g.Check()
	}
	if err != nil {
		if _, ok := errors.AsType[*gguf.FormatError](err); !ok {
			t.Errorf("the pre-flight says %v, want a *gguf.FormatError", err)
		}
		return refused, err
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	up := make(chan proto.Ready, 16)
	ended := make(chan error, 1)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	e := New(Config{
		WorkerPath: enginetest.Worker(t),
		Load:       proto.Load{EngineRoot: enginetest.Root(t), Slots: 1, Threads: 1},
		Model:      &files{parts: []*os.File{f}},
		Events:     Events{Loading: func(proto.Loading) {}, Up: func(r proto.Ready) { up <- r }, Down: func(error) {}},
		Log:        slog.New(slog.DiscardHandler),
	})
	go func() { ended <- e.Run(ctx) }()
	select {
	case r := <-up:
		how, err = ask(ctx, e, r)
		cancel()
		<-ended
		return how, err
	case err := <-ended:
		start, ok := errors.AsType[*StartError](err)
		switch {
		case !ok:
			t.Errorf("the worker neither came up nor failed: %v", err)
			return crashed, err
		case strings.Contains(start.Message, "the engine worker ended"):
			return crashed, err
		case start.Kind == proto.FailMemory || start.Kind == proto.FailConfig:
			return planned, err
		}
		return unfit, err
	}
}

// ask has the model write a few tokens, if it can.
func ask(ctx context.Context, e *Engine, r proto.Ready) (string, error) {
	if !r.Generates {
		return ran, nil
	}
	end, err := e.Generate(ctx, proto.Generate{
		Messages: []wire.Message{{Role: wire.RoleUser, Content: "What is 2 and 2? Zürich\n"}},
		Params:   wire.Params{TopP: 1, RepeatPenalty: 1, MaxTokens: 4},
	}, func([]proto.Event) error { return nil })
	if errors.Is(err, ErrDown) {
		return crashed, err
	}
	if end.Error != "" {
		return mute, errors.New(end.Error)
	}
	return wrote, nil
}
