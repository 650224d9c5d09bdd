package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

// promptOptions are the flags that make a request.
type promptOptions struct {
	sampling samplingOptions
	typed    typedOptions
}

func (o *promptOptions) register(f *pflag.FlagSet) {
	o.sampling.register(f)
	o.typed.register(f)
}

// samplingOptions are the flags that say what the model should be and how its
// answer is drawn.
type samplingOptions struct {
	system      string
	grammarFile string
	settings    wire.Sampling
}

func (o *samplingOptions) register(f *pflag.FlagSet) {
	s := &o.settings
	f.StringVar(&o.system, "system", "", "system `TEXT`: what the model should be")
	f.Var(optionalInteger(&s.MaxTokens), "max-tokens", "stop after so many tokens, at least 1; default 1000")
	f.Var(optionalNumber(&s.Temperature), "temperature", "0 (always the most likely token) to 100; default 1")
	f.Var(optionalNumber(&s.TopP), "top-p", "keep the likeliest tokens up to this share, above 0 to 1; default 0.95")
	f.Var(optionalInteger(&s.TopK), "top-k", "keep so many of the likeliest tokens, 0 keeps all; default 64")
	f.Var(optionalInteger(&s.Seed), "seed", "0 to 4294967295: the same seed draws the same answer; default random")
	f.StringArrayVar(&s.Stop, "stop", nil, "end the answer before this `TEXT`, 1 to 256 bytes; up to 16 times")
	f.StringVar(&o.grammarFile, "grammar-file", "", "GBNF `FILE` that the answer must follow, at most 64 KiB")
}

const (
	// promptID is the request's id: there is one on the connection.
	promptID = "run"
	// maxGrammar is what the protocol allows.
	maxGrammar = 64 << 10
)

// read returns the settings, with the grammar of the file.
func (o *samplingOptions) read() (wire.Sampling, error) {
	s := o.settings
	if o.grammarFile != "" {
		grammar, err := readFile(o.grammarFile, maxGrammar)
		if err != nil {
			return s, usageError("name a GBNF file that you may read", "read grammar: %w", err)
		}
		text := string(grammar)
		s.Grammar = &text
	}
	return s, nil
}

// request is what run asks: of the text surface, or of a typed one where only
// that has what was asked for.
type request struct {
	text  *wire.V1Request
	typed *wire.V2Request
}

// send sends it.
func (r request) send(ctx context.Context, c *client.Client) iter.Seq2[wire.V1Response, error] {
	if r.typed != nil {
		return c.Chat(ctx, r.typed)
	}
	return c.Generate(ctx, r.text)
}

// build makes the request and checks it: what the daemon would refuse is a
// mistake in the command line, and no reason to start one.
func (o *promptOptions) build(stdin input, args []string) (request, error) {
	prompt, err := readPrompt(stdin, args)
	if err != nil {
		return request{}, err
	}
	settings, err := o.sampling.read()
	if err != nil {
		return request{}, err
	}
	if o.typed.given() {
		typed, err := o.typed.build(o.sampling.system, prompt, settings)
		return request{typed: typed}, err
	}
	req := textRequest(&settings)
	if o.sampling.system != "" {
		req.Messages = append(req.Messages, wire.Message{Role: wire.RoleSystem, Content: o.sampling.system})
	}
	req.Messages = append(req.Messages, wire.Message{Role: wire.RoleUser, Content: prompt})
	if err := req.Validate(); err != nil {
		return request{}, asFlag(err, "run")
	}
	return request{text: req}, nil
}

// textRequest is a request of the text surface with the settings that there are
// flags for.
func textRequest(s *wire.Sampling) *wire.V1Request {
	return &wire.V1Request{
		ID: promptID, Temperature: s.Temperature, TopP: s.TopP, TopK: s.TopK,
		MaxTokens: s.MaxTokens, Grammar: s.Grammar, Seed: s.Seed, Stop: s.Stop,
	}
}

// asFlag names the flag where a rule of the protocol names the field.
func asFlag(err error, command string) error {
	field, ok := errors.AsType[*wire.FieldError](err)
	if !ok {
		return err
	}
	flag := *field
	switch name, _, _ := strings.Cut(flag.Field, "["); name {
	case "messages", "query", "input", "documents":
	case "top_n":
		flag.Field = "--top"
	case "response_format", "response_format.schema":
		flag.Field = "--schema"
	case "tools", "attachments":
		flag.Field = map[string]string{"tools": "--tool", "attachments": "--image"}[name] + " " + flag.Field
	default:
		flag.Field = "--" + strings.ReplaceAll(name, "_", "-")
	}
	return usageError(fmt.Sprintf("`inferd %s --help` lists what is allowed", command), "%w", &flag)
}

// readPrompt takes the prompt from the arguments, or from standard input.
func readPrompt(stdin input, args []string) (string, error) {
	const hint = "give it as an argument, as in `inferd run 'What is the capital of France?'`, or pipe it in"
	prompt := strings.Join(args, " ")
	if len(args) == 0 && stdin.terminal {
		return "", usageError(hint, "there is no prompt")
	}
	if len(args) == 0 || prompt == "-" {
		text, err := io.ReadAll(io.LimitReader(stdin, wire.MaxFrame+1))
		if err != nil {
			return "", fmt.Errorf("read prompt: %w", err)
		}
		if len(text) > wire.MaxFrame {
			return "", usageError("send a shorter one", "the prompt has more than %d bytes", wire.MaxFrame)
		}
		prompt = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	}
	if prompt == "" {
		return "", usageError(hint, "the prompt is empty")
	}
	if !utf8.ValidString(prompt) {
		return "", usageError("convert it first, with iconv for example", "the prompt is not UTF-8 text")
	}
	return prompt, nil
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return content, err
}
