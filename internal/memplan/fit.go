package memplan

import (
	"fmt"
	"sort"
	"strings"
)

// Host is what the plan takes of the host's memory.
func (p Plan) Host() int64 { return p.total(func(l Line) bool { return !l.Accelerator }) }

// Accelerator is what it takes of an accelerator's.
func (p Plan) Accelerator() int64 { return p.total(func(l Line) bool { return l.Accelerator }) }

func (p Plan) total(counts func(Line) bool) int64 {
	var n int64
	for _, l := range p.Lines {
		if counts(l) {
			n = sum(n, l.Bytes)
		}
	}
	return n
}

// Evictable is what the plan takes of the host's memory that the system counts
// as available although it is in use: files that are mapped and not copied.
func (p Plan) Evictable() int64 { return max(p.Host()-p.private, 0) }

// Private is what the plan takes of the host's memory that is no mapped file,
// at most: what a limit on a process's own memory has to leave room for.
func (p Plan) Private() int64 { return p.private }

// needed is what the plan can't do without.
func (p Plan) needed() int64 {
	return p.total(func(l Line) bool { return !l.Accelerator && l.What != pastPrompts })
}

// Fits reports whether there is room for the plan, if not for past prompts.
func (p Plan) Fits(m Memory) bool {
	return (m.Host <= 0 || p.needed() <= m.Host) && (m.Accelerator <= 0 || p.Accelerator() <= m.Accelerator)
}

// LargestContext is the largest context that there is room for, a multiple of
// 256 or the most that may be chosen: the model's own, and for Auto no more
// than AutoContext. It is 0 if there is room for none.
func (p Plan) LargestContext(m Memory) int {
	steps := (p.most + cellUnit - 1) / cellUnit
	// More context never needs less, so the first that does not fit is found
	// by halving.
	fit := sort.Search(steps, func(i int) bool { return !p.At((i + 1) * cellUnit).Fits(m) })
	return min(fit*cellUnit, p.most)
}

// TooLargeError means that there is no room for a plan.
type TooLargeError struct {
	Plan   Plan
	Memory Memory
	// Largest is the largest context that there is room for, or 0.
	Largest int
}

func (e *TooLargeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the model needs %s of memory%s, and %s are available:", Size(e.Plan.needed()), e.Plan.purpose(), Size(e.Memory.Host))
	if e.Memory.Accelerator > 0 && e.Plan.Accelerator() > e.Memory.Accelerator {
		fmt.Fprintf(&b, " on the accelerator it needs %s, and %s are available:", Size(e.Plan.Accelerator()), Size(e.Memory.Accelerator))
	}
	for _, l := range e.Plan.Lines {
		if l.What == pastPrompts {
			continue // it would get what is left
		}
		where := ""
		if l.Accelerator {
			where = " (accelerator)"
		}
		fmt.Fprintf(&b, "\n  %-14s %10s%s", l.What, Size(l.Bytes), where)
	}
	return b.String()
}

// Hint is what to do about it.
func (e *TooLargeError) Hint() string {
	if e.Plan.options.NoAnswers {
		return "a smaller embed_n_ctx, or n_ctx where it reranks, takes less"
	}
	if e.Largest > 0 {
		return fmt.Sprintf("n_ctx %d is the largest context that fits; fewer slots leave room for more", e.Largest)
	}
	return "no context fits: fewer slots or a smaller model would"
}

// Resolve is the plan that is to be carried out with the memory there is: for
// Auto, that with the largest context that fits. The error is a *TooLargeError.
func (p Plan) Resolve(m Memory) (Plan, error) {
	if p.options.Context == Auto {
		if len(p.Unknown) > 0 { // the plan is no measure of the context then
			p.most = min(p.most, DefaultContext)
			p = p.At(p.most)
		}
		if n := p.LargestContext(m); n > 0 {
			return p.At(n).shrink(m), nil
		}
		p = p.At(cellUnit)
	}
	if !p.Fits(m) {
		return p, &TooLargeError{Plan: p, Memory: m, Largest: p.LargestContext(m)}
	}
	return p.shrink(m), nil
}

// shrink leaves past prompts what is left.
func (p Plan) shrink(m Memory) Plan {
	if left := m.Host - p.needed(); m.Host > 0 && CacheRoom(p.Cache) > left {
		p.Cache = left / 5 * 4
		p = p.At(p.Context)
	}
	return p
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}} {
		if n >= u.size {
			return fmt.Sprintf("%.2f %s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
