package conformance

import (
	"bytes"
	"fmt"
)

// sizeRules are about the longest frame.
var sizeRules = []rule{
	{section: "1", name: "a frame of 64 MiB is accepted", on: every, run: largest, large: true},
	{section: "1", name: "a frame of a byte more is frame_too_large, and ends the connection", on: every, run: tooLarge, large: true},
	{section: "4", name: "a frame's length is checked before its bytes are there", on: framed, run: declaredTooLarge},
}

// padded is a request's payload of exactly size bytes, by a key that no server
// knows.
func (s *surface) padded(id string, size int) []byte {
	head := encoded(s.request(id, nil))
	head = append(head[:len(head)-1], `,"padding":"`...)
	payload := make([]byte, 0, size+1) // with room for a line end
	payload = append(payload, head...)
	payload = append(payload, bytes.Repeat([]byte{'x'}, size-len(head)-2)...)
	return append(payload, '"', '}')
}

func largest(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	c.send(p.frame(p.padded("x", maxFrame)))
	seen, err := c.servesAll("x")
	if err != nil {
		return "", err
	}
	_, err = c.serves("after")
	return seen, err
}

func tooLarge(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	c.send(append(p.frame(p.padded("x", maxFrame+1)), p.encode(p.request("after", nil))...))
	return c.refusedTooLarge()
}

func declaredTooLarge(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	c.send(append(uleb128(maxFrame+1), typeJSON))
	return c.refusedTooLarge()
}

func (c *conn) refusedTooLarge() (string, error) {
	a, err := c.answer("")
	if err != nil {
		return "", err
	}
	if last := a.last(); last.Code != "frame_too_large" {
		return "", fmt.Errorf("answered by %s", short(last.raw))
	}
	return a.String() + ", then the end", c.ended()
}
