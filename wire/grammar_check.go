package wire

// check finds what no single rule shows.
func (p *grammarParser) check() error {
	if id, ok := p.ids["root"]; !ok || !p.rules[id].defined {
		return p.errorf(len(p.src), "", `there is no rule "root"`)
	}
	for _, r := range p.rules {
		if !r.defined {
			return p.errorf(r.at, "", "rule %s is not defined", quoted(r.name))
		}
	}
	w := &grammarWalk{grammarParser: p, empty: p.emptyRules(), done: make([]grammarReach, len(p.rules))}
	for id := range p.rules {
		if _, err := w.visit(id, 0); err != nil {
			return err
		}
	}
	for _, r := range p.rules {
		for _, seq := range r.alts {
			if err := w.checkStarts(seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// emptyRules reports for each rule whether it can match nothing. An
// alternative counts the items it still waits for; a rule that turns out to
// be empty is passed on to those that refer to it, so the work is linear.
func (p *grammarParser) emptyRules() []bool {
	type alternative struct{ rule, waiting int }
	var alts []alternative
	users := make([][]int, len(p.rules)) // by rule, indexes into alts
	empty := make([]bool, len(p.rules))
	var found []int
	settle := func(a alternative) {
		if a.waiting == 0 && !empty[a.rule] {
			empty[a.rule] = true
			found = append(found, a.rule)
		}
	}
	for id, r := range p.rules {
		for _, seq := range r.alts {
			a := alternative{rule: id}
			for _, item := range seq {
				if item.optional {
					continue
				}
				a.waiting++
				if item.rule != terminal {
					users[item.rule] = append(users[item.rule], len(alts))
				}
			}
			alts = append(alts, a)
			settle(a)
		}
	}
	for len(found) > 0 {
		id := found[len(found)-1]
		found = found[:len(found)-1]
		for _, a := range users[id] {
			alts[a].waiting--
			settle(alts[a])
		}
	}
	return empty
}
