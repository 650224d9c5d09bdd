package fetch

import "time"

// How often Options.Progress is called.
const (
	paceBytes = 32 << 20
	paceTime  = 5 * time.Second
)

// Progress is how far a download is.
type Progress struct {
	// Done is how many bytes are there, those of earlier runs included.
	Done int64
	// Total is of all files of the model; 0 is unknown.
	Total int64
	// URL is where they come from, without secrets.
	URL string
}

// pacer thins out progress to what the admin protocol has.
type pacer struct {
	often, paced func(Progress)
	began        bool
	last         Progress
	at           time.Time
}

// tell reports progress; the first and the last one always pass.
func (p *pacer) tell(now time.Time, pr Progress, last bool) {
	if p.often != nil {
		p.often(pr)
	}
	due := !p.began || last || pr.Done-p.last.Done >= paceBytes || pr.Done < p.last.Done || now.Sub(p.at) >= paceTime
	if p.paced == nil || !due {
		return
	}
	p.began, p.last, p.at = true, pr, now
	p.paced(pr)
}
