package disk

import (
	"os"
	"time"
)

// Identity tells one state of a file from every other: which file it is, and
// when it was last changed. Modified is as its owner likes; Changed is the
// system's own, and moves with every change of bytes, name or mode.
type Identity struct {
	Device, Inode     uint64
	Size              int64
	Modified, Changed time.Time
}

// Equal reports whether two identities are of one file in one state.
func (i Identity) Equal(other Identity) bool {
	return i.SameBytes(other) && i.Changed.Equal(other.Changed)
}

// SameBytes is Equal for who trusts the file's owner: a new name or mode makes
// no difference.
func (i Identity) SameBytes(other Identity) bool {
	return i.Device == other.Device && i.Inode == other.Inode && i.Size == other.Size && i.Modified.Equal(other.Modified)
}

// Identify is the identity of an open file.
func Identify(f *os.File) (Identity, error) { return identify(f) }
