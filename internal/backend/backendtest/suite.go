// Package backendtest is the conformance suite of backend.Backend. It checks
// every sentence of the contract and assumes nothing about what a backend
// answers; a backend that passes it is a backend. It is imported by tests only.
package backendtest

import (
	"context"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/backend"
)

// Subject is one backend with requests that show what it does. Each request is
// valid, MaxTokens set, but for Invalid.
type Subject struct {
	// Backend is ready.
	Backend backend.Backend
	// Request has a short prompt and no stop strings, and its answer, of
	// at least three pieces of text, ends by itself or at its MaxTokens.
	Request *backend.Request
	// Long has no stop strings and streams text until it is cancelled, for
	// some seconds at least.
	Long *backend.Request
	// Invalid is refused with the kind backend.Invalid; nil if there is none.
	Invalid *backend.Request
	// Typed is a request with a Chat that ends by itself or at its MaxTokens;
	// nil where the backend has no capability V2.
	Typed *backend.Request
	// Repeatable: the same request always has the same answer.
	Repeatable bool
}

// patience bounds how long the suite waits for what must happen. It is there
// to end a hang, not to measure speed.
const patience = 2 * time.Minute

// suite is one check under way.
type suite struct {
	testing.TB
	Subject
	patience time.Duration
}

// checks is the whole suite.
var checks = []struct {
	name string
	run  func(*suite)
}{
	{"StaysTheSame", (*suite).staysTheSame},
	{"Answers", (*suite).answers},
	{"RepeatsItself", (*suite).repeatsItself},
	{"ReportsPrefill", (*suite).reportsPrefill},
	{"RefusesInvalid", (*suite).refusesInvalid},
	{"HonoursMaxTokens", (*suite).honoursMaxTokens},
	{"HonoursStopStrings", (*suite).honoursStopStrings},
	{"ReleasesWhatOnlyLookedLikeAStop", (*suite).releasesFalseStops},
	{"CancelledBeforeStart", (*suite).cancelledBeforeStart},
	{"CancelledInPrefill", (*suite).cancelledInPrefill},
	{"CancelledInStream", (*suite).cancelledInStream},
	{"CancelledAtAnyMoment", (*suite).cancelledAtAnyMoment},
	{"CancelledWhileFull", (*suite).cancelledWhileFull},
	{"StopsWhenEmitFails", (*suite).stopsWhenEmitFails},
	{"BlockedEmitHoldsUpNobody", (*suite).blockedEmitHoldsUpNobody},
	{"ServesManyAtOnce", (*suite).servesManyAtOnce},
	{"AnswersTyped", (*suite).answersTyped},
	{"Embeds", (*suite).embeds},
	{"Reranks", (*suite).reranks},
	{"LeavesNothingBehind", (*suite).leavesNothingBehind},
}

// Run runs the suite. newBackend is called once for each check and may hand
// out one shared backend. It closes what it makes with a t.Cleanup, its own t's
// or the calling test's, and no goroutine may be left then; a backend that
// outlives the calling test is started before Run.
func Run(t *testing.T, newBackend func(t *testing.T) Subject) {
	before := goroutines()
	t.Cleanup(func() {
		if !t.Failed() {
			expectNoneSince(t, before, patience)
		}
	})
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			s := &suite{TB: t, Subject: newBackend(t), patience: patience}
			if !s.Backend.Ready() {
				t.Fatal("the backend is not ready")
			}
			check.run(s)
		})
	}
}

// with is a copy of req, changed.
func with(req *backend.Request, change func(*backend.Request)) *backend.Request {
	changed := *req
	change(&changed)
	return &changed
}

// cancellable is a context of the test's own and what cancels it.
func (s *suite) cancellable() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(s.Context())
	s.Cleanup(cancel)
	return ctx, cancel
}
