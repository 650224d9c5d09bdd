package conformance

import (
	"bytes"
	"fmt"
)

// framedRules are about what only the framed surface has.
var framedRules = []rule{
	{section: "4", name: "a BLOB may come in pieces", on: framed, run: blobInPieces},
	{section: "4", name: "several attachments come in the request's order", on: framed, run: severalBlobs},
	{section: "4", name: "a large BLOB is taken, and the connection kept", on: framed, run: largeBlob, large: true},
}

// takes sends a stream of one request and, after it, another.
func (c *conn) takes(stream []byte) (string, error) {
	c.send(stream)
	a, err := c.answer("x")
	if err != nil {
		return "", err
	}
	if last := a.last(); last.Type == "error" && last.Code != "attachment_unsupported" {
		return "", a.refused()
	}
	_, err = c.serves("after")
	return a.String(), err
}

func blobInPieces(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	all := p.encode(p.request("x", media(pixel("a"))))
	for _, b := range all[:len(all)-1] {
		if _, err := c.Write([]byte{b}); err != nil {
			return "", err
		}
	}
	return c.takes(all[len(all)-1:])
}

func severalBlobs(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	return c.takes(p.encode(p.request("x", media(pixel("a"), image("b", 2, 3, make([]byte, 18)), pixel("c")))))
}

func largeBlob(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	const side = 2000
	seen, err := c.takes(p.encode(p.request("x", media(image("a", side, side, bytes.Repeat([]byte{1, 2, 3}, side*side))))))
	return fmt.Sprintf("%d bytes: %s", 3*side*side, seen), err
}
