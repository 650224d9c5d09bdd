package conformance

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// generationRules are about answers in text, whatever the text is.
var generationRules = []rule{
	{section: "2", name: "without stream there are no pieces, or whole ones", on: generation, run: withheld},
	{section: "2", name: "the pieces are the content", on: v1, run: piecesAreContent},
	{section: "2", name: "max_tokens: 1 is one token", on: generation, run: oneToken},
	{section: "2", name: "greedy answers are the same each time", on: generation, run: greedy},
	{section: "2", name: "the seed comes back", on: generation, run: seeded},
	{section: "2", name: "an answer ends before a stop string", on: generation, run: stopped},
	{section: "2", name: "the grammar shapes the answer", on: generation, run: followsGrammar},
	{section: "2", name: "a deadline ends the answer, not the connection", on: generation, run: deadline},
	{section: "2", name: "status frames come only where progress is true", on: generation, run: progress},
	{section: "3", name: "v1, v2 and framed say the same", on: typed, run: sameAsV1},
}

// long is a request with an answer of some length.
func (s *surface) long(change request) request {
	r := request{"messages": s.says("Count from 1 to 10."), "max_tokens": 40}
	maps.Copy(r, change)
	return r
}

// said is the text of an answer, wherever the surface has it.
func (a *answer) said() string {
	if last := a.last(); a.s.kind == v1 && last.Content != nil {
		return *last.Content
	}
	return a.text
}

func withheld(p *probe) (string, error) {
	whole, err := p.answered(p.long(request{"stream": false}))
	if err != nil {
		return "", err
	}
	streamed, err := p.answered(p.long(nil))
	if err != nil {
		return "", err
	}
	allowed := 0
	if p.kind != v1 {
		allowed = 1
	}
	pieces := whole.count("token") + whole.count("text")
	switch {
	case pieces > allowed || whole.count("thinking") > 1:
		return "", fmt.Errorf("%d pieces of text and %d of thinking", pieces, whole.count("thinking"))
	case whole.said() != streamed.said() || whole.thinking != streamed.thinking:
		return "", fmt.Errorf("%q without stream, %q with it", whole.said(), streamed.said())
	case whole.count("status") > 0:
		return "", errors.New("status frames that nobody asked for")
	}
	return fmt.Sprintf("%d pieces of text in the place of %d", pieces, streamed.count("token")+streamed.count("text")), nil
}

func piecesAreContent(p *probe) (string, error) {
	a, err := p.answered(p.long(nil))
	if err != nil {
		return "", err
	}
	if content := *a.last().Content; content != a.text {
		return "", fmt.Errorf("the pieces are %q, content is %q", a.text, content)
	}
	return fmt.Sprintf("%d pieces", a.count("token")), nil
}

func oneToken(p *probe) (string, error) {
	a, err := p.answered(p.long(request{"max_tokens": 1}))
	if err != nil {
		return "", err
	}
	cut := map[kind]string{v1: "length", v2: "max_tokens", framed: "max_tokens"}[p.kind]
	if n := a.written(); n > 1 || n == 1 && a.last().StopReason != cut && a.last().StopReason != p.stops[0] {
		return "", fmt.Errorf("%d tokens, ended with %s", n, a.last().StopReason)
	}
	return fmt.Sprintf("%d tokens, %s", a.written(), a.last().StopReason), nil
}

func greedy(p *probe) (string, error) {
	var before string
	for i := range 3 {
		a, err := p.answered(p.long(nil))
		if err != nil {
			return "", err
		}
		if i > 0 && a.said() != before {
			return "", fmt.Errorf("%q, and then %q", before, a.said())
		}
		before = a.said()
	}
	return "three times " + short([]byte(before)), nil
}

func seeded(p *probe) (string, error) {
	a, err := p.answered(request{"seed": 7, "temperature": 1})
	if err != nil {
		return "", err
	}
	switch seed := a.last().Seed; {
	case seed == nil:
		return "", skipped("done has no seed")
	case *seed != 7:
		return "", fmt.Errorf("sent 7, got %d", *seed)
	}
	return "7", nil
}

func stopped(p *probe) (string, error) {
	a, err := p.answered(p.long(nil))
	if err != nil {
		return "", err
	}
	all := []rune(a.said())
	if len(all) < 4 {
		return "", skipped(errNoText.Error())
	}
	mark := string(all[len(all)/2 : len(all)/2+2])
	want, _, _ := strings.Cut(string(all), mark)
	cut, err := p.answered(p.long(request{"stop": []string{mark}}))
	if err != nil {
		return "", err
	}
	reason := map[kind]string{v1: "end", v2: "stop_sequence", framed: "stop_sequence"}[p.kind]
	if got := cut.said(); got != want || cut.last().StopReason != reason {
		return "", fmt.Errorf("%q (%s) of %q with the stop string %q, want %q (%s)",
			got, cut.last().StopReason, string(all), mark, want, reason)
	}
	return fmt.Sprintf("%q before %q", want, mark), nil
}

func followsGrammar(p *probe) (string, error) {
	a, err := p.answered(request{"grammar": `root ::= "maybe" | "never"`})
	if err != nil {
		return "", err
	}
	if got := a.said(); got != "maybe" && got != "never" {
		return "", fmt.Errorf("got %q, allowed are maybe and never", got)
	}
	return a.said(), nil
}

func deadline(p *probe) (string, error) {
	c, err := p.dial()
	if err != nil {
		return "", err
	}
	c.ask(p.request("x", p.long(request{"deadline_ms": 1, "max_tokens": 1000})))
	a, err := c.answer("x")
	if err == nil {
		err = a.refused()
	}
	if err != nil {
		return "", err
	}
	_, err = c.serves("after")
	return a.last().StopReason, err
}

func progress(p *probe) (string, error) {
	without, err := p.answered(p.long(nil))
	if err != nil {
		return "", err
	}
	if n := without.count("status"); n > 0 {
		return "", fmt.Errorf("%d status frames that nobody asked for", n)
	}
	with, err := p.answered(p.long(request{"progress": true}))
	if err != nil {
		return "", err
	}
	for _, f := range with.frames {
		if f.Status == "prefill" && f.Done > f.Total || f.Status == "queued" && f.Position < 1 {
			return "", fmt.Errorf("a status out of range: %s", short(f.raw))
		}
	}
	return fmt.Sprintf("%d of them", with.count("status")), nil
}

func sameAsV1(p *probe) (string, error) {
	other := &surfaces[0]
	if !p.options.served(p.ctx, other) {
		return "", skipped("there is no v1")
	}
	here, err := p.answered(p.long(nil))
	if err != nil {
		return "", err
	}
	there, err := p.askedOn(other, other.long(nil))
	if err != nil {
		return "", err
	}
	if here.said() != there.said() {
		return "", fmt.Errorf("%q, and v1 says %q", here.said(), there.said())
	}
	return short([]byte(here.said())), nil
}
