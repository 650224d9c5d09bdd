package encode

import "math"

// compute packs a batch, computes it and reports what it made. It returns false
// where there was nothing to do.
func (l *Loop) compute() bool {
	items := l.pack()
	if len(items) == 0 {
		return false
	}
	vectors, done, err := l.vectors(items)
	for i, it := range items {
		switch {
		case it.job.ended: // by what another of its texts met
		case err != nil:
			l.end(it.job, err)
		case !done: // all of them are cancelled: their notes are in the inbox
		default:
			l.report(it, vectors[i])
		}
	}
	return true
}

// vectors computes a batch. done is false where it was aborted.
func (l *Loop) vectors(items []item) (vectors [][]float32, done bool, err error) {
	l.open(items)
	defer l.inbox.Close()
	defer l.model.Clear(false)
	if len(items) == 1 && len(items[0].tokens()) > l.cfg.Batch && !l.cfg.Whole {
		v, done, err := l.inPieces(items[0].tokens())
		return [][]float32{v}, done, err
	}
	l.entries = l.entries[:0]
	for i, it := range items {
		seq := l.cfg.sequence(i)
		for pos, t := range it.tokens() {
			l.entries = append(l.entries, Entry{Token: t, Seq: seq, Pos: pos})
		}
		for pos := range l.cfg.padded(len(it.tokens())) - len(it.tokens()) {
			l.entries = append(l.entries, Entry{Token: it.tokens()[0], Seq: seq + 1, Pos: pos})
		}
	}
	if done, err = l.model.Decode(l.entries); err != nil || !done {
		return nil, done, err
	}
	for i := range items {
		vectors = append(vectors, append([]float32(nil), l.model.Vector(l.cfg.sequence(i))...))
	}
	return vectors, true, nil
}

// inPieces reads a text that is longer than a batch. A model that looks back
// only sees the same as if it had it all at once.
func (l *Loop) inPieces(tokens []Token) (vector []float32, done bool, err error) {
	var sum []float64
	for at := 0; at < len(tokens); at += l.cfg.Batch {
		piece := tokens[at:min(at+l.cfg.Batch, len(tokens))]
		l.entries = l.entries[:0]
		for i, t := range piece {
			l.entries = append(l.entries, Entry{Token: t, Pos: at + i})
		}
		if done, err := l.model.Decode(l.entries); err != nil || !done {
			return nil, done, err
		}
		v := l.model.Vector(0)
		if sum == nil {
			sum = make([]float64, len(v))
		}
		for i, x := range v {
			switch {
			case l.cfg.Pooling == Mean:
				sum[i] += float64(x) * float64(len(piece)) / float64(len(tokens))
			case l.cfg.Pooling != First || at == 0:
				sum[i] = float64(x)
			}
		}
	}
	for _, x := range sum {
		vector = append(vector, float32(x))
	}
	return vector, true, nil
}

// open says whose batch is being computed now.
func (l *Loop) open(items []item) {
	l.ids = l.ids[:0]
	for _, it := range items {
		l.ids = append(l.ids, it.job.req.ID)
	}
	l.inbox.Open(l.ids)
}

// report hands a text's numbers on, and ends its request with the last one's.
func (l *Loop) report(it item, v []float32) {
	j := it.job
	if l.cfg.Pooling != Score {
		v = normalised(v, j.req.Dimensions)
	}
	if !finite(v) {
		// What is not a number spreads from the cells that it was left in.
		l.model.Clear(true)
		l.end(j, ErrVector)
		return
	}
	l.out.Vector(j.req.ID, it.text, v)
	if j.open--; j.open == 0 {
		l.end(j, nil)
	}
}

// normalised cuts a vector to so many dimensions, unless that is 0, and gives it
// the length 1. It is nil where that is not possible.
func normalised(v []float32, dimensions int) []float32 {
	if dimensions > 0 && dimensions < len(v) {
		v = v[:dimensions]
	}
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := math.Sqrt(sum)
	if length == 0 {
		return nil
	}
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
	return v
}

func finite(v []float32) bool {
	for _, x := range v {
		if wide := float64(x); math.IsNaN(wide) || math.IsInf(wide, 0) {
			return false
		}
	}
	return len(v) > 0
}
