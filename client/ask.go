package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/inferd/inferd/wire"
)

// Ask answers a conversation with a value of type T: the daemon holds the model
// to T's schema (see SchemaFor), and what comes is decoded strictly. Where the
// backend can't hold it to one, the daemon refuses the request and the error is
// its *ServerError.
//
// An answer that was cut, or is not what the schema says, is a *NotAnswerError.
func Ask[T any](ctx context.Context, c *Client, req *wire.V2Request) (T, error) {
	var value T
	s, err := schemaOf[T]()
	if err != nil {
		return value, err
	}
	shaped := *req
	shaped.ResponseFormat = &wire.ResponseFormat{Type: wire.FormatJSONSchema, Schema: s.encode()}
	answer, err := c.CompleteChat(ctx, &shaped)
	if err != nil {
		return value, fmt.Errorf("ask for a %T: %w", value, err)
	}
	if stop := answer.Done.StopReason; stop != wire.StopEndTurn && stop != wire.StopSequence {
		return value, notAnswer(value, answer, fmt.Errorf("it ended with %s", stop))
	}
	if err := s.decode(answer.Text, &value); err != nil {
		var none T
		return none, notAnswer(value, answer, err)
	}
	return value, nil
}

// NotAnswerError says that a model's answer is not the value that it was asked
// for.
type NotAnswerError struct {
	// Type is the Go type that was asked for.
	Type string
	// Answer is what came instead. It is not part of the error's text, which
	// may be logged.
	Answer *Answer
	// Err is what is wrong with it.
	Err error
}

func (e *NotAnswerError) Error() string { return fmt.Sprintf("the answer is no %s: %v", e.Type, e.Err) }

// Unwrap returns Err.
func (e *NotAnswerError) Unwrap() error { return e.Err }

func notAnswer(value any, answer *Answer, err error) error {
	return &NotAnswerError{Type: fmt.Sprintf("%T", value), Answer: answer, Err: err}
}

// SchemaFor returns the JSON Schema of a Go type, as encoding/json writes its
// values. Fields have the names of their json tags and are required but for
// those with omitempty or omitzero; a pointer may be null; no other fields are
// allowed. The tag description is shown to the model, and the tag enum lists the
// strings that a field may be, with commas between.
//
// Types that JSON has no form for, that write themselves as something else than
// text, or that hold themselves are refused.
func SchemaFor[T any]() (json.RawMessage, error) {
	s, err := schemaOf[T]()
	if err != nil {
		return nil, err
	}
	return s.encode(), nil
}

// decode reads a value from text and checks what encoding/json does not: that
// everything is there, and nothing null that may not be.
func (s *schema) decode(text string, to any) error {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return described(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows behind the JSON value")
	}
	var plain any
	generic := json.NewDecoder(bytes.NewReader([]byte(text)))
	generic.UseNumber()
	if err := generic.Decode(&plain); err != nil {
		return described(err)
	}
	return s.check("", plain)
}

// described hides that a short text is the end of a file.
func described(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON value ends too early")
	}
	return err
}
