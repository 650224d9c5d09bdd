package lineedit

// maxHistory is how many messages are kept for another use.
const maxHistory = 500

// history are the messages so far, and the walk through them.
type history struct {
	all   []string
	at    int    // in all; len(all) is the message that is being written
	draft string // that one, while another is looked at
}

func (h *history) add(text string) {
	if text != "" && (len(h.all) == 0 || h.all[len(h.all)-1] != text) {
		h.all = append(h.all, text)
	}
	if len(h.all) > maxHistory {
		h.all = h.all[len(h.all)-maxHistory:]
	}
	h.rewind()
}

// rewind ends the walk.
func (h *history) rewind() { h.at, h.draft = len(h.all), "" }

// step goes to an older (-1) or a newer (1) message; now is what is on the
// screen. It is false where there is none.
func (h *history) step(by int, now string) (string, bool) {
	to := h.at + by
	if to < 0 || to > len(h.all) {
		return "", false
	}
	if h.at == len(h.all) {
		h.draft = now
	}
	h.at = to
	if to == len(h.all) {
		return h.draft, true
	}
	return h.all[to], true
}
