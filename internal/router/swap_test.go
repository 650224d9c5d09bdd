package router

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/inferd/inferd/internal/backend"
)

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func TestRouter_SetLetsWhatRunsFinishWhereItIs(t *testing.T) {
	old, kept, fresh := generator("a"), generator("b"), generator("a")
	r := New([]backend.Backend{old, kept})
	_, done, err := r.Pick(generate)
	if err != nil {
		t.Fatal(err)
	}
	left := r.Set([]backend.Backend{fresh, kept})
	if len(left) != 1 || left[old] == nil || isClosed(left[old]) {
		t.Fatalf("left: %v, want the old one, with a request", left)
	}
	b, again, err := r.Pick(generate)
	if err != nil || b != backend.Backend(fresh) {
		t.Errorf("picked %v, %v, want the new one", b, err)
	}
	again(OK)
	done(OK)
	done(OK)
	if !isClosed(left[old]) {
		t.Error("the old one is not known to be idle")
	}
	if s := r.Stats(); s[0].Name != "a" || s[0].OK != 2 || s[0].Running != 0 {
		t.Errorf("stats %+v, want one book for both of the name", s)
	}
	left = r.Set([]backend.Backend{kept})
	if len(left) != 1 || !isClosed(left[fresh]) {
		t.Errorf("left: %v, want the idle one, known to be so at once", left)
	}
}

func TestRouter_AwaitWaitsForOneThatIsAway(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(r *Router, f *fake, cancel context.CancelCauseFunc)
		want    error
	}{
		"it comes back": {func(r *Router, f *fake, _ context.CancelCauseFunc) { f.ready = true; r.Changed() }, nil},
		"another takes its place": {func(r *Router, _ *fake, _ context.CancelCauseFunc) {
			r.Set([]backend.Backend{generator("new")})
		}, nil},
		"another is still to come": {func(r *Router, _ *fake, _ context.CancelCauseFunc) {
			r.Expect(true)
			r.Set(nil)
			synctest.Wait()
			r.Set([]backend.Backend{generator("new")})
			r.Expect(false)
		}, nil},
		"none is left that could": {func(r *Router, _ *fake, _ context.CancelCauseFunc) { r.Set(nil) }, ErrNone},
		"the daemon stops":        {func(r *Router, _ *fake, _ context.CancelCauseFunc) { r.Close() }, ErrNotReady},
		"the caller leaves":       {func(_ *Router, _ *fake, cancel context.CancelCauseFunc) { cancel(errLeft) }, errLeft},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{name: "a", caps: backend.Capabilities{Generate: true}}
				r := New([]backend.Backend{f})
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				result := make(chan error, 1)
				go func() {
					_, done, err := r.Await(ctx, generate)
					if done != nil {
						done(OK)
					}
					result <- err
				}()
				synctest.Wait()
				r.Changed() // and nothing has
				synctest.Wait()
				if len(result) > 0 {
					t.Fatal("did not wait")
				}
				c.happens(r, f, cancel)
				if err := <-result; !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		})
	}
}

var errLeft = errors.New("left")

func TestRouter_UnableSaysWhy(t *testing.T) {
	r := New([]backend.Backend{&fake{name: "a", ready: true, caps: backend.Capabilities{WhyNot: "no template"}}})
	_, _, err := r.Await(t.Context(), generate)
	if !errors.Is(err, ErrNone) || err.Error() != "no template" {
		t.Errorf("got %v", err)
	}
}
