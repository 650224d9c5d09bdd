package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/inferd/inferd/client"
	"github.com/inferd/inferd/wire"
)

// typedOptions are the flags for what only the typed surfaces have.
type typedOptions struct {
	schemaFile string
	toolFiles  []string
	imageFiles []string
	think      bool
}

func (o *typedOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.schemaFile, "schema", "", "JSON Schema `FILE` that the answer must follow, at most 1 MiB")
	f.StringArrayVar(&o.toolFiles, "tool", nil, "`FILE` with a tool, or a list of them, that the model may call; may be repeated")
	f.BoolVar(&o.think, "think", false, "let the model think before it answers; its thoughts go to standard error")
	f.StringArrayVar(&o.imageFiles, "image", nil, "PNG, JPEG or GIF `FILE` to show to the model; up to 32 times")
}

func (o *typedOptions) given() bool {
	return o.schemaFile != "" || o.think || len(o.toolFiles) > 0 || len(o.imageFiles) > 0
}

// able is a backend that can do everything: what the daemon's can't is for the
// daemon to say.
var able = &wire.Capabilities{V2: true, Vision: true, Audio: true, Tools: true, Thinking: true, StructuredOutput: true}

// build makes the request and checks it.
func (o *typedOptions) build(system, prompt string, settings wire.Sampling) (*wire.V2Request, error) {
	req := &wire.V2Request{ID: promptID, Sampling: settings}
	if o.think {
		req.Thinking = &o.think
	}
	if err := o.readSchema(req); err != nil {
		return nil, err
	}
	var err error
	if req.Tools, err = readTools(o.toolFiles); err != nil {
		return nil, err
	}
	if system != "" {
		req.Messages = append(req.Messages, client.SystemText(system))
	}
	question := wire.V2Message{Role: wire.RoleUser}
	for i, path := range o.imageFiles {
		image, err := readImage(path, fmt.Sprintf("image_%d", i+1))
		if err != nil {
			return nil, usageError("name a PNG, JPEG or GIF file that you may read", "read image %s: %w", path, err)
		}
		req.Attachments = append(req.Attachments, image)
		question.Content = append(question.Content, wire.Block{Type: wire.BlockImage, AttachmentID: image.ID})
	}
	question.Content = append(question.Content, wire.Block{Type: wire.BlockText, Text: prompt})
	req.Messages = append(req.Messages, question)
	if err := req.Validate(able, nil); err != nil {
		return nil, asFlag(err, "run")
	}
	return req, nil
}

// maxSchema is what the protocol allows for all schemas of a request.
const maxSchema = 1 << 20

func (o *typedOptions) readSchema(req *wire.V2Request) error {
	if o.schemaFile == "" {
		return nil
	}
	text, err := readFile(o.schemaFile, maxSchema)
	if err != nil {
		return usageError("name a JSON file that you may read", "read schema: %w", err)
	}
	schema, err := compact(text)
	if err != nil {
		return usageError("a schema is a JSON object such as {\"type\":\"object\"}", "read schema %s: %w", o.schemaFile, err)
	}
	req.ResponseFormat = &wire.ResponseFormat{Type: wire.FormatJSONSchema, Schema: schema}
	return nil
}

// compact is one JSON value without the white space between its tokens.
func compact(text []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

const toolHint = `a tool is {"name": "...", "description": "...", "input_schema": {...}}; a file holds one or a list of them`

// readTools reads the tools of all files.
func readTools(files []string) ([]wire.Tool, error) {
	var all []wire.Tool
	for _, path := range files {
		text, err := readFile(path, 2*maxSchema)
		if err != nil {
			return nil, usageError("name a JSON file that you may read", "read tool: %w", err)
		}
		tools, err := parseTools(text)
		if err != nil {
			return nil, usageError(toolHint, "read tool %s: %w", path, err)
		}
		all = append(all, tools...)
	}
	return all, nil
}

// parseTools reads one tool, or a list of them.
func parseTools(text []byte) ([]wire.Tool, error) {
	type tool struct {
		Name        *string         `json:"name"`
		Description *string         `json:"description"`
		InputSchema json.RawMessage `json:"input_schema"`
	}
	var list []tool
	to := any(&list)
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		list = make([]tool, 1)
		to = &list[0]
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more follows behind the JSON value")
	}
	tools := make([]wire.Tool, len(list))
	for i, t := range list {
		if t.Name == nil || t.Description == nil || t.InputSchema == nil {
			return nil, errors.New("name, description and input_schema are all required")
		}
		schema, err := compact(t.InputSchema)
		if err != nil {
			return nil, err
		}
		tools[i] = wire.Tool{Name: *t.Name, Description: *t.Description, InputSchema: schema}
	}
	return tools, nil
}
