package wire

import (
	"fmt"
	"strconv"
)

// repeat reads *, +, ? or {m,n} and applies it to the last item of seq, as
// the engine does: m copies in a row, and a rule of its own for each of the
// optional rest.
func (p *grammarParser) repeat(seq []grammarItem, nested bool) error {
	at := p.pos
	least, most, endless, err := p.bounds(nested)
	if err != nil {
		return err
	}
	if len(seq) == 0 || seq[len(seq)-1].size == 0 {
		return p.errorf(at, "", "there is nothing to repeat")
	}
	item := &seq[len(seq)-1]
	if endless && item.optional {
		return p.endlessError(at)
	}
	item.weight *= max(least, most, 1)
	if item.weight > maxGrammarRepetition {
		return p.errorf(at, fmt.Sprintf("up to %d, repetitions inside one another multiplied", maxGrammarRepetition), "too many repetitions")
	}
	rest := most - least // items that get a rule of their own
	if endless {
		rest = 1
	}
	p.symbols += rest
	if err := p.expand(at, rest*(item.size+3)); err != nil {
		return err
	}
	item.size = least*item.size + min(rest, 1)
	item.copies = max(item.copies, 1) * max(least, most, 1)
	item.optional = item.optional || least == 0
	item.endless = item.endless || endless
	return nil
}

// bounds reads how often an item is repeated.
func (p *grammarParser) bounds(nested bool) (least, most int, endless bool, err error) {
	switch p.pos++; p.src[p.pos-1] {
	case '*':
		return 0, 0, true, nil
	case '+':
		return 1, 0, true, nil
	case '?':
		return 0, 1, false, nil
	}
	at := p.pos - 1
	p.space(nested)
	if least, err = p.count(); err != nil {
		return 0, 0, false, err
	}
	most = least
	p.space(nested)
	if p.take(",") {
		p.space(nested)
		endless = p.pos == len(p.src) || !isDigit(p.src[p.pos])
		if !endless {
			if most, err = p.count(); err != nil {
				return 0, 0, false, err
			}
			p.space(nested)
		}
	}
	if !p.take("}") {
		return 0, 0, false, p.unexpected("'}'")
	}
	if !endless && most < least {
		return 0, 0, false, p.errorf(at, "{m,n} with m ≤ n", "{%d,%d} is upside down", least, most)
	}
	return least, most, endless, nil
}

// count reads one bound of a repetition.
func (p *grammarParser) count() (int, error) {
	at := p.pos
	for p.pos < len(p.src) && isDigit(p.src[p.pos]) {
		p.pos++
	}
	if p.pos == at {
		return 0, p.unexpected("a number")
	}
	n, err := strconv.Atoi(p.src[at:p.pos])
	if err != nil || n > maxGrammarRepetition {
		return 0, p.errorf(at, fmt.Sprintf("up to %d", maxGrammarRepetition), "%s repetitions are too many", shortened(p.src[at:p.pos]))
	}
	return n, nil
}
