package batch

// share is how many of a slot's pending tokens go into the next batch.
type share struct {
	slot *slot
	n    int
}

// plan decides what goes into the next batch: first one turn for every slot
// that is writing, so that none of them waits for another's prompt, then the
// prompts, in order of arrival, as far as the budget goes.
//
// slots are in order of arrival. dst is reused.
func plan(dst []share, slots []*slot, budget int) []share {
	dst = dst[:0]
	for _, s := range slots {
		if s.runnable() && !s.reading() && budget > 0 {
			dst = append(dst, share{s, 1})
			budget--
		}
	}
	for _, s := range slots {
		if s.runnable() && s.reading() && budget > 0 {
			n := min(s.pending(), budget)
			dst = append(dst, share{s, n})
			budget -= n
		}
	}
	return dst
}
