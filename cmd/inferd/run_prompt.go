package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/inferd/inferd/wire"
)

// promptOptions are the flags that make a request.
type promptOptions struct {
	system      string
	grammarFile string
	request     wire.V1Request
}

func (o *promptOptions) register(f *pflag.FlagSet) {
	r := &o.request
	f.StringVar(&o.system, "system", "", "system `TEXT`: what the model should be")
	f.Var(optionalInteger(&r.MaxTokens), "max-tokens", "stop after so many tokens, at least 1; default 1000")
	f.Var(optionalNumber(&r.Temperature), "temperature", "0 (always the most likely token) to 100; default 1")
	f.Var(optionalNumber(&r.TopP), "top-p", "keep the likeliest tokens up to this share, above 0 to 1; default 0.95")
	f.Var(optionalInteger(&r.TopK), "top-k", "keep so many of the likeliest tokens, 0 keeps all; default 64")
	f.Var(optionalInteger(&r.Seed), "seed", "0 to 4294967295: the same seed draws the same answer; default random")
	f.StringArrayVar(&r.Stop, "stop", nil, "end the answer before this `TEXT`, 1 to 256 bytes; up to 16 times")
	f.StringVar(&o.grammarFile, "grammar-file", "", "GBNF `FILE` that the answer must follow, at most 64 KiB")
}

const (
	// promptID is the request's id: there is one on the connection.
	promptID = "run"
	// maxGrammar is what the protocol allows.
	maxGrammar = 64 << 10
)

// build makes the request and checks it: what the daemon would refuse is a
// mistake in the command line, and no reason to start one.
func (o *promptOptions) build(stdin input, args []string) (*wire.V1Request, error) {
	prompt, err := readPrompt(stdin, args)
	if err != nil {
		return nil, err
	}
	req := o.request
	req.ID = promptID
	if o.system != "" {
		req.Messages = append(req.Messages, wire.Message{Role: wire.RoleSystem, Content: o.system})
	}
	req.Messages = append(req.Messages, wire.Message{Role: wire.RoleUser, Content: prompt})
	if o.grammarFile != "" {
		grammar, err := readFile(o.grammarFile, maxGrammar)
		if err != nil {
			return nil, usageError("name a GBNF file that you may read", "read grammar: %w", err)
		}
		text := string(grammar)
		req.Grammar = &text
	}
	if err := req.Validate(); err != nil {
		return nil, asFlag(err)
	}
	return &req, nil
}

// asFlag names the flag where a rule of the protocol names the field.
func asFlag(err error) error {
	field, ok := errors.AsType[*wire.FieldError](err)
	if !ok {
		return err
	}
	flag := *field
	if name, _, _ := strings.Cut(flag.Field, "["); name != "messages" {
		flag.Field = "--" + strings.ReplaceAll(name, "_", "-")
	}
	return usageError("`inferd run --help` lists what is allowed", "%w", &flag)
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
