package encode

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// run starts a loop, and stops it with the returned function.
func run(l *Loop) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

var modes = map[string]Pooling{"mean": Mean, "first": First, "last": Last, "score": Score}

// Whatever is beside a text, in whatever order and batches: what comes out is
// what the definition says of the text alone.
func TestLoop_EveryTextComesOutAsItWouldAlone(t *testing.T) {
	for name, pooling := range modes {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				checkRandom(t, rt, pooling)
			})
		})
	}
}

func checkRandom(t *testing.T, rt *rapid.T, pooling Pooling) {
	cfg := Config{
		Batch: rapid.IntRange(1, 20).Draw(rt, "batch"), Sequences: rapid.IntRange(1, 5).Draw(rt, "sequences"),
		Whole: rapid.Bool().Draw(rt, "whole"), Pooling: pooling,
	}
	const longest = 30
	m, out := newFake(t, pooling, cfg.Batch), newTold()
	if cfg.Whole {
		cfg.Align = rapid.SampledFrom([]int{0, 4, 16}).Draw(rt, "align")
		m.align, m.most = cfg.Align, max(cfg.Batch, cfg.padded(longest))
	}
	l := New(m, out, cfg)
	text := rapid.SliceOfN(rapid.Int32Range(0, 500), 1, longest)
	var requests []*Request
	for id := range rapid.IntRange(1, 6).Draw(rt, "requests") {
		r := &Request{ID: uint64(id + 1), Texts: rapid.SliceOfN(text, 1, 12).Draw(rt, "texts")}
		r.Dimensions = rapid.IntRange(0, fakeSize).Draw(rt, "dimensions")
		requests = append(requests, r)
		l.Submit(r)
	}
	stop := run(l)
	defer stop()
	for range requests {
		<-out.ended
	}
	for _, r := range requests {
		if err := out.ends[r.ID]; err != nil || len(out.vectors[r.ID]) != len(r.Texts) {
			rt.Fatalf("request %d ended with %v and %d vectors for %d texts", r.ID, err, len(out.vectors[r.ID]), len(r.Texts))
		}
		for i, tokens := range r.Texts {
			expectNear(rt, reference(pooling, tokens, r.Dimensions), out.vectors[r.ID][i])
		}
	}
}

