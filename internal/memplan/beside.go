package memplan

// Beside reports whether the coming plans can be carried out, all of them, while
// the running ones are. Memory is what there is now, beside what the running ones
// have taken: but the weights that they map count as available as long as nobody
// needs them, and taken away they would be read from the disk again and again.
// One whose context may be chosen comes beside only with the largest that it may
// have: else it would have less for good, for the sake of a moment.
func Beside(m Memory, running, coming []Plan) bool {
	if m.Host <= 0 {
		return true
	}
	left := m.Host
	for _, p := range running {
		left = max(left-p.Evictable(), 0)
	}
	for _, p := range coming {
		left -= p.needed()
		if left < 0 {
			return false
		}
	}
	return true
}
