package daemon_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/wire"
)

// begins records which backends have begun, and has each note it in its Run.
type begins struct {
	daemon.Supervised
	note func()
}

func (b *begins) Run(ctx context.Context) error {
	b.note()
	return b.Supervised.Run(ctx)
}

// noting has every local backend of cfg tell its model when it begins.
func noting(began chan<- string) func(*daemon.Config) {
	return func(c *daemon.Config) {
		newLocal := c.NewLocal
		c.NewLocal = func(b config.Backend, e daemon.Events) daemon.Supervised {
			return &begins{newLocal(b, e), func() { began <- b.Name + "=" + b.LlamaCPP.Model }}
		}
	}
}

// heard is all that has been noted so far.
func heard(began <-chan string) (all []string) {
	for {
		select {
		case s := <-began:
			all = append(all, s)
		default:
			return all
		}
	}
}

// Each backend plans with the memory that there is, so the one before must have
// what it takes, or be gone.
func TestDaemon_BackendsLoadOneAfterAnother(t *testing.T) {
	began := make(chan string, 16)
	d, local := startLocal(t, noting(began), "a", "b", "c", "d")
	admin := d.Admin()
	for i, f := range local {
		f.loads(wire.PhaseLoad{LoadedFraction: float64(i)}) // its Run is under way
		admin.Until(wire.LoadingModel{Phase: wire.PhaseLoad{LoadedFraction: float64(i)}})
		if got := heard(began); !slices.Equal(got, []string{"abcd"[i:i+1] + "="}) {
			t.Errorf("while %s loads, %v have begun", f.Name(), got)
		}
		if i == 1 {
			f.givesUp(errors.New("no such model"))
		} else {
			f.comesUp()
		}
	}
	d.WaitReady()
	local[0].crashes(errors.New("signal 9")) // those that were up once wait for nobody
	local[2].crashes(errors.New("signal 9"))
	local[2].comesUp()
	local[0].comesUp()
	d.WaitReady()
}

func TestSwap_WhatNeverBeganIsGivenUp(t *testing.T) {
	for name, fits := range map[string]func(_, _ []config.Backend) bool{"beside": always, "instead": never} {
		t.Run(name, func(t *testing.T) {
			began := make(chan string, 16)
			d, _ := startChanging(t, func(c *daemon.Config) { c.Fits = fits; noting(began)(c) }, "a=old")
			result := d.swap(t.Context(), version("a=new", "b=more"))
			first, second := <-d.made, <-d.made
			first.givesUp(errors.New("out of memory"))
			if name == "instead" {
				(<-d.made).comesUp() // the old one, made again
			}
			if err := <-result; err == nil || !strings.Contains(err.Error(), "out of memory") {
				t.Errorf("Swap: %v", err)
			}
			d.WaitReady()
			d.says("old")
			if got := heard(began); slices.Contains(got, "b=more") {
				t.Errorf("begun have %v, and %s too", got, second.Name())
			}
			result = d.swap(t.Context(), version("a=newer", "b=most")) // the line goes on
			(<-d.made).comesUp()
			(<-d.made).comesUp()
			if err := <-result; err != nil {
				t.Fatal(err)
			}
			d.says("newer")
		})
	}
}

// A swap that is given up leaves a backend that is being ended: the next one
// waits for its memory.
func TestSwap_WaitsForWhatAnotherOneLeftBehind(t *testing.T) {
	d, _ := startChanging(t, nil, "a=old")
	ctx, cancel := context.WithCancel(t.Context())
	result := d.swap(ctx, version("a=new", "b=more"))
	first := <-d.made
	<-d.made
	first.loads(wire.PhaseMmap{})
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Swap: %v", err)
	}
	result = d.swap(t.Context(), version("a=newer"))
	next := <-d.made
	next.loads(wire.PhaseMmap{})
	select {
	case <-first.ended:
	default:
		t.Error("the next one began before the one that was given up had ended")
	}
	next.comesUp()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	d.says("newer")
}
