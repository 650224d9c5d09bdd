package gguf

// computeBytes is what the engine sets aside for intermediate results. It
// shares that memory between the places of the network that are not alive at
// the same time, so the widest place decides: attention, with the scores of
// all heads against all cells; feed-forward; or the logits. How many rows of
// the model's width are alive beside was read off the engine's own numbers: for
// llama, qwen2, qwen3 and bert this is never less than them, and 0 to 16 % more,
// mostly under 4. For architectures that do something else it is an estimate,
// and no bound.
func (f *File) computeBytes(s Sizing) int64 {
	width, vocab := int64(f.EmbeddingLength()), int64(f.VocabSize())
	if width == 0 || vocab == 0 {
		return 0
	}
	_, cells := s.pools()
	n := min(int64(s.Batch), mul(int64(s.Sequences), cells))
	if layoutOf(f.Architecture()).cache == noCache {
		n = min(int64(s.Batch), int64(s.Cells))
		cells, vocab = n, 0 // it looks at its own batch, and predicts no token
	}
	head := int64(max(f.KeyLength(), f.ValueLength()))
	heads := most(f.Heads())
	queries, shared := mul(heads, head), mul(most(f.HeadsKV()), head)
	mask, scores := cells, mul(cells, heads)
	if s.Flash {
		scores = cells // the mask again, in another type
	}
	widest := max(
		add(mask, scores, mul(3, width), mul(2, queries), mul(2, shared)),
		add(mask, mul(3, f.widestInner()), mul(5, width)),
		add(vocab, mul(3, width)),
	)
	return mul(4, add(mul(n, widest), mul(int64(s.Sequences), vocab), graphOverhead))
}

// graphOverhead is what alignment and small inputs add, in numbers.
const graphOverhead = 16 << 10

// most is the largest of numbers for each layer, and 1 where there are none.
func most(numbers []int) int64 {
	n := 1
	for _, x := range numbers {
		n = max(n, x)
	}
	return int64(n)
}

// widestInner is how wide the middle of a feed-forward part is: of all experts
// that are used for a token, with the vectors that come out of them.
func (f *File) widestInner() int64 {
	var inner int64
	for i := range f.Heads() {
		inner = max(inner, int64(f.feedForward(i)))
	}
	var used int64
	for _, n := range f.perLayer("expert_used_count") {
		used = max(used, int64(n))
	}
	return max(inner, mul(used, add(int64(f.number("expert_feed_forward_length")), int64(f.EmbeddingLength()))))
}
