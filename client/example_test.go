package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"time"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

// Ask a question and print the answer while it is generated.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	c, err := client.Dial(ctx, client.Options{WaitReady: true})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	req := &wire.V1Request{Messages: []wire.Message{
		{Role: wire.RoleUser, Content: "What is the capital of France?"},
	}}
	for frame, err := range c.Generate(ctx, req) {
		if err != nil {
			log.Fatal(err)
		}
		switch f := frame.(type) {
		case *wire.V1Token:
			fmt.Print(f.Content)
		case *wire.V1Done:
			fmt.Printf("\n%d tokens\n", f.Usage.CompletionTokens)
		}
	}
}

// Wait for a whole answer, without streaming.
func ExampleClient_Complete() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	greedy := 0.0
	done, err := c.Complete(ctx, &wire.V1Request{
		Messages:    []wire.Message{{Role: wire.RoleUser, Content: "Count to three."}},
		Temperature: &greedy,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(done.Content)
}

// Follow the daemon's lifecycle, from whatever state it is in.
func ExampleWatch() {
	for event, err := range client.Watch(context.Background(), "") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Status())
	}
}

// Talk with a model that thinks, and keep the conversation.
func ExampleClient_Chat() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	think := true
	req := &wire.V2Request{
		Messages: []wire.V2Message{client.SystemText("Be brief."), client.UserText("Why is the sky blue?")},
		Thinking: &think,
	}
	var answer client.Answer
	for frame, err := range c.Chat(ctx, req) {
		if err != nil {
			log.Fatal(err)
		}
		if f, ok := frame.(*wire.V2Frame); ok && f.Block.Type == wire.BlockText {
			fmt.Print(f.Block.Delta)
		}
		answer.Add(frame)
	}
	if turn, ok := answer.Message(); ok {
		req.Messages = append(req.Messages, turn, client.UserText("And at dusk?"))
	}
}

// Let the model call a function of the program.
func ExampleClient_RunTools() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	type place struct {
		City string `json:"city"`
	}
	schema, err := client.SchemaFor[place]()
	if err != nil {
		log.Fatal(err)
	}
	req := &wire.V2Request{
		Messages: []wire.V2Message{client.UserText("What is the weather in Paris?")},
		Tools:    []wire.Tool{{Name: "weather", Description: "the weather in a city", InputSchema: schema}},
	}
	run, err := c.RunTools(ctx, req, map[string]client.ToolFunc{
		"weather": func(_ context.Context, input json.RawMessage) (string, error) {
			var p place
			if err := json.Unmarshal(input, &p); err != nil {
				return "", err
			}
			return "It rains in " + p.City + ".", nil
		},
	}, 5, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Answer.Text)
}

// Get an answer as a Go value.
func ExampleAsk() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	type verdict struct {
		Mood   string `json:"mood" enum:"good,bad"`
		Reason string `json:"reason" description:"in one sentence"`
	}
	got, err := client.Ask[verdict](ctx, c, &wire.V2Request{
		Messages: []wire.V2Message{client.UserText("I lost my keys, and found a friend.")},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.Mood, got.Reason)
}

// Find the documents that answer a question.
func ExampleClient_Rerank() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	documents := []string{"Paris is in France.", "Fish live in water."}
	ranked, err := c.Rerank(ctx, &wire.RerankRequest{Query: "Where is Paris?", Documents: documents})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range ranked.Results {
		fmt.Println(r.Score, documents[r.Index])
	}
}

// Get the vectors of texts.
func ExampleClient_Embed() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	task := wire.TaskRetrievalDocument
	vectors, err := c.Embed(ctx, &wire.EmbedRequest{Input: []string{"first", "second"}, Task: &task})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(vectors.Embeddings), "vectors of", vectors.Dimensions)
}
