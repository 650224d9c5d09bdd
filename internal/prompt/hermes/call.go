package hermes

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/inferd/inferd/internal/prompt/canon"
)

// What can be wrong with a call. The texts quote nothing of it.
var (
	errOpen  = errors.New("the call was not closed")
	errJSON  = errors.New("the call is not valid JSON")
	errShape = errors.New("the call is not a JSON object")
	errName  = errors.New("the call has no name of 1 to 64 of A-Z, a-z, 0-9, _ and -")
	errInput = errors.New("the call's arguments are not a JSON object")
)

// callEnd is closeCall in bytes.
var callEnd = []byte(closeCall)

// call collects what stands between the markers of a call.
type call struct {
	raw      []byte
	at       int  // how much of raw was looked at
	inString bool // at is inside of a JSON string
	escaped  bool // behind a backslash there
}

// feed takes more. Once the closing marker has come, rest is what follows it.
func (c *call) feed(s string) (rest string, closed bool) {
	start := len(c.raw)
	c.raw = append(c.raw, s...)
	for ; c.at < len(c.raw); c.at++ {
		switch b := c.raw[c.at]; {
		case b == '\n':
			// JSON has no line break in a string: this one was never closed.
			c.inString, c.escaped = false, false
		case c.escaped:
			c.escaped = false
		case c.inString && b == '\\':
			c.escaped = true
		case b == '"':
			c.inString = !c.inString
		case b == '<' && !c.inString:
			tail := c.raw[c.at:]
			if bytes.HasPrefix(tail, callEnd) {
				rest = s[c.at+len(closeCall)-start:]
				c.raw = c.raw[:c.at]
				return rest, true
			}
			if bytes.HasPrefix(callEnd, tail) {
				return "", false
			}
		}
	}
	return "", false
}

// take returns what was collected, for the next call to begin anew.
func (c *call) take() string {
	raw := string(c.raw)
	*c = call{raw: c.raw[:0]}
	return raw
}

// read checks a call: an object with a name and arguments. Arguments that are
// absent or null are none. Other members are ignored. Whether there is a tool
// of that name is for the caller to see: its answer can tell the model.
func read(raw string) (name string, input json.RawMessage, err error) {
	v, err := canon.Parse([]byte(raw))
	if err != nil {
		return "", nil, errJSON
	}
	if !v.IsObject() {
		return "", nil, errShape
	}
	n, _ := v.Member("name")
	name, isText := n.Text()
	if !isText || !isName(name) {
		return "", nil, errName
	}
	args, there := v.Member("arguments")
	switch {
	case !there || args.IsNull():
		return name, json.RawMessage("{}"), nil
	case !args.IsObject():
		return "", nil, errInput
	}
	return name, args.Compact(), nil
}

// isName reports whether s can be the name of a tool.
func isName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, b := range []byte(s) {
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		if !letter && (b < '0' || b > '9') && b != '_' && b != '-' {
			return false
		}
	}
	return true
}
