package router

// candidate is what picking knows of one backend at one moment.
type candidate struct {
	// capable: it can do what the request needs.
	capable bool
	// ready: it can be expected to work now.
	ready bool
}

// reason says why no candidate was picked, or that one was.
type reason uint8

const (
	// picked: there is one.
	picked reason = iota
	// noneCapable: no candidate can do what the request needs.
	noneCapable
	// noneReady: some could, but none of those is ready.
	noneReady
)

// pick chooses among cs, which stand in order of preference: the first that is
// capable and ready. It is pure, and index is only meaningful with picked.
func pick(cs []candidate) (index int, why reason) {
	why = noneCapable
	for i, c := range cs {
		switch {
		case !c.capable:
		case c.ready:
			return i, picked
		default:
			why = noneReady
		}
	}
	return -1, why
}
