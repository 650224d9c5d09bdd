package host

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferd/inferd/internal/engine/encode"
	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
)

// ranker scores documents against a query.
type ranker struct {
	*reader
	pairs pairs
}

// request tokenizes the query with each of the documents: see embedder.request.
func (k *ranker) request(m *proto.Rerank, gone func() bool) (*encode.Request, error) {
	r := &encode.Request{ID: m.Request}
	for i, document := range m.Documents {
		if gone() {
			return nil, encode.ErrCancelled
		}
		if size := len(m.Query) + len(document); size/manyBytes > k.plan.Window {
			return nil, &invalid{fmt.Sprintf("documents[%d] and the query have %d bytes: more than the window's %d tokens can hold", i, size, k.plan.Window)}
		}
		tokens, err := k.pairs.tokens(m.Query, document)
		if err != nil {
			return nil, err
		}
		if len(tokens) == 0 {
			return nil, &invalid{fmt.Sprintf("documents[%d] and the query have no tokens: allowed are texts of one or more", i)}
		}
		if len(tokens) > k.plan.Window {
			return nil, &invalid{fmt.Sprintf("documents[%d] and the query have %d tokens: allowed are the window's %d", i, len(tokens), k.plan.Window)}
		}
		r.Texts = append(r.Texts, tokens)
	}
	return r, nil
}

// pairs puts a query and a document together, as the model's template says, or
// in the way of BERT.
type pairs struct {
	model    *llama.Model
	template []part // empty is BERT's way
	around   llama.Separators
}

// part is a piece of a template: a control token, or text with places for the
// query and the document.
type part struct {
	token llama.Token
	text  string // empty for a token
}

// The places in a template.
const (
	placeQuery    = "{query}"
	placeDocument = "{document}"
)

func newPairs(m *llama.Model) pairs {
	p := pairs{model: m, around: m.Separators()}
	if t := m.Template("rerank"); t != "" {
		p.template = splitTemplate(t, m.ControlTokens())
	}
	return p
}

// splitTemplate finds the control tokens in a template. Where one begins like
// another, the longer one is meant.
func splitTemplate(template string, control map[string]llama.Token) (parts []part) {
	var names []string
	for name := range control {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	from := 0
	for at := 0; at < len(template); {
		i := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(template[at:], name) })
		if i < 0 {
			at++
			continue
		}
		if at > from {
			parts = append(parts, part{text: template[from:at]})
		}
		parts = append(parts, part{token: control[names[i]]})
		at += len(names[i])
		from = at
	}
	if from < len(template) {
		parts = append(parts, part{text: template[from:]})
	}
	return parts
}

// tokens are those of a pair. Neither text can make a control token, nor a
// place for the other.
func (p pairs) tokens(query, document string) (out []llama.Token, err error) {
	if len(p.template) == 0 {
		return p.plain(query, document)
	}
	places := strings.NewReplacer(placeQuery, query, placeDocument, document)
	for _, piece := range p.template {
		if piece.text == "" {
			out = append(out, piece.token)
			continue
		}
		if out, err = p.model.Tokenize(out, places.Replace(piece.text), false); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// plain is BERT's way: [BOS]query[EOS][SEP]document[EOS], with those of them
// that the vocabulary asks for.
func (p pairs) plain(query, document string) (out []llama.Token, err error) {
	add := func(t llama.Token) {
		if t >= 0 {
			out = append(out, t)
		}
	}
	add(p.around.BOS)
	if out, err = p.model.Tokenize(out, query, false); err != nil {
		return nil, err
	}
	add(p.around.EOS)
	add(p.around.SEP)
	if out, err = p.model.Tokenize(out, document, false); err != nil {
		return nil, err
	}
	add(p.around.EOS)
	return out, nil
}