func expectNear(t interface{ Fatalf(string, ...any) }, want, got []float32) {
	if len(want) != len(got) {
		t.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	for k := range want {
		if math.Abs(float64(want[k]-got[k])) > 1e-5 {
			t.Fatalf("number %d is %v, want %v", k, got[k], want[k])
		}
	}
}

func TestLoop_ATextLikeAllOthersIsBatchedWithThem(t *testing.T) {
	m, out := newFake(t, Mean, 12), newTold()
	l := New(m, out, Config{Batch: 12, Sequences: 4, Pooling: Mean})
	r := &Request{ID: 1}
	for range 8 {
		r.Texts = append(r.Texts, []Token{1, 2, 3})
	}
	l.Submit(r)
	stop := run(l)
	<-out.ended
	stop()
	if m.batches != 2 {
		t.Errorf("%d batches for eight texts of three tokens, want 2 of 12", m.batches)
	}
}

// A request of one text waits for one batch of a long list, not for the list.
func TestLoop_ALongListHoldsUpNoOtherRequest(t *testing.T) {
	m, out := newFake(t, Last, 10), newTold()
	out.model = m
	l := New(m, out, Config{Batch: 10, Sequences: 8, Pooling: Last})
	long := &Request{ID: 1}
	for range 100 {
		long.Texts = append(long.Texts, make([]Token, 10))
	}
	m.onBatch = func([]Entry) error {
		if m.batches == 1 {
			l.Submit(&Request{ID: 2, Texts: [][]Token{{7}}})
		}
		return nil
	}
	l.Submit(long)
	stop := run(l)
	<-out.ended
	<-out.ended
	stop()
	if first := out.order[0]; first != 2 || out.batches[0] > 3 {
		t.Errorf("request %d ended first, after %d batches; want the short one, after 3 at most", first, out.batches[0])
	}
}

func TestLoop_CancelBreaksOffABatchThatNobodyWaitsFor(t *testing.T) {
	for name, texts := range map[string][][]Token{"short texts": {{1}, {2}, {3}}, "one in pieces": {make([]Token, 100)}} {
		t.Run(name, func(t *testing.T) {
			m, out := newFake(t, Last, 10), newTold()
			l := New(m, out, Config{Batch: 10, Sequences: 2, Pooling: Last})
			m.onBatch = func([]Entry) error {
				l.Cancel(1)
				return nil
			}
			l.Submit(&Request{ID: 1, Texts: texts})
			stop := run(l)
			<-out.ended
			m.onBatch = nil
			l.Submit(&Request{ID: 2, Texts: [][]Token{{4, 5}}}) // the model works on
			<-out.ended
			stop()
			if !errors.Is(out.ends[1], ErrCancelled) || len(out.vectors[1]) != 0 {
				t.Errorf("the request ended with %v and %d vectors, want it cancelled with none", out.ends[1], len(out.vectors[1]))
			}
			if out.ends[2] != nil || m.batches != 2 {
				t.Errorf("the next request ended with %v, after %d batches in all", out.ends[2], m.batches)
			}
		})
	}
}

func TestLoop_CancelLeavesTheOthersOfABatchAlone(t *testing.T) {
	m, out := newFake(t, Mean, 10), newTold()
	l := New(m, out, Config{Batch: 10, Sequences: 5, Pooling: Mean})
	m.onBatch = func([]Entry) error {
		l.Cancel(1)
		return nil
	}
	l.Submit(&Request{ID: 1, Texts: [][]Token{{1}, {2}, make([]Token, 9)}})
	l.Submit(&Request{ID: 2, Texts: [][]Token{{3}}})
	stop := run(l)
	<-out.ended
	<-out.ended
	stop()
	if !errors.Is(out.ends[1], ErrCancelled) || out.ends[2] != nil {
		t.Errorf("the requests ended with %v and %v", out.ends[1], out.ends[2])
	}
	expectNear(t, reference(Mean, []Token{3}, 0), out.vectors[2][0])
}

func TestLoop_CancelOfAWaitingOrUnknownRequest(t *testing.T) {
	m, out := newFake(t, Last, 4), newTold()
	l := New(m, out, Config{Batch: 4, Sequences: 1, Pooling: Last})
	l.Submit(&Request{ID: 1, Texts: [][]Token{{1}}})
	l.Cancel(1)
	l.Cancel(99)
	l.Submit(&Request{ID: 2, Texts: [][]Token{{1}}})
	stop := run(l)
	<-out.ended
	<-out.ended
	stop()
	if !errors.Is(out.ends[1], ErrCancelled) || out.ends[2] != nil || m.batches != 1 {
		t.Errorf("ends %v after %d batches", out.ends, m.batches)
	}
}

func TestLoop_AFaultEndsTheRequestsOfItsBatchOnly(t *testing.T) {
	broken := errors.New("no such thing")
	m, out := newFake(t, Last, 4), newTold()
	l := New(m, out, Config{Batch: 4, Sequences: 2, Pooling: Last})
	m.onBatch = func(e []Entry) error {
		if e[0].Token == 13 {
			return broken
		}
		return nil
	}
	l.Submit(&Request{ID: 1, Texts: [][]Token{{13, 0, 0, 0}, {1}}})
	l.Submit(&Request{ID: 2, Texts: [][]Token{{1, 2, 3, 4}}})
	stop := run(l)
	<-out.ended
	<-out.ended
	stop()
	if !errors.Is(out.ends[1], broken) || out.ends[2] != nil {
		t.Errorf("ends %v", out.ends)
	}
}

func TestLoop_RefusesNumbersThatAreNone(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, v := range map[string][]float32{"not a number": {1, nan}, "without end": {inf, 1}, "zeros": {0, 0}, "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			m, out := newFake(t, Last, 4), newTold()
			l := New(spoilt{m, v}, out, Config{Batch: 4, Sequences: 2, Pooling: Last})
			l.Submit(&Request{ID: 1, Texts: [][]Token{{1}, {2}}})
			stop := run(l)
			<-out.ended
			stop()
			if !errors.Is(out.ends[1], ErrVector) || len(out.vectors[1]) != 0 || m.wiped == 0 {
				t.Errorf("ended with %v, %d vectors, wiped %d times", out.ends[1], len(out.vectors[1]), m.wiped)
			}
		})
	}
}

// spoilt is a model all of whose vectors are one.
type spoilt struct {
	*fakeModel
	vector []float32
}

func (m spoilt) Vector(int) []float32 { return m.vector }

func TestLoop_ScoresMayBeZero(t *testing.T) {
	m, out := newFake(t, Score, 4), newTold()
	l := New(spoilt{m, []float32{0}}, out, Config{Batch: 4, Sequences: 2, Pooling: Score})
	l.Submit(&Request{ID: 1, Texts: [][]Token{{1}}})
	stop := run(l)
	<-out.ended
	stop()
	if diff := cmp.Diff([]float32{0}, out.vectors[1][0]); diff != "" || out.ends[1] != nil {
		t.Errorf("%v %s", out.ends[1], diff)
	}
}
