package queue

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// coreModel is what a core must do, written as plainly as can be.
type coreModel struct {
	core    *fifo
	limits  Limits
	last    ticket
	running []ticket
	line    []ticket
}

func (m *coreModel) Offer(t *rapid.T) {
	m.last++
	got := m.core.offer(m.last, Caller{UID: rapid.Uint32Range(0, 3).Draw(t, "uid")})
	switch {
	case len(m.running) < m.limits.Active:
		m.running = append(m.running, m.last)
		expect(t, "offer", got, admitted)
	case len(m.line) < m.limits.Waiting:
		m.line = append(m.line, m.last)
		expect(t, "offer", got, queued)
	default:
		expect(t, "offer", got, full)
	}
}

func (m *coreModel) Cancel(t *rapid.T) {
	if len(m.line) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.line)-1).Draw(t, "place")
	m.core.cancel(m.line[i])
	m.line = slices.Delete(m.line, i, i+1)
}

func (m *coreModel) Release(t *rapid.T) {
	if len(m.running) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.running)-1).Draw(t, "runner")
	id := m.running[i]
	m.running = slices.Delete(m.running, i, i+1)
	m.expectAdmitted(t, m.core.release(id))
}

func (m *coreModel) SetActive(t *rapid.T) {
	m.limits.Active = rapid.IntRange(0, 4).Draw(t, "active")
	m.expectAdmitted(t, m.core.setActive(m.limits.Active))
}

// expectAdmitted moves up the model's line and compares who got in.
func (m *coreModel) expectAdmitted(t *rapid.T, got []ticket) {
	n := max(0, min(m.limits.Active-len(m.running), len(m.line)))
	if !slices.Equal(got, m.line[:n]) {
		t.Fatalf("admitted %v, want %v", got, m.line[:n])
	}
	m.running = append(m.running, m.line[:n]...)
	m.line = slices.Clone(m.line[n:])
}

// Check holds after every action. That nobody waits while there is room, that
// the order is the order of arrival and that each ticket is admitted once
// follow from the core agreeing with the model; they are checked on the core
// alone as well, so that a mistake in the model can't hide one.
func (m *coreModel) Check(t *rapid.T) {
	line := slices.Collect(m.core.order())
	if !slices.Equal(line, m.line) {
		t.Fatalf("line is %v, want %v", line, m.line)
	}
	if !slices.IsSorted(line) {
		t.Fatalf("line %v is not in order of arrival", line)
	}
	if len(line) > m.limits.Waiting {
		t.Fatalf("%d wait, limit %d", len(line), m.limits.Waiting)
	}
	if len(line) > 0 && len(m.core.running) < m.limits.Active {
		t.Fatalf("%v wait while %d of %d run", line, len(m.core.running), m.limits.Active)
	}
	if len(m.core.running) != len(m.running) {
		t.Fatalf("%d run, want %d", len(m.core.running), len(m.running))
	}
	for _, id := range m.running {
		if _, ok := m.core.running[id]; !ok {
			t.Fatalf("ticket %d does not run", id)
		}
	}
}

func expect(t *rapid.T, what string, got, want verdict) {
	if got != want {
		t.Fatalf("%s answered %d, want %d", what, got, want)
	}
}

func TestCore_AgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := Limits{
			Active:  rapid.IntRange(0, 4).Draw(t, "active"),
			Waiting: rapid.IntRange(0, 6).Draw(t, "waiting"),
		}
		m := &coreModel{core: newFIFO(limits), limits: limits}
		t.Repeat(map[string]func(*rapid.T){
			"offer": m.Offer, "cancel": m.Cancel, "release": m.Release,
			"setActive": m.SetActive, "": m.Check,
		})
	})
}

func TestCore_PanicsOnTicketsOutOfPlace(t *testing.T) {
	core := newFIFO(Limits{Active: 1, Waiting: 1})
	core.offer(1, Caller{})
	core.offer(2, Caller{})
	for name, misuse := range map[string]func(){
		"cancel of a running ticket":   func() { core.cancel(1) },
		"cancel of an unknown ticket":  func() { core.cancel(9) },
		"release of a waiting ticket":  func() { core.release(2) },
		"release of an unknown ticket": func() { core.release(9) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse()
		})
	}
}
