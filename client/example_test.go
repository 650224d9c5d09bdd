package client_test

import (
	"context"
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
