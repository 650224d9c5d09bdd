package batch

// tree finds, among remembered sequences of tokens, one with the longest
// beginning in common with a new prompt. It is a radix tree: an edge carries
// as many tokens as its sequences share.
type tree struct {
	root node
}

type node struct {
	edge    []Token // from the parent
	kids    map[Token]*node
	entries []*entry // those that end here
}

// common is the length of the common beginning.
func common(a, b []Token) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// insert adds an entry, which must not change while it is in the tree.
func (t *tree) insert(e *entry) {
	at, rest := &t.root, e.tokens
	for len(rest) > 0 {
		kid := at.kids[rest[0]]
		if kid == nil {
			kid = &node{edge: rest}
			at.adopt(kid)
			at, rest = kid, nil
			break
		}
		n := common(kid.edge, rest)
		if n < len(kid.edge) { // split the edge where the two part
			upper := &node{edge: kid.edge[:n]}
			at.adopt(upper)
			kid.edge = kid.edge[n:]
			upper.adopt(kid)
			kid = upper
		}
		at, rest = kid, rest[n:]
	}
	at.entries = append(at.entries, e)
}

func (n *node) adopt(kid *node) {
	if n.kids == nil {
		n.kids = map[Token]*node{}
	}
	n.kids[kid.edge[0]] = kid
}

// remove takes an entry out, and joins what it alone held apart.
func (t *tree) remove(e *entry) {
	path := []*node{&t.root}
	at, rest := &t.root, e.tokens
	for len(rest) > 0 {
		kid := at.kids[rest[0]]
		if kid == nil || common(kid.edge, rest) < len(kid.edge) {
			return // not in the tree
		}
		at, rest = kid, rest[len(kid.edge):]
		path = append(path, at)
	}
	for i, other := range at.entries {
		if other == e {
			at.entries = append(at.entries[:i], at.entries[i+1:]...)
			break
		}
	}
	for i := len(path) - 1; i > 0; i-- {
		n, parent := path[i], path[i-1]
		if len(n.entries) > 0 || len(n.kids) > 1 {
			return
		}
		if len(n.kids) == 0 {
			delete(parent.kids, n.edge[0])
			continue
		}
		for _, kid := range n.kids { // the only one takes its place
			kid.edge = append(append([]Token(nil), n.edge...), kid.edge...)
			parent.kids[kid.edge[0]] = kid
		}
		return
	}
}

// longest finds the longest beginning of prompt that any entry has, and the
// entry among those with it that is the cheapest to take over.
func (t *tree) longest(prompt []Token) (best *entry, n int) {
	at, rest := &t.root, prompt
	for len(rest) > 0 {
		kid := at.kids[rest[0]]
		if kid == nil {
			break
		}
		k := common(kid.edge, rest)
		at, rest, n = kid, rest[k:], n+k
		if k < len(kid.edge) {
			break
		}
	}
	if n == 0 {
		return nil, 0
	}
	at.each(func(e *entry) {
		if best == nil || e.cheaper(best) {
			best = e
		}
	})
	return best, n
}

// each visits the entries at and below n.
func (n *node) each(f func(*entry)) {
	for _, e := range n.entries {
		f(e)
	}
	for _, kid := range n.kids {
		kid.each(f)
	}
}
