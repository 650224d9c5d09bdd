package batch

import (
	"hash/maphash"
)

// entry is a sequence of tokens whose state is still there: in the engine's
// cache, under a sequence that is idle or running, or in host memory.
type entry struct {
	user   uint32
	tokens []Token
	where  place
	seq    int    // idle or running: which sequence
	state  []byte // saved: its state
	large  bool   // idle: its state is larger than the store
	used   uint64 // the cache's clock at the last use
	score  float64
}

// place is where an entry's state is, in order of how cheap it is to use.
type place uint8

const (
	idle    place = iota // in place: nothing to copy
	saved                // one copy
	running              // two copies: out of the other sequence, and in
)

// cheaper reports whether e is to be preferred to another entry with the same
// beginning.
func (e *entry) cheaper(o *entry) bool {
	if e.where != o.where {
		return e.where < o.where
	}
	if len(e.tokens) != len(o.tokens) {
		return len(e.tokens) < len(o.tokens) // less is lost, or copied
	}
	return e.used > o.used
}

// prefixes remembers what has been computed, by user: what one user's prompts
// made is never looked up for another's, so that timing tells nobody what
// others asked.
type prefixes struct {
	users  map[uint32]*tree
	idle   map[int]*entry // by sequence
	saved  map[*entry]bool
	bytes  int // of saved states
	budget int // for saved states
	clock  uint64
	// age makes entries that were not used for long lose against new ones:
	// it rises to the score of whatever was evicted last.
	age float64
	// gone remembers the beginnings of what was evicted, to tell "evicted"
	// from "never seen". It is bounded, and may forget.
	gone map[uint64]bool
	seed maphash.Seed
}

func newPrefixes(budget int) *prefixes {
	return &prefixes{users: map[uint32]*tree{}, idle: map[int]*entry{}, saved: map[*entry]bool{},
		budget: budget, gone: map[uint64]bool{}, seed: maphash.MakeSeed()}
}

func (p *prefixes) tree(user uint32) *tree {
	t := p.users[user]
	if t == nil {
		t = &tree{}
		p.users[user] = t
	}
	return t
}

// add makes an entry findable.
func (p *prefixes) add(e *entry) {
	p.tree(e.user).insert(e)
	p.touch(e)
	switch e.where {
	case idle:
		p.idle[e.seq] = e
	case saved:
		p.saved[e] = true
		p.bytes += len(e.state)
	}
}

// drop forgets an entry.
func (p *prefixes) drop(e *entry) {
	t := p.tree(e.user)
	t.remove(e)
	if len(t.root.kids) == 0 && len(t.root.entries) == 0 {
		delete(p.users, e.user)
	}
	switch e.where {
	case idle:
		delete(p.idle, e.seq)
	case saved:
		delete(p.saved, e)
		p.bytes -= len(e.state)
	}
}

// touch marks a use. What a byte of the entry saves is its tokens over its
// bytes; an entry's score is that on top of the present age.
func (p *prefixes) touch(e *entry) {
	p.clock++
	e.used = p.clock
	e.score = p.age + float64(len(e.tokens))/float64(len(e.state)+1)
}

// dropBeginnings drops the saved states of which e has all: those of earlier
// turns of a conversation.
func (p *prefixes) dropBeginnings(e *entry) {
	for o := range p.saved {
		if o.user == e.user && common(o.tokens, e.tokens) == len(o.tokens) {
			p.drop(o)
		}
	}
}

// keep puts a saved state, which must fit into the store, into it, and throws
// out what is worth least until all fits.
func (p *prefixes) keep(e *entry) {
	p.add(e)
	for p.bytes > p.budget {
		var least *entry
		for o := range p.saved {
			if o != e && (least == nil || o.score < least.score || o.score == least.score && o.used < least.used) {
				least = o
			}
		}
		p.age = max(p.age, least.score)
		p.drop(least)
		p.mourn(least)
	}
}

// covered reports whether an entry other than e has all of e's tokens: then
// nothing is lost with e.
func (p *prefixes) covered(e *entry) bool {
	t := p.tree(e.user)
	t.remove(e)
	other, n := t.longest(e.tokens)
	t.insert(e)
	return other != nil && n == len(e.tokens)
}

// oldestIdle is the sequence among free whose content was used longest ago;
// one without content comes first.
func (p *prefixes) oldestIdle(free []int) (seq int, content *entry) {
	seq = -1
	for _, s := range free {
		e := p.idle[s]
		if e == nil {
			return s, nil
		}
		if seq < 0 || e.used < content.used {
			seq, content = s, e
		}
	}
	return seq, content
}

// beginning is how many tokens tell prompts apart in gone.
const beginning = 32

// mourn remembers that something was evicted.
func (p *prefixes) mourn(e *entry) {
	if len(e.tokens) < beginning {
		return
	}
	if len(p.gone) >= 4096 {
		clear(p.gone)
	}
	p.gone[p.hash(e.user, e.tokens)] = true
}

func (p *prefixes) hash(user uint32, tokens []Token) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	maphash.WriteComparable(&h, user)
	for _, t := range tokens[:beginning] {
		maphash.WriteComparable(&h, t)
	}
	return h.Sum64()
}

// wasHere reports whether a prompt's beginning was evicted.
func (p *prefixes) wasHere(user uint32, prompt []Token) bool {
	return len(prompt) >= beginning && p.gone[p.hash(user, prompt)]
}
