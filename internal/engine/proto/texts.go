package proto

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/inferd/inferd/wire"
)

// Embed asks for a vector for each text.
type Embed struct {
	Request    uint64         `json:"request"`
	Input      []string       `json:"input"`
	Dimensions int            `json:"dimensions,omitempty"` // 0 is the model's
	Task       wire.EmbedTask `json:"task,omitempty"`
}

// Rerank asks for a score for each document.
type Rerank struct {
	Request   uint64   `json:"request"`
	Query     string   `json:"query"`
	Documents []string `json:"documents"`
}

// Reading says how a model is to read texts, for vectors or for scores.
type Reading struct {
	// Window is how many tokens a text may have; 0 is the model's own, up to a
	// bound.
	Window int `json:"window,omitempty"`
	// Pooling is mean, cls or last, for vectors; empty is the model's own.
	Pooling string `json:"pooling,omitempty"`
}

// Embedding is what a model offers that makes vectors.
type Embedding struct {
	Size int `json:"size"`
	// Sizes are what vectors may be cut to; none is any.
	Sizes  []int `json:"sizes,omitempty"`
	Window int   `json:"window"` // tokens of a text
}

// Reranking is what a model offers that makes scores.
type Reranking struct {
	Window int `json:"window"` // tokens of a query with a document
}

// AppendVector appends a frame with what came out for a text of a request: a
// vector, or a score alone.
func AppendVector(dst []byte, request uint64, text int, v []float32) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(Begin(dst, KindVector), request)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(text))
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
	}
	return Finish(dst, start)
}

const vectorHeader = 12

// Vector reads the payload of such a frame.
func Vector(payload []byte) (request uint64, text int, v []float32, err error) {
	if len(payload) < vectorHeader+4 || (len(payload)-vectorHeader)%4 != 0 {
		return 0, 0, nil, errors.New("engine link: a vector that is no row of numbers")
	}
	request, n := binary.LittleEndian.Uint64(payload), binary.LittleEndian.Uint32(payload[8:])
	if n > math.MaxInt32 {
		return 0, 0, nil, errors.New("engine link: a vector of a text that there can't be")
	}
	v = make([]float32, (len(payload)-vectorHeader)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(payload[vectorHeader+4*i:]))
	}
	return request, int(n), v, nil
}
