package wire

import (
	"bytes"
	"flag"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
)

// mutations is how many frames each surface is sent. The race detector makes
// each ten times as dear: `go test -race ./wire -run Mutated -mutations 100000`
// runs them all.
var mutations = flag.Int("mutations", defaultMutations, "mutated frames for each surface")

// surfaceSeeds are the frames that are mutated, and what reads them: an error
// is what it has to be, or the test fails.
var surfaceSeeds = map[string]struct {
	seeds [][]byte
	read  func(*testing.T, []byte)
}{
	"v1": {texts(`{`+hello+`}`, `{"id":"a",`+hello+`,"temperature":1e999,"stop":["x","y"],"grammar":"root ::= [a-z]+","seed":7,"x":[{},[null]]}`),
		lines(func(t *testing.T, frame []byte) {
			r, err := DecodeV1Request(frame)
			if err != nil {
				checkMalformed(t, err)
				return
			}
			checkField(t, r.Validate())
		})},
	"v2": {texts(v2Seeds...), lines(func(t *testing.T, frame []byte) {
		r, err := DecodeV2Request(frame)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		checkField(t, r.Validate(everything, nil))
	})},
	"embed": {texts(embedSeeds...), lines(func(t *testing.T, frame []byte) {
		r, err := DecodeEmbedRequest(frame)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		checkField(t, r.Validate(8, []int{4, 8}))
	})},
	"rerank": {texts(rerankSeeds...), lines(func(t *testing.T, frame []byte) {
		r, err := DecodeRerankRequest(frame)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		checkField(t, r.Validate())
	})},
	"framed": {framedSeeds(), func(t *testing.T, stream []byte) {
		r := NewFramedReader(bytes.NewReader(stream))
		for {
			req, err := r.Request()
			if err == io.EOF {
				return
			}
			if err != nil {
				answerOf(t, err)
				return
			}
			checkField(t, req.Validate(everything, nil))
		}
	}},
}

func texts(list ...string) (all [][]byte) {
	for _, s := range list {
		all = append(all, []byte(s+"\n"))
	}
	return all
}

func framedSeeds() (all [][]byte) {
	for _, tt := range framedRules {
		all = append(all, tt.stream)
	}
	return append(all, framedStream(`{"id":"r","wire_version":1,`+talk+`,"attachments":[{"kind":"video","id":"a"}]}`, announce("a", 2), "xy"))
}

// lines reads a stream as the NDJSON surfaces do.
func lines(read func(*testing.T, []byte)) func(*testing.T, []byte) {
	return func(t *testing.T, stream []byte) {
		r := NewReaderSize(bytes.NewReader(stream), 1<<16)
		for {
			frame, err := r.Next()
			if err != nil {
				return
			}
			read(t, frame)
		}
	}
}

// mutate changes a frame in a few places.
func mutate(r *rand.Rand, seed []byte) []byte {
	const tokens = "{}[]\",:\\0123456789-+.eEnulltrfas\x00\x01\x02\x7f\x80\xff\n \u00e9"
	out := bytes.Clone(seed)
	for range 1 + r.IntN(4) {
		at := r.IntN(len(out) + 1)
		end := min(len(out), at+r.IntN(8))
		switch r.IntN(5) {
		case 0: // a byte for another
			if at < len(out) {
				out[at] = byte(r.Uint32())
			}
		case 1: // something of the language
			out = append(out[:at:at], append([]byte{tokens[r.IntN(len(tokens))]}, out[at:]...)...)
		case 2: // something lost
			out = append(out[:at:at], out[end:]...)
		case 3: // something twice
			out = append(out[:end:end], out[at:]...)
		case 4: // cut off
			out = out[:at]
		}
	}
	return out
}

// No frame panics, none is answered by an error of no known kind, and none
// costs much more memory than it has bytes.
func TestSurfaces_WithstandMutatedFrames(t *testing.T) {
	for name, surface := range surfaceSeeds {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(len(name))))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			size := 0
			for range *mutations {
				stream := mutate(r, surface.seeds[r.IntN(len(surface.seeds))])
				size += len(stream)
				surface.read(t, stream)
				if t.Failed() {
					t.Fatalf("frame %q", stream)
				}
			}
			runtime.ReadMemStats(&after)
			const perFrame, perByte = 64 << 10, 64
			if got, most := after.TotalAlloc-before.TotalAlloc, uint64(*mutations*perFrame+size*perByte); got > most {
				t.Errorf("%d frames of %d bytes in all took %d bytes of memory, want at most %d", *mutations, size, got, most)
			}
		})
	}
}
