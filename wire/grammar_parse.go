package wire

import "fmt"

// grammarParser reads GBNF the way llama.cpp does, and keeps of it what the
// checks need: which rules refer to which, and how large the whole becomes.
type grammarParser struct {
	src string
	pos int

	ids   map[string]int // by name, an index into rules
	rules []grammarRule  // named ones, and one for each group

	alternations int
	nesting      int
	// symbols and elements count what the engine will make of the grammar:
	// rules, those for repetitions included, and the items in them.
	symbols  int
	elements int
}

// grammarRule is a named rule or a group in parentheses.
type grammarRule struct {
	name    string
	at      int // where it is first mentioned
	defined bool
	alts    [][]grammarItem
}

// terminal stands in grammarItem.rule for text, a class or a token.
const terminal = -1

// grammarItem is a part of a sequence, with its repetitions.
type grammarItem struct {
	at   int
	rule int // an index into rules, or terminal

	optional bool // may be left out
	endless  bool // repeated without an upper bound
	copies   int  // how often it stands in the expansion; 0 is not repeated
	size     int  // elements it expands to in its rule
	weight   int  // rules it stands for, times its repetitions
}

// parse reads the whole grammar.
func (p *grammarParser) parse() error {
	p.space(true)
	for p.pos < len(p.src) {
		if err := p.rule(); err != nil {
			return err
		}
	}
	return nil
}

// rule reads one definition and the line end after it.
func (p *grammarParser) rule() error {
	at := p.pos
	name := p.name()
	if name == "" {
		return p.unexpected("the name of a rule")
	}
	id := p.intern(name, at)
	if p.rules[id].defined {
		return p.errorf(at, "", "rule %s is defined twice", quoted(name))
	}
	p.rules[id].defined = true
	p.space(false)
	if !p.take("::=") {
		return p.unexpected("::=")
	}
	p.space(true)
	if err := p.alternatives(id, false); err != nil {
		return err
	}
	if p.pos < len(p.src) && p.src[p.pos] != '\n' && p.src[p.pos] != '\r' {
		return p.unexpected("an item, '|' or the end of the line")
	}
	p.space(true)
	return nil
}

// intern returns the rule of that name, making it at its first mention.
func (p *grammarParser) intern(name string, at int) int {
	id, ok := p.ids[name]
	if !ok {
		id = p.addRule(name, at)
		p.ids[name] = id
	}
	return id
}

func (p *grammarParser) addRule(name string, at int) int {
	p.rules = append(p.rules, grammarRule{name: name, at: at})
	p.symbols++
	return len(p.rules) - 1
}

// alternatives reads sequences with | between them into a rule. Inside of
// parentheses a line end means nothing.
func (p *grammarParser) alternatives(id int, nested bool) error {
	for {
		seq, err := p.sequence(p.rules[id].name, nested)
		if err != nil {
			return err
		}
		p.rules[id].alts = append(p.rules[id].alts, seq)
		at := p.pos
		if !p.take("|") {
			return nil
		}
		if p.alternations++; p.alternations > maxGrammarAlternations {
			return p.errorf(at, fmt.Sprintf("up to %d", maxGrammarAlternations), "too many alternations")
		}
		p.space(true)
	}
}

// sequence reads items up to what ends them.
func (p *grammarParser) sequence(name string, nested bool) ([]grammarItem, error) {
	var seq []grammarItem
	for p.pos < len(p.src) {
		var err error
		switch p.src[p.pos] {
		case '|', ')', '\n', '\r':
			return seq, p.expand(p.pos, total(seq))
		case '*', '+', '?', '{':
			err = p.repeat(seq, nested)
		default:
			var item grammarItem
			item, err = p.item(name)
			seq = append(seq, item)
		}
		if err != nil {
			return nil, err
		}
		p.space(nested)
	}
	return seq, p.expand(p.pos, total(seq))
}

// total is the number of elements of a sequence, its end included.
func total(seq []grammarItem) int {
	n := 1
	for _, item := range seq {
		n += item.size
	}
	return n
}

// expand counts n more elements.
func (p *grammarParser) expand(at, n int) error {
	if p.elements += n; p.elements > maxGrammarElements {
		return p.errorf(at, fmt.Sprintf("up to %d elements", maxGrammarElements), "the grammar is too large with its repetitions written out")
	}
	return nil
}

// group reads alternatives in parentheses.
func (p *grammarParser) group(name string) (grammarItem, error) {
	at := p.pos
	if p.nesting++; p.nesting > maxGrammarNesting {
		return grammarItem{}, p.errorf(at, fmt.Sprintf("up to %d", maxGrammarNesting), "too many parentheses inside one another")
	}
	p.pos++
	p.space(true)
	before := p.symbols
	id := p.addRule(name, at)
	p.rules[id].defined = true
	if err := p.alternatives(id, true); err != nil {
		return grammarItem{}, err
	}
	if !p.take(")") {
		return grammarItem{}, p.errorf(at, "", "'(' without its ')'")
	}
	p.nesting--
	weight := p.symbols - before
	for _, seq := range p.rules[id].alts {
		for _, item := range seq {
			weight = max(weight, item.weight)
		}
	}
	return grammarItem{at: at, rule: id, size: 1, weight: weight}, nil
}
