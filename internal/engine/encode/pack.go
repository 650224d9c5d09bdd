package encode

import (
	"cmp"
	"slices"
	"sort"
)

// job is a request that is running.
type job struct {
	req *Request
	// waiting are the texts that are in no batch yet, the longest first: what
	// is alike in length goes together, and the short ones fill up batches.
	waiting []int
	open    int // texts without a vector
	ended   bool
}

func newJob(r *Request) *job {
	j := &job{req: r, open: len(r.Texts)}
	for i := range r.Texts {
		j.waiting = append(j.waiting, i)
	}
	slices.SortStableFunc(j.waiting, func(a, b int) int { return cmp.Compare(len(r.Texts[b]), len(r.Texts[a])) })
	return j
}

// take removes the longest waiting text of at most room tokens.
func (j *job) take(room int, c Config) (text int, ok bool) {
	i := sort.Search(len(j.waiting), func(i int) bool { return c.padded(len(j.req.Texts[j.waiting[i]])) <= room })
	if i == len(j.waiting) {
		return 0, false
	}
	text = j.waiting[i]
	j.waiting = slices.Delete(j.waiting, i, i+1)
	return text, true
}

// item is a text in a batch. Its place there is its sequence.
type item struct {
	job  *job
	text int
}

func (it item) tokens() []Token { return it.job.req.Texts[it.text] }

// pack chooses what goes into the next batch: one text of each request in turn,
// so that a long list holds up no other request for more than its share. The
// first one of whom it is the turn is there in any case, whatever its length.
func (l *Loop) pack() []item {
	n := len(l.jobs)
	if n == 0 {
		return nil
	}
	l.turn %= n
	var items []item
	room := l.cfg.Batch
	for more := true; more; {
		more = false
		for i := range n {
			j := l.jobs[(l.turn+i)%n]
			if len(items) == l.cfg.Sequences || len(items) > 0 && room <= 0 {
				break
			}
			most := room
			if len(items) == 0 && len(j.waiting) > 0 {
				most = max(room, l.cfg.padded(len(j.req.Texts[j.waiting[0]])))
			}
			if text, ok := j.take(most, l.cfg); ok {
				items = append(items, item{j, text})
				room -= l.cfg.padded(len(j.req.Texts[text]))
				more = true
			}
		}
	}
	l.turn++
	return items
}
