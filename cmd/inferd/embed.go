package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/wire"
)

// embedOptions are the flags of embed.
type embedOptions struct {
	dimensions *int64
	task       string
	reach      reachOptions
}

func newEmbedCommand(p *program) *cobra.Command {
	o := &embedOptions{}
	cmd := &cobra.Command{
		Use:     "embed [TEXT...]",
		GroupID: groupUse,
		Short:   "Print the vectors of texts",
		Long: `Print the vector of each text, one line of JSON each, in order. The texts are the
arguments, or the lines of standard input where there are none or the only one is
"-"; an empty line is a mistake. The model must be one that embeds.

Exit codes:
` + exitCodes,
		Example: `  inferd embed 'a cat' 'a kitten'
  inferd embed --task retrieval_document - <paragraphs.txt >vectors.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.interruptible(cmd.Context(), o.reach.timeout, func(ctx context.Context) error {
				return runEmbed(ctx, p, o, args)
			})
		},
	}
	f := cmd.Flags()
	f.Var(optionalInteger(&o.dimensions), "dimensions", "cut the vectors to so many numbers; default all that the model makes")
	f.StringVar(&o.task, "task", "", "what the vectors are for, such as retrieval_query, retrieval_document or similarity: `TASK`")
	o.reach.register(f, "print the daemon's answer as it is, one JSON object for each request")
	return cmd
}

// maxInputs is how many texts go into a request.
const maxInputs = 2048

func runEmbed(ctx context.Context, p *program, o *embedOptions, args []string) error {
	texts, err := readTexts(p.stdin.until(ctx), args)
	if err != nil {
		return err
	}
	var requests []*wire.EmbedRequest
	for some := range slices.Chunk(texts, maxInputs) {
		req := &wire.EmbedRequest{ID: "embed", Input: some, Dimensions: o.dimensions}
		if o.task != "" {
			task := wire.EmbedTask(o.task)
			req.Task = &task
		}
		if err := req.Validate(0, nil); err != nil {
			return asFlag(err, "embed")
		}
		requests = append(requests, req)
	}
	c, err := o.reach.connect(ctx, p)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, req := range requests {
		answer, err := c.Embed(ctx, req)
		if err != nil {
			return answerError(err)
		}
		if err := p.printVectors(answer, o.reach.json); err != nil {
			return err
		}
	}
	return nil
}

// printVectors prints an answer: a vector on each line, or all as it came.
func (p *program) printVectors(answer *wire.Embeddings, whole bool) error {
	out := bufio.NewWriter(p.stdout)
	if whole {
		_, _ = out.Write(answer.Append(nil)) // Flush has the error
	} else {
		for _, vector := range answer.Embeddings {
			line, err := json.Marshal(vector)
			if err != nil {
				return fmt.Errorf("print vectors: %w", err)
			}
			_, _ = out.Write(append(line, '\n'))
		}
	}
	return outputError(out.Flush())
}

// readTexts takes texts from the arguments, or a line each from standard input.
func readTexts(stdin input, args []string) ([]string, error) {
	const hint = "give them as arguments, or as lines of standard input"
	texts := args
	if len(args) == 0 && stdin.terminal {
		return nil, usageError(hint, "there are no texts")
	}
	if len(args) == 0 || len(args) == 1 && args[0] == "-" {
		all, err := io.ReadAll(io.LimitReader(stdin, wire.MaxFrame+1))
		switch {
		case err != nil:
			return nil, fmt.Errorf("read texts: %w", err)
		case len(all) > wire.MaxFrame:
			return nil, usageError("send fewer at a time", "the texts have more than %d bytes", wire.MaxFrame)
		case len(all) == 0:
			return nil, usageError(hint, "there are no texts")
		}
		texts = strings.Split(strings.TrimSuffix(string(all), "\n"), "\n")
		for i := range texts {
			texts[i] = strings.TrimSuffix(texts[i], "\r")
		}
	}
	for i, text := range texts {
		if text == "" {
			return nil, usageError(hint, "text %d is empty", i+1)
		}
		if !utf8.ValidString(text) {
			return nil, usageError("convert it first, with iconv for example", "text %d is not UTF-8", i+1)
		}
	}
	return texts, nil
}
