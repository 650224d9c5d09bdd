package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/inferd/inferd/internal/store"
)

// maxRestarts is how often a download may begin again, because the server's
// file changed or its ranges are wrong.
const maxRestarts = 3

// waitStep is how long a pause may be silent.
const waitStep = time.Second

// download is one file on its way.
type download struct {
	*job
	index int // of the file
	file  file
	a     *store.Arrival
	later int64 // bytes that must fit beside it

	restarts int
	// blind: bytes were asked for of whatever version the server has now, as it
	// had no name for the one before.
	blind bool
}

// run repeats attempts until all is there.
func (d *download) run(ctx context.Context) (*store.Blob, error) {
	p := d.c.patience()
	d.tell(false)
	for {
		if d.file.size > 0 && d.a.Offset() == d.file.size {
			if d.blind && !d.a.Matches() {
				// The two ends may be of different versions.
				if err := d.startOver(""); err != nil {
					return nil, err
				}
				continue
			}
			b, err := d.a.Finish(ctx, d.file.url.String())
			if err == nil {
				d.tellAt(b.Size, true)
			}
			return b, err
		}
		before := d.fetched
		err := d.attempt(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if errors.Is(err, errStartOver) && d.restarts < maxRestarts {
			if err := d.startOver(""); err != nil {
				return nil, err
			}
			continue
		}
		if err == nil && d.fetched > before {
			continue // all is there, or the server sent only a part
		}
		if err == nil {
			err = errShort
		}
		wait, again := p.next(err, d.fetched-before)
		if !again {
			if p.failed > 1 {
				err = fmt.Errorf("after %d attempts: %w", p.failed, err)
			}
			return nil, err
		}
		if err := d.pause(ctx, Retry{err, wait}); err != nil {
			return nil, err
		}
	}
}

// attempt asks for what is missing, and takes what comes.
func (d *download) attempt(ctx context.Context) error {
	var w watch
	watched, stop := w.start(ctx, d.c.config.Stall)
	defer stop()
	resp, err := d.c.wires.ask(watched, d.question())
	if err != nil {
		return stalled(watched, err)
	}
	defer func() { _ = resp.Body.Close() }()
	an, err := judge(resp, d.a.Offset(), d.a.Tag(), d.file.size)
	if err != nil {
		return err
	}
	if err := d.begin(an); err != nil {
		return err
	}
	from := d.a.Offset()
	missing := d.file.size - from
	err = d.a.Receive(watched, io.LimitReader(w.reader(resp.Body), missing), func(offset int64) {
		d.fetched += offset - from
		from = offset
		d.tell(false)
	})
	if err != nil {
		return stalled(watched, err)
	}
	// What follows after the last byte is not looked at: the digest is of those
	// before.
	if got := d.file.size - d.a.Offset(); got > 0 && got > missing-max(0, an.length) {
		return errShort
	}
	return nil
}

// stalled tells why an attempt ended.
func stalled(watched context.Context, err error) error {
	if errors.Is(context.Cause(watched), errStalled) {
		return errStalled
	}
	return err
}

// question asks for the bytes that are missing.
func (d *download) question() question {
	q := question{method: http.MethodGet, to: d.file.url, header: http.Header{}}
	if d.a.Offset() == 0 {
		return q
	}
	q.header.Set("Range", fmt.Sprintf("bytes=%d-", d.a.Offset()))
	if d.a.Tag() != "" {
		q.header.Set("If-Range", d.a.Tag())
	}
	return q
}

// begin makes ready for the bytes of an answer.
func (d *download) begin(an answer) error {
	d.file.size = an.size
	switch {
	case !an.restart:
		d.blind = d.blind || d.a.Tag() == ""
	case d.a.Offset() > 0:
		if err := d.startOver(an.tag); err != nil {
			return err
		}
	default:
		if err := d.a.Restart(an.tag); err != nil {
			return localError{err}
		}
	}
	if err := d.s.Room(d.file.size - d.a.Offset() + d.later); err != nil {
		return localError{err}
	}
	return nil
}

// startOver forgets what came so far; the next bytes are of the version tag.
func (d *download) startOver(tag string) error {
	if d.restarts++; d.restarts > maxRestarts {
		return &ProtocolError{"the server's file changes all the time, or can't be continued"}
	}
	d.blind = false
	if err := d.a.Restart(tag); err != nil {
		return localError{err}
	}
	return nil
}

// pause waits for the next attempt.
func (d *download) pause(ctx context.Context, r Retry) error {
	if d.o.Retrying != nil {
		d.o.Retrying(r)
	}
	for left := r.Wait; left > 0; left -= waitStep {
		if err := sleep(ctx, min(left, waitStep)); err != nil {
			return err
		}
		d.tell(false)
	}
	return nil
}

// tell reports how far the model is.
func (d *download) tell(last bool) { d.tellAt(d.a.Offset(), last) }

func (d *download) tellAt(offset int64, last bool) {
	d.pace.tell(time.Now(), Progress{
		Done: d.before + offset, Total: d.total(d.index, d.file.size), URL: d.file.url.String(),
	}, last)
}

// fileName is the last element of a URL's path.
func fileName(t target) string {
	if name := path.Base(t.url.Path); name != "/" && name != "." {
		return name
	}
	return ""
}
