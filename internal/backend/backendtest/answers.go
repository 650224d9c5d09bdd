package backendtest

import (
	"reflect"
	"strings"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/wire"
)

func (s *suite) staysTheSame() {
	name, caps := s.Backend.Name(), s.Backend.Capabilities()
	if name == "" {
		s.Error("the backend has no name")
	}
	if !caps.Generate || caps.Slots < 0 || caps.ContextTokens < 0 {
		s.Errorf("capabilities %+v of a backend that generates", caps)
	}
	s.succeed(s.Request)
	if now := s.Backend.Name(); now != name {
		s.Errorf("the name is %q, and was %q", now, name)
	}
	if now := s.Backend.Capabilities(); !reflect.DeepEqual(now, caps) {
		s.Errorf("capabilities are %+v, and were %+v when the backend was ready", now, caps)
	}
}

func (s *suite) answers() {
	c := s.sample()
	if c.result.Usage.PromptTokens == 0 {
		s.Error("the usage counts no prompt tokens")
	}
	if c.text() == "" || c.tokens == 0 {
		s.Errorf("text %q from %d tokens", c.text(), c.tokens)
	}
}

// sample is the answer to Request, in pieces enough to cut it.
func (s *suite) sample() *call {
	s.Helper()
	c := s.succeed(s.Request)
	if len(c.pieces) < 3 {
		s.Fatalf("the answer came in pieces %q, want three or more", c.pieces)
	}
	return c
}

func (s *suite) repeatsItself() {
	first, second := s.succeed(s.Request), s.succeed(s.Request)
	if first.result.Usage.PromptTokens != second.result.Usage.PromptTokens {
		s.Errorf("one prompt is %d tokens, then %d", first.result.Usage.PromptTokens, second.result.Usage.PromptTokens)
	}
	if s.Repeatable {
		s.expectSame(first, second)
	}
}

func (s *suite) expectSame(want, got *call) {
	s.Helper()
	if got.text() != want.text() || got.result.Stop != want.result.Stop ||
		got.result.Usage.CompletionTokens != want.result.Usage.CompletionTokens {
		s.Errorf("one request, two answers: %q (%s, %d tokens) and %q (%s, %d tokens)",
			want.text(), want.result.Stop, want.result.Usage.CompletionTokens,
			got.text(), got.result.Stop, got.result.Usage.CompletionTokens)
	}
}

// reportsPrefill asks for progress; recorder checks what comes of it. A
// backend that does not know its progress need not tell.
func (s *suite) reportsPrefill() {
	c := s.succeed(with(s.Request, func(r *backend.Request) { r.Progress = true }))
	if c.prefills > 0 && c.prefill > c.result.Usage.PromptTokens {
		s.Errorf("prefill went to %d, of %d prompt tokens", c.prefill, c.result.Usage.PromptTokens)
	}
}

func (s *suite) refusesInvalid() {
	if s.Invalid == nil {
		s.Log("this backend has no invalid request")
		return
	}
	c := s.generate(s.Context(), s.Invalid, nil)
	if c.err == nil || backend.KindOf(c.err) != backend.Invalid {
		s.Fatalf("error %v, want one of kind %v", c.err, backend.Invalid)
	}
	if len(c.pieces) > 0 {
		s.Errorf("text %q before the refusal", c.pieces)
	}
	for _, m := range s.Invalid.Messages {
		const telling = 16 // a shorter text may stand in the message by chance
		if len(m.Content) >= telling && strings.Contains(c.err.Error(), m.Content) {
			s.Errorf("the error holds text of the prompt: %v", c.err)
		}
	}
	s.succeed(s.Request)
}

func (s *suite) honoursMaxTokens() {
	for _, n := range []int{1, 2, 5} {
		c := s.generate(s.Context(), with(s.Long, func(r *backend.Request) { r.Params.MaxTokens = n }), nil)
		c.expectStop(wire.StopLength)
		if got := c.result.Usage.CompletionTokens; got != n {
			s.Errorf("max_tokens %d: generated %d", n, got)
		}
	}
}

// honoursStopStrings cuts an answer at stop strings taken from itself: in one
// piece and across the borders of pieces.
func (s *suite) honoursStopStrings() {
	whole := s.sample()
	for _, stop := range stopsIn(whole.pieces) {
		c := s.succeed(with(s.Request, func(r *backend.Request) { r.Params.Stop = []string{stop} }))
		if strings.Contains(c.text(), stop) {
			s.Errorf("stop %q is in the answer %q", stop, c.text())
		}
		if !s.Repeatable {
			continue
		}
		want, _, _ := strings.Cut(whole.text(), stop)
		if c.text() != want || c.result.Stop != wire.StopEnd {
			s.Errorf("stop %q of %q: answer %q with %q, want %q with %q",
				stop, whole.text(), c.text(), c.result.Stop, want, wire.StopEnd)
		}
	}
}

// stopsIn makes stop strings of an answer in pieces: a whole piece, the
// beginning of the answer, and what lies on the borders of two and three pieces.
func stopsIn(pieces []string) []string {
	middle := len(pieces) / 2
	last := func(s string) string { r := []rune(s); return string(r[len(r)-1:]) }
	first := func(s string) string { return string([]rune(s)[:1]) }
	stops := []string{first(pieces[0]), pieces[middle], last(pieces[middle-1]) + first(pieces[middle])}
	if middle+1 < len(pieces) {
		stops = append(stops, last(pieces[middle-1])+pieces[middle]+first(pieces[middle+1]))
	}
	return stops
}

// releasesFalseStops has a stop string that the end of the answer begins
// but does not complete: nothing of the answer may be lost.
func (s *suite) releasesFalseStops() {
	whole := s.sample()
	end := whole.pieces[len(whole.pieces)-1]
	stop := end + "\x1f which never comes"
	c := s.succeed(with(s.Request, func(r *backend.Request) { r.Params.Stop = []string{stop} }))
	if s.Repeatable {
		s.expectSame(whole, c)
	}
}
