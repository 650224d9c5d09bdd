package host

import (
	"errors"
	"io"
	"sync"

	"github.com/inferd/inferd/internal/engine/batch"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/prompt"
	"github.com/inferd/inferd/wire"
)

// link writes frames to the daemon. A daemon that is gone ends the worker by
// the reading side, so write errors are nobody's business.
type link struct {
	// mu guards the fields below; it is held over a write, which keeps the
	// frames of different writers apart.
	mu  sync.Mutex
	w   io.Writer
	buf []byte
}

func (l *link) send(k proto.Kind, msg any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if l.buf, err = proto.AppendJSON(l.buf[:0], k, msg); err == nil {
		_, _ = l.w.Write(l.buf)
	}
}

func (l *link) write(frames []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(frames)
}

// output turns what a turn of the loop produced into frames, and writes them
// in one go at its end.
type output struct {
	link  *link
	seeds sync.Map // request number → seed, until its end
	buf   []byte
	step  int // where the open Step frame starts in buf; -1 if none is open
}

func newOutput(l *link) *output { return &output{link: l, step: -1} }

func (o *output) open() {
	if o.step < 0 {
		o.step = len(o.buf)
		o.buf = proto.Begin(o.buf, proto.KindStep)
	}
}

func (o *output) seal() {
	if o.step >= 0 {
		o.buf = proto.Finish(o.buf, o.step)
		o.step = -1
	}
}

// eventKinds are the parts that carry text, as the link numbers them.
var eventKinds = map[prompt.EventKind]proto.EventKind{
	prompt.EventText:      proto.EventText,
	prompt.EventThinking:  proto.EventThinking,
	prompt.EventMalformed: proto.EventMalformed,
}

// Part implements batch.Output.
func (o *output) Part(id uint64, tokens int, e prompt.Event) {
	o.open()
	if e.Kind != prompt.EventToolUse {
		o.buf = proto.AppendText(o.buf, eventKinds[e.Kind], id, tokens, e.Text)
		return
	}
	c := proto.ToolUse{ID: e.ID, Name: e.Name, Input: e.Input}
	if b, err := proto.AppendToolUse(o.buf, id, tokens, c); err == nil {
		o.buf = b
	}
}

// Prefill implements batch.Output.
func (o *output) Prefill(id uint64, done, total int) {
	o.open()
	o.buf = proto.AppendPrefill(o.buf, id, done, total)
}

// End implements batch.Output.
func (o *output) End(id uint64, r batch.Result) {
	o.seal()
	e := proto.End{Request: id, Stop: r.Stop, StopString: r.StopString, ToolUse: r.ToolUse, Usage: r.Usage,
		Prefill: r.Prefill, FirstToken: r.FirstToken, Decode: r.Decode}
	if seed, ok := o.seeds.LoadAndDelete(id); ok {
		e.Seed = seed.(uint32)
	}
	if r.Err != nil {
		e.Stop, e.Error = wire.StopError, r.Err.Error()
		_, e.Malformed = errors.AsType[*batch.MalformedError](r.Err)
	}
	if b, err := proto.AppendJSON(o.buf, proto.KindEnd, e); err == nil {
		o.buf = b
	}
}

// Flush implements batch.Output.
func (o *output) Flush() {
	o.seal()
	if len(o.buf) > 0 {
		o.link.write(o.buf)
		o.buf = o.buf[:0]
	}
}
