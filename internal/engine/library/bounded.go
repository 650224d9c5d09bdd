package library

import (
	"context"
	"fmt"
	"io"
)

// boundedReader ends with ctx, and fails after limit bytes where
// io.LimitReader would end: something cut off must not pass for something
// short.
type boundedReader struct {
	ctx   context.Context //nolint:containedctx // it lives for one copy
	r     io.Reader
	limit int64
	read  int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	n, err := b.r.Read(p)
	if b.read += int64(n); b.read > b.limit {
		return 0, fmt.Errorf("more than %d bytes", b.limit)
	}
	return n, err
}
