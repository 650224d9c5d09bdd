package disktest

import (
	"testing"

	"github.com/inferd/inferd/internal/disk"
)

func TestMemory_IsAnFS(t *testing.T) {
	Run(t, func(*testing.T) disk.FS { return NewMemory(MemoryOptions{}) })
}

func TestMemory_WithoutClonesIsAnFS(t *testing.T) {
	Run(t, func(*testing.T) disk.FS { return NewMemory(MemoryOptions{NoClone: true}) })
}

func TestSub_IsAnFS(t *testing.T) {
	Run(t, func(t *testing.T) disk.FS {
		m := NewMemory(MemoryOptions{})
		if err := m.Mkdir("sub"); err != nil {
			t.Fatal(err)
		}
		return m.Sub("sub")
	})
}

func TestFaulty_WithoutFaultsIsAnFS(t *testing.T) {
	Run(t, func(*testing.T) disk.FS { return NewFaulty(NewMemory(MemoryOptions{})) })
}
