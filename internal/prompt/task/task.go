// Package task knows what families of embedding models want to have in front
// of a text, so that its vector suits what it is for, and what sizes their
// vectors can be cut to. Where the facts are from: the cards that the models'
// makers publish with them.
package task

import (
	"slices"
	"strings"

	"github.com/inferd/inferd/wire"
)

// Family is a family of models. The zero value is one that nothing is known
// of.
type Family struct {
	// Sizes are what vectors may be cut to, the largest first; none is any.
	Sizes    []int
	prefixes map[wire.EmbedTask]string
}

// Prefix is what comes before a text for a task: nothing where the family
// knows no such task.
func (f Family) Prefix(t wire.EmbedTask) string { return f.prefixes[t] }

// family is a row of the table: a Family and how its models are recognised.
type family struct {
	architecture string // of the file, where it says enough by itself
	// words are all in the model's name, as whole words; without are not.
	words, without []string
	Family
}

// Lookup finds the family of a model by what its file says of its architecture
// and its name.
func Lookup(architecture, name string) Family {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune(" -_/", r) })
	for _, f := range families {
		if f.architecture != "" && f.architecture == architecture || f.named(words) {
			return f.Family
		}
	}
	return Family{}
}

func (f family) named(words []string) bool {
	if len(f.words) == 0 {
		return false
	}
	for _, w := range f.words {
		if !slices.Contains(words, w) {
			return false
		}
	}
	return !slices.ContainsFunc(f.without, func(w string) bool { return slices.Contains(words, w) })
}

// families are tried in order.
var families = []family{
	{architecture: "gemma-embedding", words: []string{"embeddinggemma"}, Family: gemma},
	{words: []string{"nomic", "embed", "text", "v1.5"}, Family: Family{Sizes: []int{768, 512, 256, 128, 64}, prefixes: nomic}},
	{words: []string{"nomic", "embed", "text"}, Family: Family{prefixes: nomic}},
	{words: []string{"nomic", "embed", "code"}, Family: Family{prefixes: queries("Represent this query for searching relevant code: ")}},
	{words: []string{"qwen3", "embedding"}, Family: Family{prefixes: queries(instruction + "Query:")}},
	{words: []string{"e5", "instruct"}, Family: Family{prefixes: queries(instruction + "Query: ")}},
	{words: []string{"e5", "mistral"}, Family: Family{prefixes: queries(instruction + "Query: ")}},
	{words: []string{"e5"}, Family: Family{prefixes: e5}},
	{words: []string{"bge", "en"}, without: []string{"icl", "reranker"}, Family: Family{prefixes: queries(represent)}},
	{words: []string{"bge", "zh"}, without: []string{"reranker"}, Family: Family{prefixes: queries("为这个句子生成表示以用于检索相关文章：")}},
	{words: []string{"mxbai", "embed"}, Family: Family{prefixes: queries(represent)}},
	{words: []string{"snowflake", "arctic", "embed", "v2.0"}, Family: Family{prefixes: queries("query: ")}},
	{words: []string{"snowflake", "arctic", "embed"}, Family: Family{prefixes: queries(represent)}},
}

const (
	represent   = "Represent this sentence for searching relevant passages: "
	instruction = "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
)

// queries is one prefix for all that is searched with.
func queries(prefix string) map[wire.EmbedTask]string {
	return map[wire.EmbedTask]string{
		wire.TaskRetrievalQuery:     prefix,
		wire.TaskQuestionAnswering:  prefix,
		wire.TaskFactVerification:   prefix,
		wire.TaskCodeRetrievalQuery: prefix,
	}
}

var gemma = Family{
	Sizes: []int{768, 512, 256, 128},
	prefixes: map[wire.EmbedTask]string{
		wire.TaskRetrievalQuery:     "task: search result | query: ",
		wire.TaskRetrievalDocument:  "title: none | text: ",
		wire.TaskSimilarity:         "task: sentence similarity | query: ",
		wire.TaskClassification:     "task: classification | query: ",
		wire.TaskClustering:         "task: clustering | query: ",
		wire.TaskQuestionAnswering:  "task: question answering | query: ",
		wire.TaskFactVerification:   "task: fact checking | query: ",
		wire.TaskCodeRetrievalQuery: "task: code retrieval | query: ",
	},
}

var nomic = map[wire.EmbedTask]string{
	wire.TaskRetrievalQuery:     "search_query: ",
	wire.TaskRetrievalDocument:  "search_document: ",
	wire.TaskSimilarity:         "classification: ", // which is what the maker measures similarity with
	wire.TaskClassification:     "classification: ",
	wire.TaskClustering:         "clustering: ",
	wire.TaskQuestionAnswering:  "search_query: ",
	wire.TaskFactVerification:   "search_query: ",
	wire.TaskCodeRetrievalQuery: "search_query: ",
}

var e5 = map[wire.EmbedTask]string{
	wire.TaskRetrievalQuery:     "query: ",
	wire.TaskRetrievalDocument:  "passage: ",
	wire.TaskSimilarity:         "query: ",
	wire.TaskClassification:     "query: ",
	wire.TaskClustering:         "query: ",
	wire.TaskQuestionAnswering:  "query: ",
	wire.TaskFactVerification:   "query: ",
	wire.TaskCodeRetrievalQuery: "query: ",
}
