package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/inferd/inferd/internal/engine/encode"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// vectors turns what a reader makes into frames, and writes those of a batch in
// one go.
type vectors struct {
	link   *link
	scores bool     // one number for a text
	sizes  sync.Map // request number → tokens, until its end
	buf    []byte
}

// Vector implements encode.Output. Of the scores of a head for several labels
// the first is the one for relevance.
func (o *vectors) Vector(id uint64, text int, v []float32) {
	if o.scores {
		v = v[:1]
	}
	o.buf = proto.AppendVector(o.buf, id, text, v)
}

// End implements encode.Output.
func (o *vectors) End(id uint64, err error) {
	e := proto.End{Request: id, Stop: wire.StopEnd}
	if size, ok := o.sizes.LoadAndDelete(id); ok {
		e.Usage.PromptTokens = size.(int)
	}
	switch {
	case errors.Is(err, encode.ErrCancelled):
		e.Stop = wire.StopCancelled
	case err != nil:
		e.Stop, e.Error = wire.StopError, err.Error()
	}
	if b, err := proto.AppendJSON(o.buf, proto.KindEnd, e); err == nil {
		o.buf = b
	}
}

// Flush implements encode.Output.
func (o *vectors) Flush() {
	if len(o.buf) > 0 {
		o.link.write(o.buf)
		o.buf = o.buf[:0]
	}
}

// read takes a request to read texts. It is prepared beside the frames that
// come behind it.
func (w *worker) read(k proto.Kind, payload []byte) error {
	switch embed, rerank := w.ld.readers.embed, w.ld.readers.rerank; k {
	case proto.KindEmbed:
		m := new(proto.Embed)
		if err := json.Unmarshal(payload, m); err != nil {
			return fmt.Errorf("engine link: %w", err)
		}
		if embed == nil {
			return errors.New("engine link: embed, and the model was loaded without")
		}
		w.prepare(m.Request, embed.reader, func() (*encode.Request, error) {
			return embed.request(m, func() bool { return w.gone(m.Request) })
		})
	case proto.KindRerank:
		m := new(proto.Rerank)
		if err := json.Unmarshal(payload, m); err != nil {
			return fmt.Errorf("engine link: %w", err)
		}
		if rerank == nil {
			return errors.New("engine link: rerank, and the model was loaded without")
		}
		w.prepare(m.Request, rerank.reader, func() (*encode.Request, error) {
			return rerank.request(m, func() bool { return w.gone(m.Request) })
		})
	default:
		return fmt.Errorf("engine link: a frame of unknown kind %d", k)
	}
	return nil
}

// gone reports whether a request that is being prepared was cancelled.
func (w *worker) gone(id uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.preparing[id]
}

// prepare makes a request in a goroutine of its own and hands it to the
// reader's loop, or ends it.
func (w *worker) prepare(id uint64, r *reader, request func() (*encode.Request, error)) {
	w.mu.Lock()
	w.preparing[id] = false
	w.mu.Unlock()
	go func() {
		req, err := request()
		w.mu.Lock()
		cancelled := w.preparing[id]
		delete(w.preparing, id)
		if err == nil && !cancelled {
			size := 0
			for _, t := range req.Texts {
				size += len(t)
			}
			r.out.sizes.Store(id, size)
			r.loop.Submit(req) // under the lock: a cancel from now on finds it there
		}
		w.mu.Unlock()
		switch {
		case cancelled:
			w.link.send(proto.KindEnd, proto.End{Request: id, Stop: wire.StopCancelled})
		case err != nil:
			_, bad := errors.AsType[*invalid](err)
			w.link.send(proto.KindEnd, proto.End{Request: id, Stop: wire.StopError, Error: err.Error(), Invalid: bad})
		}
	}()
}
