package task

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/wire"
)

func TestLookup_KnowsFamiliesByArchitectureAndName(t *testing.T) {
	for _, tt := range []struct {
		architecture, name string
		task               wire.EmbedTask
		prefix             string
		sizes              []int
	}{
		{"gemma-embedding", "", wire.TaskRetrievalDocument, "title: none | text: ", []int{768, 512, 256, 128}},
		{"gemma3", "EmbeddingGemma 300M", wire.TaskFactVerification, "task: fact checking | query: ", []int{768, 512, 256, 128}},
		{"nomic-bert", "nomic-embed-text-v1.5", wire.TaskRetrievalQuery, "search_query: ", []int{768, 512, 256, 128, 64}},
		{"nomic-bert-moe", "Nomic Embed Text v2 Moe", wire.TaskClustering, "clustering: ", nil},
		{"nomic-bert", "snowflake-arctic-embed-m-long", wire.TaskRetrievalQuery, represent, nil},
		{"bert", "Snowflake Arctic Embed L v2.0", wire.TaskRetrievalQuery, "query: ", nil},
		{"bert", "multilingual-e5-large", wire.TaskRetrievalDocument, "passage: ", nil},
		{"bert", "Multilingual E5 Large Instruct", wire.TaskRetrievalDocument, "", nil},
		{"bert", "Multilingual E5 Large Instruct", wire.TaskQuestionAnswering, instruction + "Query: ", nil},
		{"qwen3", "Qwen3 Embedding 0.6B", wire.TaskRetrievalQuery, instruction + "Query:", nil},
		{"qwen3", "Qwen3 0.6B", wire.TaskRetrievalQuery, "", nil},
		{"qwen2", "nomic-embed-code", wire.TaskCodeRetrievalQuery, "Represent this query for searching relevant code: ", nil},
		{"bert", "bge-large-en-v1.5", wire.TaskRetrievalQuery, represent, nil},
		{"bert", "BGE Large zh v1.5", wire.TaskRetrievalQuery, "为这个句子生成表示以用于检索相关文章：", nil},
		{"bert", "bge-m3", wire.TaskRetrievalQuery, "", nil},
		{"bert", "mxbai-embed-large-v1", wire.TaskRetrievalDocument, "", nil},
		{"bert", "all-MiniLM-L6-v2", wire.TaskRetrievalQuery, "", nil},
		{"bert", "be5t", wire.TaskRetrievalQuery, "", nil},
		{"", "", wire.TaskRetrievalQuery, "", nil},
	} {
		f := Lookup(tt.architecture, tt.name)
		if got := f.Prefix(tt.task); got != tt.prefix {
			t.Errorf("%s %q, %s: prefix %q, want %q", tt.architecture, tt.name, tt.task, got, tt.prefix)
		}
		if diff := cmp.Diff(tt.sizes, f.Sizes); diff != "" {
			t.Errorf("%s %q: %s", tt.architecture, tt.name, diff)
		}
	}
}

func TestPrefix_OfNoTaskIsNothing(t *testing.T) {
	for _, f := range families {
		if p := f.Prefix(""); p != "" {
			t.Errorf("%v: prefix %q without a task", f.words, p)
		}
	}
}

func TestFamilies_NameSizesFromTheLargestDown(t *testing.T) {
	for _, f := range families {
		if down := slices.Clone(f.Sizes); len(down) > 0 {
			slices.Sort(down)
			slices.Reverse(down)
			if diff := cmp.Diff(down, f.Sizes); diff != "" {
				t.Errorf("%v: %s", f.words, diff)
			}
		}
	}
}
