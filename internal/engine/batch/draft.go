package batch

import "time"

// drafter guesses a request's next tokens from what it has read and written so
// far: the last few tokens stood somewhere before, and what followed there may
// follow again. A guess is checked in the same batch, each token against what
// is really sampled, so it changes how fast an answer comes and nothing else.
//
// It costs when it is wrong, and on some machines even when it is right, since
// several tokens at once can take as long as one after another. So it measures
// both ways: it guesses more while that pays, and rests where it does not.
type drafter struct {
	last  map[[gram]Token]int // where a run of tokens stood last, by its end
	seen  int                 // tokens that are in last
	size  int                 // tokens to guess; 0 before the first guess
	rest  int                 // tokens to go without guessing
	nap   int                 // how long the next rest is
	plain float64             // what a token costs without guesses, running mean in ns
	total int                 // guessed in all
	held  int                 // of them held
}

const (
	gram      = 4  // tokens that must have stood before in a row
	mostDraft = 12 // tokens of one guess
	longNap   = 256
	// A token out of a guess must cost this much of one without.
	worthwhileDraft = 0.95
)

// propose appends a guess at what follows tokens to dst.
func (d *drafter) propose(dst, tokens []Token, most int) []Token {
	d.learn(tokens)
	if d.rest > 0 || len(tokens) < gram {
		return dst
	}
	at, ok := d.last[[gram]Token(tokens[len(tokens)-gram:])]
	if !ok {
		return dst
	}
	from := len(dst)
	for i := range min(d.wants(), most) {
		if at+i < len(tokens) {
			dst = append(dst, tokens[at+i])
		} else { // it goes round in a circle
			dst = append(dst, dst[from+at+i-len(tokens)])
		}
	}
	return dst
}

// wants is how many tokens the next guess should have.
func (d *drafter) wants() int { return max(d.size, 2) }

// learn takes in the runs of tokens that end before the last token: the run at
// the very end has no successor yet.
func (d *drafter) learn(tokens []Token) {
	if d.last == nil {
		d.last = make(map[[gram]Token]int, len(tokens))
	}
	for end := max(d.seen, gram); end < len(tokens); end++ {
		d.last[[gram]Token(tokens[end-gram:end])] = end
	}
	d.seen = max(d.seen, len(tokens))
}

// result says how a step went: how many of its guessed tokens held, and how
// long it took. Without a guess, guessed is 0.
func (d *drafter) result(guessed, held int, took time.Duration) {
	if guessed == 0 {
		d.plain = mean(d.plain, float64(took))
		d.rest = max(0, d.rest-1)
		return
	}
	d.total += guessed
	d.held += held
	// A step gives one token more than what held.
	paid := d.plain == 0 || float64(took)/float64(held+1) < worthwhileDraft*d.plain
	switch {
	case paid && held == guessed:
		d.size = min(max(2*guessed, 4), mostDraft)
		d.nap = 0
	case paid:
		d.size = max(2, held)
	case held == guessed && guessed >= d.wants() && guessed < mostDraft:
		d.size = min(2*guessed, mostDraft) // what a few do not pay, more may
	default:
		d.size = 2
		d.nap = min(max(2*d.nap, 8), longNap)
		d.rest = d.nap
	}
}
