package batch

import "time"

// gather is how long the parts of answers wait for the next ones at most. A
// small model writes thousands of tokens a second: a write for each of them,
// and all that wakes up by it down to the app, would cost more than the tokens.
// Nobody reads so fast that it could be seen.
const gather = 4 * time.Millisecond

// unknown stands for an occasion that may never come.
const unknown = time.Hour

// outlet decides when what the loop has produced is written. It holds no clock.
type outlet struct {
	last   time.Time // the last write
	urgent bool      // somebody waits for what is there
}

// due reports whether it has to be written now, where the next occasion comes
// in about so long.
func (o *outlet) due(now time.Time, next time.Duration) bool {
	return o.urgent || now.Sub(o.last)+next > gather
}

// flush writes what the loop has produced, unless it can wait for what comes
// next, in about so long.
func (l *Loop) flush(next time.Duration) {
	if now := time.Now(); l.outlet.due(now, next) {
		l.out.Flush()
		l.outlet = outlet{last: now}
	}
}
