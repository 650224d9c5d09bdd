package batch

import "slices"

// share is a slot's part of the turn: how many of its pending tokens, and how
// many guessed ones after them.
type share struct {
	slot  *slot
	n     int
	draft []Token
}

// The least batch for which prompts are cut as least says.
const leastBatch = 4

// least is how many tokens of a prompt are computed at a time at least, and
// never is one left over: on the CPU the engine multiplies one token by other
// code than several, which rounds differently. A prompt that was read in
// pieces, or beside others, shall give what it gives when it is read at once.
const least = 2

// plan decides what is computed this turn: one token for every slot that is
// writing, so that none of them waits for another's prompt, and pieces of the
// prompts that are read, in order of arrival, as far as the budget goes. Beside
// answers that are being written the budget is the pacer's.
//
// slots are in order of arrival. The slices that come in are reused.
func plan(writers, readers []share, slots []*slot, most int, p *pacer) (w, r []share, reading int) {
	writers, readers = writers[:0], readers[:0]
	unread := 0 // prompts that are read, and not copied from another
	for _, s := range slots {
		switch {
		case !s.runnable():
		case s.reading():
			if s.follows() == nil {
				unread++
			}
		case len(writers) < most:
			writers = append(writers, share{slot: s, n: 1})
		}
	}
	budget := p.chunk(len(writers), unread)
	for _, s := range slots {
		if !s.runnable() || !s.reading() || s.follows() != nil {
			continue
		}
		if n := piece(s.unread(), budget-reading, most-reading, most); n > 0 {
			readers = append(readers, share{slot: s, n: n})
			reading += n
		}
	}
	return writers, readers, reading
}

// short is a piece that costs little less than one twice as long: whatever its
// length, all weights are read for it.
const short = 16

// piece is how many of the tokens that a prompt has left are read now, within
// a budget, and at most as many as there is room for in a turn of so many.
func piece(unread, budget, room, most int) int {
	n := min(unread, budget)
	if left := unread - n; left < short && 2*left <= n && unread <= room {
		n = unread // rather than another short piece
	}
	switch {
	case n == unread || most < leastBatch:
		return n
	case n < short && room < most:
		return 0 // others are read now; the next turn has room for more
	case unread-n < least:
		n = unread - least
	}
	if n < least {
		return 0
	}
	return n
}

// step is what one call of the model computes: as many tokens of each of some
// sequences. The engine computes at once only what it can put into a
// rectangle, of sequences whose numbers follow one another; anything else it
// would take apart by rules of its own.
type step struct {
	shares []share
	// spare are sequences between those of the shares that have nothing to
	// compute. One token of each is computed and forgotten: that costs less
	// than a call more.
	spare []int
}

// widestGap is how many spare sequences in a row are worth computing.
const widestGap = 2

// writingSteps puts the shares of those that write, one token each, into as few
// steps of at most so many tokens as can be. canSpare says whether a sequence
// may be fed a token for nothing. Their numbers are appended to spare, in which
// the steps' own lie.
func writingSteps(dst []step, spare []int, shares []share, most int, canSpare func(seq int) bool) ([]step, []int) {
	bySequence(shares)
	begin, first := 0, len(spare)
	for i, sh := range shares {
		if i == 0 {
			continue
		}
		last, had := shares[i-1].slot.seq, len(spare)
		joins := sh.slot.seq-last-1 <= widestGap && i-begin+1+len(spare)-first+sh.slot.seq-last-1 <= most
		for seq := last + 1; joins && seq < sh.slot.seq; seq++ {
			spare = append(spare, seq)
			joins = canSpare(seq)
		}
		if !joins {
			spare = spare[:had]
			dst = append(dst, step{shares: shares[begin:i], spare: spare[first:had:had]})
			begin, first = i, had
		}
	}
	if begin < len(shares) {
		dst = append(dst, step{shares: shares[begin:], spare: spare[first:len(spare):len(spare)]})
	}
	return dst, spare
}

// readingSteps puts the shares of those that read into steps: what neighbours
// have in common is read at once.
func readingSteps(dst []step, shares []share) []step {
	bySequence(shares)
	for len(shares) > 0 {
		run := 1
		for run < len(shares) && shares[run].slot.seq == shares[run-1].slot.seq+1 {
			run++
		}
		dst = rectangles(dst, shares[:run])
		shares = shares[run:]
	}
	return dst
}

// rectangles cuts the shares of neighbours into steps.
func rectangles(dst []step, run []share) []step {
	n := run[0].n
	for _, sh := range run {
		n = min(n, sh.n)
	}
	fits := n >= least
	var rest []share
	for _, sh := range run {
		if left := sh.n - n; left > 0 {
			fits = fits && left >= least
			rest = append(rest, share{slot: sh.slot, n: left})
		}
	}
	if len(run) == 1 || !fits {
		for _, sh := range run {
			dst = append(dst, step{shares: []share{sh}})
		}
		return dst
	}
	common := make([]share, len(run))
	for i, sh := range run {
		common[i] = share{slot: sh.slot, n: n}
	}
	dst = append(dst, step{shares: common})
	return readingSteps(dst, rest)
}

func bySequence(shares []share) {
	slices.SortFunc(shares, func(a, b share) int { return a.slot.seq - b.slot.seq })
}
