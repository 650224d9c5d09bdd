package conformance

import (
	"slices"
	"strings"
)

// texts is n short ones.
func texts(n int) any { return slices.Repeat([]string{"a"}, n) }

// vectorExchanges are what may be wrong with requests for vectors and scores.
var vectorExchanges = []exchange{
	{section: "5", name: "no input", on: embed, change: request{"input": nil}, anyID: true, after: either, says: "input"},
	{section: "5", name: "input of the wrong type", on: embed, change: request{"input": 7}, noID: true, after: closed, says: "input"},
	{section: "5", name: "an empty input", on: embed, change: request{"input": []any{}}, says: "input"},
	{section: "5", name: "an empty string", on: embed, change: request{"input": []any{"a", ""}}, says: "input"},
	{section: "5", name: "2,048 strings", on: embed, change: request{"input": texts(2048)}, codes: []string{""}},
	{section: "5", name: "2,049 strings", on: embed, change: request{"input": texts(2049)}, says: "input"},
	{section: "5", name: "an unknown task", on: embed, change: request{"task": "poetry"}, says: "task"},
	{section: "5", name: "dimensions: 0", on: embed, change: request{"dimensions": 0}, says: "dimensions"},
	{section: "5", name: "dimensions: more than any model has", on: embed, change: request{"dimensions": 1 << 40}, says: "dimensions"},
	{section: "6", name: "no query", on: rerank, change: request{"query": nil}, anyID: true, after: either, says: "query"},
	{section: "6", name: "documents of the wrong type", on: rerank, change: request{"documents": "x"}, noID: true, after: closed, says: "documents"},
	{section: "6", name: "an empty query", on: rerank, change: request{"query": ""}, says: "query"},
	{section: "6", name: "no documents", on: rerank, change: request{"documents": []any{}}, says: "documents"},
	{section: "6", name: "an empty document", on: rerank, change: request{"documents": []any{"a", ""}}, says: "documents"},
	{section: "6", name: "256 documents", on: rerank, change: request{"documents": texts(256)}, codes: []string{""}},
	{section: "6", name: "257 documents", on: rerank, change: request{"documents": texts(257)}, says: "documents"},
	{section: "6", name: "more than 8 MiB", on: rerank, large: true, change: request{"documents": []any{strings.Repeat("a", 8*mib)}}, says: "documents"},
	{section: "6", name: "top_n: 0", on: rerank, change: request{"top_n": 0}, says: "top_n"},
}
