package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// streamRules are about connections and the requests on them.
var streamRules = []rule{
	{section: "1", name: "a request ends in exactly one terminal frame", on: every, run: oneTerminalFrame},
	{section: "1", name: "the id comes back as it was sent", on: every, run: echoesIDs},
	{section: "1", name: "a connection carries many requests", on: every, run: manyRequests},
	{section: "1", name: "requests sent ahead are answered in order", on: every, run: pipelined},
	{section: "1", name: "a request may come one byte at a time", on: every, run: bytewise},
	{section: "1", name: "a half-close after the request leaves the whole answer", on: every, run: halfClosed},
	{section: "1", name: "the end of the stream before a request is a clean close", on: every, run: emptyStream},
	{section: "1", name: "an idle connection holds up no other one", on: every, run: idleBeside},
	{section: "1", name: "clients that vanish hold up nobody", on: every, run: vanishing},
	{section: "1", name: "the last line needs no line end", on: lines, run: trailingLine},
	{section: "1", name: "CR LF ends a line", on: lines, run: crlf},
	{section: "1", name: "blank lines are skipped", on: lines, run: blankLines},
}

func oneTerminalFrame(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	a, err := c.serves("x")
	if err != nil {
		return "", err
	}
	if err := c.closeWrite(); err != nil {
		return "", err
	}
	return a.String() + ", then the end", c.ended()
}

func echoesIDs(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	ids := []string{"", "r-1", "é\"\\/\n\u0000\u2028😀", strings.Repeat("long", 500)}
	for _, id := range ids {
		if _, err := c.serves(id); err != nil {
			return "", err
		}
	}
	r := p.request("", nil)
	delete(r, "id")
	c.ask(r)
	_, err = c.answer("")
	return fmt.Sprintf("%d ids, and none", len(ids)), err
}

func manyRequests(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	const many = 20
	for i := range many {
		if _, err := c.serves(fmt.Sprint(i)); err != nil {
			return "", fmt.Errorf("request %d: %w", i, err)
		}
	}
	return fmt.Sprintf("%d answers", many), nil
}

// servesAll reads the answers to requests that were sent ahead.
func (c *conn) servesAll(ids ...string) (string, error) {
	for _, id := range ids {
		a, err := c.answer(id)
		if err == nil {
			err = a.refused()
		}
		if err != nil {
			return "", fmt.Errorf("request %q: %w", id, err)
		}
	}
	return fmt.Sprintf("%d answers in order", len(ids)), nil
}

func pipelined(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	ids := []string{"1", "2", "3", "4", "5"}
	var all []byte
	for _, id := range ids {
		all = append(all, p.encode(p.request(id, nil))...)
	}
	c.send(all)
	return c.servesAll(ids...)
}

func bytewise(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	for _, b := range p.encode(p.request("x", nil)) {
		if _, err := c.Write([]byte{b}); err != nil {
			return "", err
		}
	}
	return c.servesAll("x")
}

// upTo sends a stream, ends it, and reads the answers and the end.
func (p *probe) upTo(stream []byte, ids ...string) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	c.send(stream)
	if err := c.closeWrite(); err != nil {
		return "", err
	}
	seen, err := c.servesAll(ids...)
	if err != nil {
		return "", err
	}
	return seen + ", then the end", c.ended()
}

func halfClosed(p *probe) (string, error) {
	return p.upTo(append(p.encode(p.request("1", nil)), p.encode(p.request("2", nil))...), "1", "2")
}

func emptyStream(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	if err := c.closeWrite(); err != nil {
		return "", err
	}
	f, err := c.read()
	switch {
	case err == nil:
		return "", fmt.Errorf("a frame for no request: %s", short(f.raw))
	case !errors.Is(err, io.EOF):
		return "", err
	}
	return "the end, and no frame", nil
}

func idleBeside(p *probe) (string, error) {
	for range 10 {
		idle, err := p.dial()
		if err != nil {
			return "", err
		}
		stream := p.encode(p.request("idle", nil))
		if _, err := idle.Write(stream[:len(stream)/2]); err != nil {
			return "", err
		}
	}
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	_, err = c.serves("x")
	return "an answer beside 10 that have sent half a request", err
}

func vanishing(p *probe) (string, error) {
	for i := range 20 {
		gone, err := p.dial()
		if err != nil {
			return "", err
		}
		stream := p.encode(p.request("gone", nil))
		if _, err := gone.Write(stream[:len(stream)-i%2]); err != nil {
			return "", err
		}
		if err := gone.Close(); err != nil {
			return "", err
		}
	}
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	for give := time.Now().Add(p.options.Patience); ; {
		a, err := c.serves("x")
		full := err != nil && len(a.frames) > 0 && a.last().Code == "queue_full"
		if !full || time.Now().After(give) { // until the server has noticed
			return "an answer after 20 that have closed", err
		}
	}
}

func trailingLine(p *probe) (string, error) {
	return p.upTo(bytes.TrimSuffix(p.encode(p.request("x", nil)), []byte("\n")), "x")
}

func crlf(p *probe) (string, error) {
	line := bytes.TrimSuffix(p.encode(p.request("x", nil)), []byte("\n"))
	return p.upTo(append(line, "\r\n"...), "x")
}

func blankLines(p *probe) (string, error) {
	stream := append([]byte("\n\r\n  \n"), p.encode(p.request("1", nil))...)
	return p.upTo(append(append(stream, "\n\n"...), p.encode(p.request("2", nil))...), "1", "2")
}
