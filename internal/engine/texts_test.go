package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// serveTexts answers request 1, of two texts, as the script says.
func serveTexts(script string, conn io.Writer, in *proto.Reader, say func(proto.Kind, any) error) error {
	texts := map[string][]int{
		"vectors out of order": {1, 0}, "a vector twice": {1, 1}, "a vector too many": {0, 2}, "a vector left out": {1},
	}[script]
	for _, text := range texts {
		if _, err := conn.Write(proto.AppendVector(nil, 1, text, []float32{float32(text), 0.5})); err != nil {
			return err
		}
	}
	switch script {
	case "a vector cut off":
		_, err := conn.Write(proto.Finish(append(proto.Begin(nil, proto.KindVector), 1, 2, 3), 0))
		return err
	case "until cancelled":
		if k, p, err := in.Next(); err != nil || k != proto.KindCancel {
			return fmt.Errorf("expected a cancel, got %d %v, %w", k, p, err)
		}
		return say(proto.KindEnd, proto.End{Request: 1, Stop: wire.StopCancelled})
	case "refused":
		return say(proto.KindEnd, proto.End{Request: 1, Stop: wire.StopError, Error: "too long", Invalid: true})
	}
	return say(proto.KindEnd, proto.End{Request: 1, Stop: wire.StopEnd, Usage: wire.Usage{PromptTokens: 7}})
}

var twoTexts = proto.Embed{Input: []string{"a", "b"}}

func TestEmbed_PutsVectorsInOrder(t *testing.T) {
	o := run(t, "vectors out of order")
	o.ready(t)
	vectors, end, err := o.Embed(t.Context(), twoTexts)
	if d := cmp.Diff([][]float32{{0, 0.5}, {1, 0.5}}, vectors); d != "" || err != nil || end.Usage.PromptTokens != 7 {
		t.Errorf("%+v, %v: %s", end, err, d)
	}
}

func TestEmbed_AWorkerThatAnswersWronglyIsDown(t *testing.T) {
	for script, want := range map[string]string{
		"a vector twice":    "or for one twice",
		"a vector too many": "a text that was not asked for",
		"a vector cut off":  "no row of numbers",
		"a vector left out": "left out a text",
	} {
		t.Run(script, func(t *testing.T) {
			o := run(t, script)
			o.ready(t)
			vectors, _, err := o.Embed(t.Context(), twoTexts)
			if !errors.Is(err, ErrDown) || !strings.Contains(err.Error(), want) || vectors != nil {
				t.Errorf("%v, error %v, want ErrDown with %q", vectors, err, want)
			}
		})
	}
}

func TestEmbed_CancelsWhenItsContextEnds(t *testing.T) {
	o := run(t, "until cancelled")
	o.ready(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	vectors, end, err := o.Embed(ctx, twoTexts)
	if err != nil || end.Stop != wire.StopCancelled || vectors != nil {
		t.Errorf("%v, %+v, %v", vectors, end, err)
	}
}

func TestEmbed_SaysWhyItWasRefused(t *testing.T) {
	o := run(t, "refused")
	o.ready(t)
	vectors, end, err := o.Embed(t.Context(), twoTexts)
	if err != nil || !end.Invalid || end.Error != "too long" || vectors != nil {
		t.Errorf("%v, %+v, %v", vectors, end, err)
	}
}

func TestEmbed_NeedsAWorker(t *testing.T) {
	if _, _, err := New(Config{}).Rerank(t.Context(), proto.Rerank{Documents: []string{"a"}}); !errors.Is(err, ErrNone) {
		t.Errorf("error %v, want ErrNone: it may be tried again", err)
	}
}
