package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// after is what becomes of the connection.
type after uint8

const (
	kept after = iota
	closed
	either // the protocol does not say
)

// exchange is a rule about one request and its answer.
type exchange struct {
	section, name string
	on            kind
	// change makes a bad request of the surface's hello; raw is for what is no
	// request at all.
	change request
	raw    func(*surface) []byte
	// codes are those that the answer may have; "" is no error. None is
	// invalid_request.
	codes []string
	noID  bool // the id of the answer is empty, not the request's
	anyID bool // the protocol does not say
	after after
	cut   bool   // nothing follows: the client ends its side
	says  string // part of the message: the field that is wrong
	large bool   // as of rules
}

func (e exchange) rule() rule {
	return rule{section: e.section, name: e.name, on: e.on, run: e.run, large: e.large}
}

// id is that of the answer.
func (e *exchange) id() string {
	switch {
	case e.anyID:
		return anyID
	case e.noID:
		return ""
	}
	return "x"
}

func (e exchange) run(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	var stream []byte
	if e.raw != nil {
		stream = e.raw(p.surface)
	} else {
		stream = p.encode(p.request("x", e.change))
	}
	if e.after == closed && !e.cut {
		// Nobody may serve this one.
		stream = append(stream, p.encode(p.request("after", nil))...)
	}
	c.send(stream)
	if e.cut {
		if err := c.closeWrite(); err != nil {
			return "", err
		}
	}
	a, err := c.answer(e.id())
	if err != nil {
		return "", err
	}
	if err := e.judge(&a); err != nil {
		return "", err
	}
	return a.String(), e.aftermath(c)
}

func (e *exchange) judge(a *answer) error {
	last := a.last()
	codes := e.codes
	if len(codes) == 0 {
		codes = []string{"invalid_request"}
	}
	if !slices.Contains(codes, last.Code) {
		return fmt.Errorf("answered by %s, want one of the codes %q", short(last.raw), codes)
	}
	if last.Type != "error" {
		return nil
	}
	if len(a.frames) > 1 && a.count("status") != len(a.frames)-1 {
		return errors.New("pieces of an answer came before the refusal")
	}
	if !strings.Contains(last.Message, e.says) {
		return fmt.Errorf("the message %q does not name %q", last.Message, e.says)
	}
	return nil
}

func (e *exchange) aftermath(c *conn) error {
	switch e.after {
	case kept:
		if _, err := c.serves("after"); err != nil {
			return fmt.Errorf("the connection is not kept: %w", err)
		}
	case closed:
		return c.ended()
	case either:
	}
	return nil
}

// exchangeRules are the tables of exchanges as rules.
func exchangeRules() []rule {
	var rules []rule
	for _, e := range slices.Concat(malformed, settingExchanges(), typedExchanges, framedExchanges, vectorExchanges) {
		rules = append(rules, e.rule())
	}
	return rules
}
