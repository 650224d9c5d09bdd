package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

// reachOptions are the flags of commands that send one request.
type reachOptions struct {
	json    bool
	noStart bool
	timeout time.Duration
}

func (o *reachOptions) register(f *pflag.FlagSet, asJSON string) {
	f.BoolVar(&o.json, "json", false, asJSON)
	f.BoolVar(&o.noStart, "no-start", false, "do not start a daemon")
	f.Var(durationValue{&o.timeout}, "timeout", "give up after so long, start and answer together; 0, the default, is never")
}

// connect returns a client of a daemon, which is started where none runs.
func (o *reachOptions) connect(ctx context.Context, p *program) (*client.Client, error) {
	ignoreBrokenPipe()
	return (&starter{program: p, allowed: !o.noStart}).connect(ctx)
}

// rerankOptions are the flags of rerank.
type rerankOptions struct {
	query string
	top   *int64
	reach reachOptions
}

func newRerankCommand(p *program) *cobra.Command {
	o := &rerankOptions{}
	cmd := &cobra.Command{
		Use:     "rerank --query TEXT [DOCUMENT...]",
		GroupID: groupUse,
		Short:   "Order documents by how well they answer a query",
		Long: `Print documents with their scores, the best first. The documents are the arguments,
or the lines of standard input where there are none or the only one is "-"; an empty
line is a mistake. Each line has the score, the number of the document counted from 1,
and the document, with tabs between. The model must be one that reranks.

Exit codes:
` + exitCodes,
		Example: `  inferd rerank --query 'Where is Paris?' 'Paris is in France.' 'Fish live in water.'
  inferd rerank --query 'how to stop it' --top 3 - <answers.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.interruptible(cmd.Context(), o.reach.timeout, func(ctx context.Context) error {
				return runRerank(ctx, p, o, args)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.query, "query", "", "the query, which has to be given: `TEXT`")
	f.Var(optionalInteger(&o.top), "top", "print so many of the best, at least 1; default all")
	o.reach.register(f, "print the daemon's answer as it is, with indexes from 0")
	return cmd
}

func runRerank(ctx context.Context, p *program, o *rerankOptions, args []string) error {
	if o.query == "" {
		return usageError("as in `inferd rerank --query 'Where is Paris?' …`", "there is no --query")
	}
	documents, err := readTexts(p.stdin.until(ctx), args)
	if err != nil {
		return err
	}
	req := &wire.RerankRequest{ID: "rerank", Query: o.query, Documents: documents, TopN: o.top}
	if err := req.Validate(); err != nil {
		return asFlag(err, "rerank")
	}
	c, err := o.reach.connect(ctx, p)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := c.Rerank(ctx, req)
	if err != nil {
		return answerError(err)
	}
	return p.printRanks(answer, documents, o.reach.json)
}

// printRanks prints an answer: a document on each line, or all as it came.
func (p *program) printRanks(answer *wire.Reranked, documents []string, whole bool) error {
	out := bufio.NewWriter(p.stdout)
	if whole {
		_, _ = out.Write(answer.Append(nil)) // Flush has the error
		return outputError(out.Flush())
	}
	for _, r := range answer.Results {
		if r.Index < 0 || r.Index >= len(documents) {
			return fmt.Errorf("the daemon scored document %d of %d", r.Index, len(documents))
		}
		score, err := json.Marshal(r.Score)
		if err != nil {
			return fmt.Errorf("print scores: %w", err)
		}
		document := documents[r.Index]
		if p.stdout.terminal {
			document = oneLine(document)
		}
		fmt.Fprintf(out, "%s\t%d\t%s\n", score, r.Index+1, document)
	}
	return outputError(out.Flush())
}
