// Package memory says how much memory a process that is started here and now
// can have: what the machine has free, and what the limits on this process
// leave of it.
package memory

import "fmt"

// Available is how much memory there is.
type Available struct {
	// Bytes is the least of what is free and what each limit leaves; 0 if that
	// is not known on this system.
	Bytes int64
	// Bound says in words what the least was.
	Bound string
}

// Read looks at the machine and at the limits of this process. It is a look at
// a moment: others take and free memory all the time.
func Read() Available { return read() }

// Kills is how many processes the system has killed since it started because
// memory ran out; 0 where that is not known.
func Kills() int64 { return kills() }

// least is the smaller one; what is not known is none.
func least(a, b Available) Available {
	if a.Bound == "" || b.Bound != "" && b.Bytes < a.Bytes {
		return b
	}
	return a
}

// left is what a limit leaves, which is known and may be nothing: a byte stands
// for that, since 0 says that nothing is known.
func left(limit, used int64, format string, args ...any) Available {
	return Available{Bytes: max(limit-used, 1), Bound: fmt.Sprintf(format, args...)}
}
