package wire

import (
	"fmt"
	"slices"
	"strings"
)

// maxInputs is how many texts one request may embed.
const maxInputs = 2048

// EmbedTask says what a vector is for.
type EmbedTask string

// The tasks.
const (
	TaskRetrievalQuery     EmbedTask = "retrieval_query"
	TaskRetrievalDocument  EmbedTask = "retrieval_document"
	TaskSimilarity         EmbedTask = "similarity"
	TaskClassification     EmbedTask = "classification"
	TaskClustering         EmbedTask = "clustering"
	TaskQuestionAnswering  EmbedTask = "question_answering"
	TaskFactVerification   EmbedTask = "fact_verification"
	TaskCodeRetrievalQuery EmbedTask = "code_retrieval_query"
)

var embedTasks = []EmbedTask{
	TaskRetrievalQuery, TaskRetrievalDocument, TaskSimilarity, TaskClassification, TaskClustering,
	TaskQuestionAnswering, TaskFactVerification, TaskCodeRetrievalQuery,
}

// EmbedRequest asks for the vectors of texts.
type EmbedRequest struct {
	ID string
	// Input is cut by decoding to one text more than is allowed.
	Input      []string
	Dimensions *int64
	Task       *EmbedTask
}

// EmbedResponse is a frame from the daemon on the embed surface: *Embeddings or
// *EmbedError.
type EmbedResponse = V1Response

// EmbedError ends a request that was not answered.
type EmbedError = V1Error

// Embeddings answers an EmbedRequest, vectors in the order of its input.
type Embeddings struct {
	ID         string
	Embeddings [][]float32
	Dimensions int
	Model      string
	// InputTokens is how many tokens all texts have.
	InputTokens int
	Backend     string // for diagnosis only
}

// DecodeEmbedRequest reads a request. The error is a *MalformedError.
func DecodeEmbedRequest(frame []byte) (*EmbedRequest, error) {
	r := &EmbedRequest{}
	sent := false
	var task *string
	err := decodeObject(frame,
		field{"id", &r.ID},
		field{"input", requiredTexts(&r.Input, maxInputs+1, &sent)},
		field{"dimensions", &r.Dimensions},
		field{"task", &task},
	)
	switch {
	case err != nil:
		return nil, err
	case !sent:
		return nil, missing("input", "an array of strings")
	}
	r.Task = (*EmbedTask)(task)
	return r, nil
}

// requiredTexts decodes an array of strings and keeps its first.
func requiredTexts(to *[]string, most int, sent *bool) func(*scanner) error {
	return func(s *scanner) error {
		*sent, *to = true, nil
		return s.array(func(i int) error {
			text, err := s.text()
			if i < most {
				*to = append(*to, text)
			}
			return withinIndex(i, err)
		})
	}
}

// Append writes the request's frame, newline included, to dst.
func (r *EmbedRequest) Append(dst []byte) []byte {
	o := openObject(dst)
	o.textIf("id", r.ID)
	o.texts("input", r.Input)
	o.integer("dimensions", r.Dimensions)
	if r.Task != nil {
		o.text("task", string(*r.Task))
	}
	return o.line()
}

// Validate checks what the request asks for of a model whose vectors have size
// numbers and can be cut to sizes; 0 is a size that is not known, and no sizes
// are any. The error is a *FieldError about the first problem.
func (r *EmbedRequest) Validate(size int, sizes []int) error {
	if err := checkText("id", r.ID); err != nil {
		return err
	}
	if err := checkTexts("input", r.Input, maxInputs); err != nil {
		return err
	}
	if err := r.checkDimensions(size, sizes); err != nil {
		return err
	}
	if r.Task != nil && !slices.Contains(embedTasks, *r.Task) {
		return &FieldError{Field: "task", Value: quoted(*r.Task), Problem: "is not known", Allowed: fmt.Sprintf("one of %s", joined(embedTasks))}
	}
	return nil
}

func (r *EmbedRequest) checkDimensions(size int, sizes []int) error {
	if r.Dimensions == nil {
		return nil
	}
	n := *r.Dimensions
	switch {
	case n < 1 || size > 0 && n > int64(size):
		allowed := "dimensions ≥ 1"
		if size > 0 {
			allowed = fmt.Sprintf("1 to %d", size)
		}
		return &FieldError{Field: "dimensions", Value: fmt.Sprint(n), Allowed: allowed}
	case len(sizes) > 0 && !slices.Contains(sizes, int(n)):
		return &FieldError{Field: "dimensions", Value: fmt.Sprint(n), Problem: "is no size of the model's", Allowed: fmt.Sprintf("one of %s", joined(sizes))}
	}
	return nil
}

// joined lists values with commas.
func joined[T any](list []T) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}

// checkTexts checks a list of texts that may not be empty.
func checkTexts(name string, list []string, most int) error {
	switch {
	case len(list) == 0:
		return &FieldError{Field: name, Problem: "is empty", Allowed: "one string or more"}
	case len(list) > most:
		return &FieldError{
			Field: name, Value: fmt.Sprintf("more than %d strings", most), Problem: "are too many",
			Allowed: fmt.Sprintf("up to %d strings", most),
		}
	}
	for i, text := range list {
		if text == "" {
			return &FieldError{Field: fmt.Sprintf("%s[%d]", name, i), Problem: "is empty", Allowed: "one character or more"}
		}
		if err := checkText(fmt.Sprintf("%s[%d]", name, i), text); err != nil {
			return err
		}
	}
	return nil
}
