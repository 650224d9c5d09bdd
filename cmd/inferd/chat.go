package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/internal/chatfile"
	"github.com/inferd/inferd/internal/lineedit"
	"github.com/inferd/inferd/wire"
)

// chatOptions are the flags of chat.
type chatOptions struct {
	sampling  samplingOptions
	toolFiles []string
	think     bool
	session   string
	resume    bool
	unkept    bool
	noStart   bool
}

func newChatCommand(p *program) *cobra.Command {
	o := &chatOptions{}
	cmd := &cobra.Command{
		Use:     "chat",
		GroupID: groupUse,
		Short:   "Talk with the model",
		Long: `Talk with the model on a terminal. Enter sends. A line that ends with a backslash
goes on with the next one; so does all between """ and """, and Alt-Enter begins a new
line. Pasted text keeps its lines. The arrow keys edit, and go through what was said.

Ctrl-C cancels the answer that is being written, and clears what is being typed; twice
on an empty line it leaves, as Ctrl-D and /quit do. /help lists the other commands.

What is said is kept in a file that only you may read, below the data directory, after
each turn: --continue goes on with the last conversation, --session with any. Where
the model calls a tool of --tool, you are asked for its result: nothing is run.

Where standard input is no terminal, each line of it is a message, or a command.

Exit codes:
` + exitCodes,
		Example: `  inferd chat --system 'You are a patient teacher.'
  inferd chat --continue
  inferd chat --session holidays`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return runChat(cmd.Context(), p, o)
		},
	}
	f := cmd.Flags()
	o.sampling.register(f)
	f.StringArrayVar(&o.toolFiles, "tool", nil, "`FILE` with a tool, or a list of them, that the model may call; may be repeated")
	f.BoolVar(&o.think, "think", false, "let the model think before it answers; its thoughts go to standard error")
	f.StringVar(&o.session, "session", "", "go on with this conversation, or begin it: `NAME`, or a file with a path")
	f.BoolVar(&o.resume, "continue", false, "go on with the last conversation that has no file of its own")
	f.BoolVar(&o.unkept, "no-session", false, "keep nothing of the conversation")
	f.BoolVar(&o.noStart, "no-start", false, "do not start a daemon")
	return cmd
}

func (o *chatOptions) check() error {
	given := 0
	for _, flag := range []bool{o.session != "", o.resume, o.unkept} {
		if flag {
			given++
		}
	}
	if given > 1 {
		return usageError("each of them says which conversation it is", "only one of --session, --continue and --no-session can be given")
	}
	return nil
}

// chat is a conversation at a terminal, or of lines of text.
type chat struct {
	program *program
	starter func() *starter
	client  *client.Client
	file    *chatfile.File
	input   *lineedit.Input
	editor  *lineedit.Editor // nil where standard input is no terminal
	signals *chatSignals

	settings wire.Sampling
	tools    []wire.Tool
	think    *bool
	total    wire.Usage // of all answers
	last     *answer
	warned   bool // of what another Ctrl-C does
}

func runChat(ctx context.Context, p *program, o *chatOptions) (err error) {
	c := &chat{program: p, input: lineedit.NewInput(p.stdin)}
	c.starter = func() *starter { return &starter{program: p, allowed: !o.noStart} }
	if err := c.prepare(o); err != nil {
		return err
	}
	if c.file, err = p.openSession(o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.file.Close()) }()
	if o.sampling.system != "" && o.sampling.system != c.file.System {
		if err := c.file.SetSystem(o.sampling.system); err != nil {
			return err
		}
	}
	ignoreBrokenPipe()
	err = p.interruptible(ctx, 0, func(ctx context.Context) (err error) {
		c.client, err = c.starter().connect(ctx)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = c.client.Close() }()
	if p.stdin.terminal {
		c.editor = newEditor(p, c.input, c.file.UserTexts())
	}
	c.greet()
	c.signals = &chatSignals{}
	return c.signals.during(ctx, p, c.editor != nil, c.loop)
}

// prepare reads what the flags name, and checks it as a request.
func (c *chat) prepare(o *chatOptions) (err error) {
	if c.settings, err = o.sampling.read(); err != nil {
		return err
	}
	if c.tools, err = readTools(o.toolFiles); err != nil {
		return err
	}
	if o.think {
		c.think = &o.think
	}
	probe := c.request([]wire.V2Message{client.SystemText(o.sampling.system)})
	if err := probe.Validate(able, nil); err != nil {
		return asFlag(err, "chat")
	}
	return nil
}

// request asks about a conversation.
func (c *chat) request(messages []wire.V2Message) *wire.V2Request {
	return &wire.V2Request{ID: "chat", Messages: messages, Tools: c.tools, Sampling: c.settings, Thinking: c.think}
}

func newEditor(p *program, in *lineedit.Input, said []string) *lineedit.Editor {
	e := lineedit.New(in, p.stdout, func() (columns, rows int) {
		if f, ok := p.stdin.Reader.(*os.File); ok {
			columns, rows, _ = term.GetSize(int(f.Fd())) // 0 where it can't be known
		}
		return cmp.Or(columns, 80), rows
	})
	e.Continue, e.Complete = goesOn, completions
	for _, text := range said {
		e.Remember(text)
	}
	return e
}

// greet says where one is, to a person.
func (c *chat) greet() {
	if c.editor == nil {
		return
	}
	kept := "nothing of it is kept"
	if path := c.file.Path(); path != "" {
		kept = "it is kept in " + oneLine(path)
	}
	if n := len(c.file.Turns); n > 0 {
		fmt.Fprintf(c.program.stdout, "going on after %s; %s\n", plural(n, "turn"), kept)
	} else {
		fmt.Fprintf(c.program.stdout, "a new conversation; %s\n", kept)
	}
	fmt.Fprintln(c.program.stdout, "/help lists the commands, Ctrl-D leaves")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// sessionName is the name of a conversation that was given none: by when it
// begins, so that names sort as the conversations came.
func sessionName(now time.Time) string { return now.UTC().Format("20060102T150405.000000000Z") }
