package conformance

import (
	"fmt"
	"math"
	"slices"
)

// vectorRules are about embeddings and scores.
var vectorRules = []rule{
	{section: "5", name: "there is a vector for each text, of length 1", on: embed, run: vectors},
	{section: "5", name: "a vector does not depend on what is beside it", on: embed, run: vectorsAlone},
	{section: "5", name: "vectors are cut to dimensions, and of length 1 again", on: embed, run: vectorsCut},
	{section: "5", name: "every task is taken", on: embed, run: vectorTasks},
	{section: "6", name: "results are by score, each document once", on: rerank, run: scores},
	{section: "6", name: "ties stay in the order of the documents", on: rerank, run: ties},
	{section: "6", name: "top_n cuts the results", on: rerank, run: topN},
	{section: "6", name: "a score does not depend on what is beside it", on: rerank, run: scoresAlone},
}

// near is how far numbers may be apart that should be the same.
const near = 1e-4

// embedded asks for vectors and checks their shape.
func (p *probe) embedded(change request, n int) ([][]float64, error) {
	a, err := p.answered(change)
	if err != nil {
		return nil, err
	}
	last := a.last()
	if len(last.Embeddings) != n || last.Dimensions < 1 {
		return nil, fmt.Errorf("%d vectors for %d texts, of %d dimensions", len(last.Embeddings), n, last.Dimensions)
	}
	for i, v := range last.Embeddings {
		if len(v) != last.Dimensions {
			return nil, fmt.Errorf("vector %d has %d numbers, dimensions is %d", i, len(v), last.Dimensions)
		}
		if length := math.Sqrt(dot(v, v)); math.Abs(length-1) > near {
			return nil, fmt.Errorf("vector %d has the length %v", i, length)
		}
	}
	return last.Embeddings, nil
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

var someTexts = []string{"a red fox", "quite another thing, at greater length", "ünïcödé 😀"}

func vectors(p *probe) (string, error) {
	all, err := p.embedded(request{"input": someTexts}, len(someTexts))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d numbers", len(all), len(all[0])), nil
}

func vectorsAlone(p *probe) (string, error) {
	all, err := p.embedded(request{"input": someTexts}, len(someTexts))
	if err != nil {
		return "", err
	}
	for i, text := range someTexts {
		alone, err := p.embedded(request{"input": []string{text}}, 1)
		if err != nil {
			return "", err
		}
		if len(alone[0]) != len(all[i]) || math.Abs(dot(alone[0], all[i])-1) > near {
			return "", fmt.Errorf("text %d has another vector alone, or the order is not the input's", i)
		}
	}
	return fmt.Sprintf("%d texts alone and together", len(all)), nil
}

func vectorsCut(p *probe) (string, error) {
	whole, err := p.embedded(request{"input": someTexts[:1]}, 1)
	if err != nil {
		return "", err
	}
	size := max(1, len(whole[0])/2)
	a, err := p.optional(request{"input": someTexts[:1], "dimensions": size}, "invalid_request") // the model may name its sizes
	if err != nil {
		return "", err
	}
	cut := a.last().Embeddings
	if len(cut) != 1 || len(cut[0]) != size || a.last().Dimensions != size {
		return "", fmt.Errorf("asked for %d dimensions: %s", size, short(a.last().raw))
	}
	length := math.Sqrt(dot(whole[0][:size], whole[0][:size]))
	for i := range cut[0] {
		if math.Abs(cut[0][i]-whole[0][i]/length) > near {
			return "", fmt.Errorf("number %d is %v, want %v", i, cut[0][i], whole[0][i]/length)
		}
	}
	return fmt.Sprintf("%d of %d", size, len(whole[0])), nil
}

func vectorTasks(p *probe) (string, error) {
	tasks := []string{
		"retrieval_query", "retrieval_document", "similarity", "classification", "clustering",
		"question_answering", "fact_verification", "code_retrieval_query",
	}
	for _, task := range tasks {
		if _, err := p.embedded(request{"input": someTexts[:1], "task": task}, 1); err != nil {
			return "", fmt.Errorf("task %s: %w", task, err)
		}
	}
	return fmt.Sprintf("%d tasks", len(tasks)), nil
}

// ranked asks for scores and checks their order.
func (p *probe) ranked(change request, documents, want int) ([]scored, error) {
	a, err := p.answered(change)
	if err != nil {
		return nil, err
	}
	results := a.last().Results
	if len(results) != want {
		return nil, fmt.Errorf("%d results, want %d", len(results), want)
	}
	seen := make([]bool, documents)
	for i, r := range results {
		if r.Index == nil || r.Score == nil || *r.Index < 0 || *r.Index >= documents || seen[*r.Index] {
			return nil, fmt.Errorf("result %d is no document, or one that was there: %s", i, short(a.last().raw))
		}
		seen[*r.Index] = true
		if i > 0 && *r.Score > *results[i-1].Score {
			return nil, fmt.Errorf("result %d has a higher score than the one before it", i)
		}
	}
	return results, nil
}

func scores(p *probe) (string, error) {
	results, err := p.ranked(nil, 3, 3)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d results, the best has index %d", len(results), *results[0].Index), nil
}

func ties(p *probe) (string, error) {
	const n = 6
	results, err := p.ranked(request{"documents": slices.Repeat([]string{"the same text"}, n)}, n, n)
	if err != nil {
		return "", err
	}
	for i, r := range results {
		if *r.Index != i {
			return "", fmt.Errorf("result %d of equal documents has index %d", i, *r.Index)
		}
	}
	return fmt.Sprintf("%d equal documents", n), nil
}

func topN(p *probe) (string, error) {
	all, err := p.ranked(nil, 3, 3)
	if err != nil {
		return "", err
	}
	best, err := p.ranked(request{"top_n": 1}, 3, 1)
	if err != nil {
		return "", err
	}
	if *best[0].Index != *all[0].Index {
		return "", fmt.Errorf("the best is %d, of all it was %d", *best[0].Index, *all[0].Index)
	}
	_, err = p.ranked(request{"top_n": 99}, 3, 3)
	return "1 of 3, and 3 of 99", err
}

func scoresAlone(p *probe) (string, error) {
	all, err := p.ranked(request{"documents": someTexts}, len(someTexts), len(someTexts))
	if err != nil {
		return "", err
	}
	for _, r := range all {
		alone, err := p.ranked(request{"documents": someTexts[*r.Index : *r.Index+1]}, 1, 1)
		if err != nil {
			return "", err
		}
		if math.Abs(*alone[0].Score-*r.Score) > near {
			return "", fmt.Errorf("document %d has the score %v, alone %v", *r.Index, *r.Score, *alone[0].Score)
		}
	}
	return fmt.Sprintf("%d documents alone and together", len(all)), nil
}
