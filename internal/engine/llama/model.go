package llama

import (
	"fmt"
	"os"
	"strings"
	"unsafe"
)

// ModelOptions say how to load a model. The zero value is llama.cpp's own
// default, but for NGPULayers, whose zero keeps everything on the CPU.
type ModelOptions struct {
	// NGPULayers is how many layers go to an accelerator; -1 is all.
	NGPULayers int
	// Parts are the files of a split model after the first, in order.
	Parts []*os.File
	// NoMmap reads the weights instead of mapping them; Mlock keeps them in
	// memory.
	NoMmap, Mlock bool
	// Progress is called with 0 to 1 while the weights load.
	Progress func(fraction float32)
}

// Model is a loaded model: weights and vocabulary. Close frees it, after every
// context made from it.
type Model struct {
	lib   *Library
	ptr   uintptr
	vocab uintptr
	loras []uintptr // freed with the model
	nv    int

	// What was asked before, since asking takes longer than the rest of what
	// happens to a token. Only the goroutine that writes answers does.
	pieces [][]byte
	ends   map[Token]bool
}

// LoadModel loads a GGUF model from an open file, which stays the caller's
// and may be closed afterwards.
func (l *Library) LoadModel(f *os.File, o ModelOptions) (*Model, error) {
	p := l.modelDefault()
	p.NGPULayers = int32(o.NGPULayers)
	p.LoadMode = o.loadMode()
	if o.Progress != nil {
		cb, release := progressCallback(o.Progress)
		defer release()
		p.ProgressCallback = cb
	}
	l.log.takeErrors()
	ptr, err := l.load(f, o.Parts, p)
	if err != nil {
		return nil, err
	}
	if ptr == 0 {
		return nil, fmt.Errorf("load model: %s", l.log.reason())
	}
	m := &Model{lib: l, ptr: ptr, vocab: l.modelVocab(ptr)}
	m.nv = int(l.vocabSize(m.vocab))
	return m, nil
}

// Close frees the model.
func (m *Model) Close() {
	if m.ptr != 0 {
		for _, a := range m.loras {
			m.lib.loraFree(a)
		}
		m.loras = nil
		m.lib.modelFree(m.ptr)
		m.ptr = 0
	}
}

// TrainedContext is the context length that the model was trained with.
func (m *Model) TrainedContext() int { return int(m.lib.modelNCtxTrain(m.ptr)) }

// Layers is the number of layers.
func (m *Model) Layers() int { return int(m.lib.modelNLayer(m.ptr)) }

// Parameters is the number of weights.
func (m *Model) Parameters() uint64 { return m.lib.modelNParams(m.ptr) }

// Size is the size of all weights in bytes.
func (m *Model) Size() uint64 { return m.lib.modelSize(m.ptr) }

// CutsPrefixes reports whether a sequence can be cut at any position and go
// on from there: not so for recurrent models, nor with a sliding window.
func (m *Model) CutsPrefixes() bool {
	return !m.lib.modelRecurrent(m.ptr) && !m.lib.modelHybrid(m.ptr) && m.lib.modelNSWA(m.ptr) == 0
}

// Generates reports whether the model is a decoder that can write text by
// itself.
func (m *Model) Generates() bool {
	return m.lib.modelDecoder(m.ptr) && !m.lib.modelEncoder(m.ptr)
}

// ReadsApart reports whether the model has an encoder beside or in the place of
// its decoder, which takes calls of its own.
func (m *Model) ReadsApart() bool { return m.lib.modelEncoder(m.ptr) }

// ChatTemplate is the template that came with the model; empty if none did.
func (m *Model) ChatTemplate() string {
	p := m.lib.modelTemplate(m.ptr, 0)
	return goString(*(**byte)(unsafe.Pointer(&p)))
}

// Description is the library's short name for the model's kind.
func (m *Model) Description() string {
	var buf [256]byte
	n := m.lib.modelDesc(m.ptr, &buf[0], uint64(len(buf)))
	return text(buf[:], n)
}

// Meta is a scalar of the model's metadata as text; empty if absent.
func (m *Model) Meta(key string) string {
	var buf [1024]byte
	n := m.lib.modelMeta(m.ptr, key, &buf[0], uint64(len(buf)))
	return text(buf[:], n)
}

// text is the result of a C function that fills buf and answers the length
// that the whole would have had, or a negative number.
func text(buf []byte, n int32) string {
	if n <= 0 {
		return ""
	}
	return strings.ToValidUTF8(string(buf[:min(int(n), len(buf)-1)]), "\uFFFD")
}
