package server_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/backend/mock"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// Whatever arrives, what goes out are whole frames, of which each is the end of
// one request or belongs to one, and then the end. Wire's own tests send many
// more of these to the decoders.
func TestRequestSurfaces_AnswerMutatedFramesInFullFrames(t *testing.T) {
	h := startMock(t, mock.Config{Dimensions: 4, Rerank: true, Vision: true})
	image := hello2("r", func(r *wire.V2Request) {
		r.Attachments = []wire.Attachment{{Kind: wire.AttachmentImage, ID: "i", Width: 1, Height: 1, Bytes: []byte("RGB")}}
		r.Tools = oneTool
	})
	for s, seed := range map[transport.Surface]struct {
		in     []byte
		decode func([]byte) (wire.V1Response, error)
	}{
		transport.V1:     {[]byte(ask("r", `,"max_tokens":3`) + "\n"), wire.DecodeV1Response},
		transport.V2:     {image.Append(nil), wire.DecodeV2Response},
		transport.Framed: {image.AppendFramed(nil), wire.DecodeV2Response},
		transport.Embed:  {[]byte(`{"id":"r","input":["a"],"dimensions":2}` + "\n"), wire.DecodeEmbedResponse},
		transport.Rerank: {[]byte(`{"id":"r","query":"a","documents":["a","b"]}` + "\n"), wire.DecodeRerankResponse},
	} {
		t.Run(s.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(s)))
			for range 200 {
				in := bytes.Clone(seed.in)
				for range 1 + r.IntN(3) {
					in[r.IntN(len(in))] = byte(r.Uint32())
				}
				c := h.typed(s)
				if _, err := c.Write(append(in, seed.in...)); err != nil {
					t.Fatal(err)
				}
				c.closeWrite()
				open := false // frames of a request that has not ended
				for {
					raw, err := c.nextFrame()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatalf("%q: %v", in, err)
					}
					f, err := seed.decode(raw)
					if err != nil {
						t.Fatalf("%q is answered by %q: %v", in, raw, err)
					}
					open = !f.Terminal()
				}
				if open {
					t.Fatalf("%q: a request without an end", in)
				}
				c.Close()
			}
		})
	}
	if strings.Contains(h.log.String(), "panic") {
		t.Error("there was a panic")
	}
}
