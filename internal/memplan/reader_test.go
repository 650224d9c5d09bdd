package memplan

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/gguf"
	"github.com/inferd/inferd/model"
)

func TestFor_ReadersAreALineEach(t *testing.T) {
	f := parse(t, model.GGUF)
	alone := plan(t, f, Options{Slots: 2})
	p := plan(t, f, Options{Slots: 2, Readers: []Reader{{Name: "embedding"}, {Name: "reranking", Window: 300}}})
	var names []string
	extra := int64(0)
	for _, l := range p.Lines {
		if l.What == "embedding" || l.What == "reranking" {
			names, extra = append(names, l.What), extra+l.Bytes
		}
	}
	if strings.Join(names, " ") != "embedding reranking" || p.Host() != alone.Host()+extra || extra <= 0 {
		t.Errorf("lines %v of %d bytes; %d in all, %d without", names, extra, p.Host(), alone.Host())
	}
	// Each text of a batch has room of its own in a model that looks back only.
	if r := p.Readers[0]; r.Window != 1024 || r.Whole || r.Texts != 16 || r.Cells != 16*1024 || r.Batch != DefaultBatch {
		t.Errorf("%+v", r)
	}
	if r := p.Readers[1]; r.Window != 300 || r.Cells != 16*512 {
		t.Errorf("%+v", r)
	}
}

func TestFor_AnEncoderReadsWholeTexts(t *testing.T) {
	p := plan(t, random(t, gguf.EmbedModel()), Options{Slots: 2, NoAnswers: true, Readers: []Reader{{Name: "embedding"}}})
	r := p.Readers[0]
	if r.Window != 512 || !r.Whole || r.Batch < r.Window || r.Batch%TextAlign != 0 || r.Cells < r.Batch || r.Sequences != 2*r.Texts {
		t.Errorf("%+v", r)
	}
	for _, l := range p.Lines {
		if l.What == "compute" || l.What == "context" {
			t.Errorf("a model that answers nothing has a line %+v", l)
		}
	}
}

func TestFor_OwnWindowIsBounded(t *testing.T) {
	for _, causal := range []string{"llama", "bert"} {
		f := described(t, causal, map[string]uint32{"context_length": 1 << 20})
		for window, want := range map[int]int{Own: DefaultWindow, 5000: 5000} {
			p := plan(t, f, Options{Slots: 1, Readers: []Reader{{Name: "embedding", Window: window}}})
			if r := p.Readers[0]; r.Window != want || r.Cells < want || r.Whole && r.Batch < want {
				t.Errorf("%s: a window of %d becomes %+v", causal, window, r)
			}
		}
	}
}

func TestFor_RefusesAWindowBeyondTheModels(t *testing.T) {
	_, err := For(parse(t, model.GGUF), Options{Slots: 1, Readers: []Reader{{Key: "embed_n_ctx", Window: 1025}}})
	want := "embed_n_ctx is 1025, but the model was trained with a context of 1024 tokens"
	if _, ok := errors.AsType[*ContextError](err); !ok || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := For(parse(t, model.GGUF), Options{Slots: 1, Readers: []Reader{{Window: -1}}}); err == nil {
		t.Error("a window of -1 tokens is taken")
	}
}

func TestFor_ReadersThatFitNowhere(t *testing.T) {
	f := described(t, "bert", map[string]uint32{"context_length": math.MaxInt32, "embedding_length": math.MaxInt32})
	p := plan(t, f, Options{Slots: 1, NoAnswers: true, Readers: []Reader{{Name: "embedding", Window: math.MaxInt32}}})
	_, err := p.Resolve(Memory{Host: 1 << 50})
	large, ok := errors.AsType[*TooLargeError](err)
	if !ok || !strings.Contains(large.Hint(), "embed_n_ctx") || strings.Contains(err.Error(), "slots") {
		t.Errorf("%v", err)
	}
}
