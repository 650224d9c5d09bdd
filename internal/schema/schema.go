// Package schema is the one place that knows a JSON Schema library. It says
// whether a schema that came with a request can be used; nothing outside the
// schema is ever fetched for that.
package schema

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// here is the name of the schema that is checked. It can't be fetched, and
// nothing is.
const here = "request:schema"

// Check reports why text is no JSON Schema that compiles, in one line. A
// reference to anything outside of it is one reason; that it would take too
// much time or memory to compile is another.
func Check(text []byte) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if err := new(budget).check(document, 1); err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nothing{})
	c.UseRegexpEngine(patterns())
	if err := c.AddResource(here, document); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if _, err := c.Compile(here); err != nil {
		return describe(err)
	}
	return nil
}

// nothing loads nothing.
type nothing struct{}

var errOutside = errors.New("nothing outside of the schema is looked up")

// Load implements jsonschema.URLLoader.
func (nothing) Load(string) (any, error) { return nil, errOutside }

// describe is err in one line: of a schema that breaks its own schema, the
// first place where it does.
func describe(err error) error {
	invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err)
	if !ok {
		return errors.New(strings.ReplaceAll(err.Error(), here, ""))
	}
	broken, ok := errors.AsType[*jsonschema.ValidationError](invalid.Err)
	if !ok {
		return errors.New(strings.ReplaceAll(err.Error(), here, ""))
	}
	for len(broken.Causes) > 0 {
		broken = broken.Causes[0]
	}
	text := broken.Error()
	return errors.New(text[strings.LastIndex(text, "\n")+1:])
}
