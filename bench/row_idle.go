package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/inferd/inferd/internal/transport"
)

// idleConns is how many connections S11 opens.
const idleConns = 10_000

// memory is S11.
func memory(ctx context.Context, l *lab) ([]Result, error) {
	d, err := l.serveIdle(ctx)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	before, err := residentMiB(d.pid())
	if err != nil {
		return nil, skipped("memory: " + err.Error())
	}
	results := []Result{single(before, Result{
		Case: "idle daemon", Unit: "MiB", Target: atMost(25),
		Note: "resident, shared pages of the program included; the worker with its model is another process",
	})}
	conns, err := d.crowd(ctx, idleConns)
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	if err != nil {
		return append(results, Result{
			Case: "each idle connection", Seen: unknown, Verdict: notRun, Note: fmt.Sprintf("only %d could be opened: %v", len(conns), err),
		}), nil
	}
	after, err := residentMiB(d.pid())
	if err != nil {
		return nil, err
	}
	each := (after - before) * 1024 / float64(len(conns))
	return append(results, single(each, Result{
		Case: "each idle connection", Unit: "KiB", Target: atMost(16),
		Note: fmt.Sprintf("%s with %d connections", figure(after, "MiB"), len(conns)),
	})), nil
}

// crowd opens connections and waits until the daemon has taken them all.
func (d *daemon) crowd(ctx context.Context, n int) (conns []net.Conn, err error) {
	known, err := openFiles(d.pid())
	if err != nil {
		return nil, err
	}
	for len(conns) < n {
		c, err := transport.Dial(ctx, transport.EndpointIn(d.Dir, transport.V1))
		if err != nil {
			return conns, err
		}
		conns = append(conns, c)
	}
	for range 100 {
		time.Sleep(50 * time.Millisecond) // a look at 10,000 descriptors costs the machine something too
		if files, err := openFiles(d.pid()); err != nil || files >= known+n {
			return conns, err
		}
	}
	return conns, fmt.Errorf("the daemon did not take all of %d connections", n)
}

// serveIdle starts a daemon as it comes, asks it something, and lets it rest.
func (l *lab) serveIdle(ctx context.Context) (*daemon, error) {
	d, err := l.serve(ctx, settings{model: builtinModel})
	if err != nil {
		return nil, err
	}
	if _, err := l.workload(ctx, d, true); err != nil {
		d.stop()
		return nil, err
	}
	time.Sleep(3 * time.Second) // what the request left behind is over, and memory given back
	return d, nil
}

// activity is what a process did.
type activity struct {
	seconds float64 // of a processor
	turns   float64 // how often a thread was put on a processor
}

// restless is how often a thread of an idle process may wake up, a second: an
// engine's heartbeat may, and each beat wakes more than one.
const restless = 2

// idle is S13.
func idle(ctx context.Context, l *lab) ([]Result, error) {
	d, err := l.serveIdle(ctx)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	worker, err := d.workerPID(ctx)
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Second) // what the question for it cost is no part of the figure
	const period = 10
	before, after := map[int]activity{}, map[int]activity{}
	for _, look := range []map[int]activity{before, after} {
		for _, pid := range []int{d.pid(), worker} {
			if look[pid], err = activityOf(pid); err != nil {
				return nil, skipped("activity: " + err.Error())
			}
		}
		if len(after) == 0 {
			time.Sleep(period * time.Second) // this is what is measured
		}
	}
	var results []Result
	for _, p := range []struct {
		name string
		pid  int
	}{{"daemon", d.pid()}, {"worker", worker}} {
		share := 100 * (after[p.pid].seconds - before[p.pid].seconds) / period
		turns := (after[p.pid].turns - before[p.pid].turns) / period
		results = append(results,
			single(share, Result{Case: p.name + ", share of a processor", Unit: "%", Target: atMost(0.05)}),
			single(turns, Result{Case: p.name + ", wakeups", Unit: "/s", Target: atMost(restless)}),
		)
	}
	return results, nil
}

// single is a result of one sample, which noise can't disturb.
func single(value float64, r Result) Result {
	r.judge([]float64{value}, []bool{true}, 1)
	return r
}
