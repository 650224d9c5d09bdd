package proto

// Traits are what a model's own metadata says that it is made for. Whether the
// daemon can put it to that use is another question.
type Traits struct {
	Architecture string `json:"architecture,omitempty"`
	// Template is the family of the model's chat template, empty where it has
	// none.
	Template string `json:"template,omitempty"`
	// Tools and Thinking: the template has a place for them.
	Tools    bool `json:"tools,omitempty"`
	Thinking bool `json:"thinking,omitempty"`
	// Vision: the file holds an image encoder.
	Vision bool `json:"vision,omitempty"`
	// Embedding is the length of the vectors of a model that is made for
	// embeddings, else 0.
	Embedding int `json:"embedding,omitempty"`
	// TrainedContext is the context that the model was trained with, in tokens.
	TrainedContext int `json:"trained_context,omitempty"`
}
