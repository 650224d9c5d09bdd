package wire

import (
	"fmt"
	"slices"
)

// grammarReach is what an engine meets when it enters a rule, before it comes
// to the first text: how many rules and texts in all, and how many rules deep.
// An engine keeps no record of where it was, so what is reached twice counts
// twice: thirty short rules can come to a thousand million starts.
type grammarReach struct {
	starts, chain int
	entered       bool // the walk is inside of this rule
}

// grammarWalk follows what rules begin with.
type grammarWalk struct {
	*grammarParser
	empty []bool         // by rule: it can match nothing
	done  []grammarReach // by rule; starts is 0 while not known
}

// visit measures a rule and those that it can begin with. A rule that begins
// with itself has no measure: it is left-recursive.
func (w *grammarWalk) visit(id, depth int) (grammarReach, error) {
	r := &w.rules[id]
	switch {
	case w.done[id].entered:
		return grammarReach{}, w.errorf(r.at, "", "rule %s is left-recursive: it can begin with itself", quoted(r.name))
	case w.done[id].starts > 0:
		return w.done[id], nil
	case depth > maxGrammarChain:
		return grammarReach{}, w.chainError(r.at)
	}
	w.done[id].entered = true
	reach := grammarReach{starts: 1, chain: 1}
	for _, seq := range r.alts {
		for _, item := range seq {
			one, err := w.enter(item, depth)
			if err != nil {
				return grammarReach{}, err
			}
			reach.starts += one.starts
			reach.chain = max(reach.chain, 1+one.chain)
			if !w.canBeEmpty(item) {
				break
			}
		}
	}
	if reach.starts > maxGrammarStarts {
		return grammarReach{}, w.startsError(r.at)
	}
	if reach.chain > maxGrammarChain {
		return grammarReach{}, w.chainError(r.at)
	}
	w.done[id] = reach
	return reach, nil
}

// enter measures an item. The engine makes rules of its own for repetitions;
// those of what can be empty are passed through, so each copy is reached.
func (w *grammarWalk) enter(item grammarItem, depth int) (grammarReach, error) {
	if item.rule == terminal {
		return grammarReach{starts: 1}, nil
	}
	reach, err := w.visit(item.rule, depth+1)
	if err != nil || item.copies == 0 {
		return reach, err
	}
	copies := 1
	if w.empty[item.rule] {
		if item.endless {
			return grammarReach{}, w.endlessError(item.at)
		}
		copies = item.copies
	}
	return grammarReach{starts: (1 + reach.starts) * copies, chain: reach.chain + copies}, nil
}

// checkStarts checks every place of a sequence, not only its beginning: an
// engine gets to each of them. All rules are measured.
func (w *grammarWalk) checkStarts(seq []grammarItem) error {
	starts := 0
	for _, item := range slices.Backward(seq) {
		if !w.canBeEmpty(item) {
			starts = 0
		}
		one, err := w.enter(item, 0)
		if err != nil {
			return err
		}
		if starts += one.starts; starts > maxGrammarStarts {
			return w.startsError(item.at)
		}
	}
	return nil
}

func (w *grammarWalk) canBeEmpty(item grammarItem) bool {
	return item.optional || item.rule != terminal && w.empty[item.rule]
}

func (w *grammarWalk) startsError(at int) error {
	return w.errorf(at, fmt.Sprintf("up to %d", maxGrammarStarts), "there are too many ways to go on from here")
}

func (w *grammarWalk) chainError(at int) error {
	return w.errorf(at, fmt.Sprintf("up to %d", maxGrammarChain), "too many rules begin with one another")
}
