package batch

// share is a slot's part of the next batch: how many of its pending tokens,
// and how many guessed ones after them.
type share struct {
	slot  *slot
	n     int
	draft []Token
}

// plan decides what goes into the next batch: first one turn for every slot
// that is writing, so that none of them waits for another's prompt, then the
// prompts, in order of arrival, as far as the budget goes. Beside answers that
// are being written the budget is the pacer's.
//
// slots are in order of arrival. dst is reused.
func plan(dst []share, slots []*slot, most int, p *pacer) (shares []share, writing, reading int) {
	dst = dst[:0]
	for _, s := range slots {
		if s.runnable() && !s.reading() && writing < most {
			dst = append(dst, share{slot: s, n: 1})
			writing++
		}
	}
	budget := min(p.chunk(writing), most-writing)
	for _, s := range slots {
		if s.runnable() && s.reading() && s.follows() == nil && reading < budget {
			n := min(s.pending(), budget-reading)
			dst = append(dst, share{slot: s, n: n})
			reading += n
		}
	}
	return dst, writing, reading
}
