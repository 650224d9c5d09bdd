package llama

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/ebitengine/purego"
)

// ContextOptions size a context.
type ContextOptions struct {
	Cells   int // tokens of KV cache in all
	Batch   int // tokens that one Decode takes at most
	MaxSeqs int // sequences, numbered from 0
	Threads int
	// Split gives every sequence its own share of the cells, rounded up to
	// 256, instead of one pool for all.
	Split bool
	// Flash says whether attention is computed with the fused kernel.
	//
	// On the CPU, split and without it, a sequence's logits are the same to
	// the bit whatever else is in the batch and however its prompt was cut.
	Flash Flash
	// KeyType and ValueType are what the cache is stored in, as in CacheTypes;
	// empty is f16.
	KeyType, ValueType string
	// Pooling makes a context for vectors and scores: see Context.Vector. A
	// model that looks at whole texts takes no text longer than Batch; every
	// entry has to ask for its row then.
	Pooling Pooling
}

// Context is a model with a KV cache. One goroutine owns it; Abort alone may
// be called from any.
type Context struct {
	lib   *Library
	model *Model
	ptr   uintptr
	mem   uintptr
	batch cBatch
	cap   int
	seqs  int
	abort *uint32 // in C memory: see SetAbort
	flag  cBatch  // what holds it
	pool  threads

	pooling Pooling
}

// NewContext makes a context on m. Its memory is bounded by the caller, who
// knows how much there is: the library allocates whatever is asked for.
func (m *Model) NewContext(o ContextOptions) (*Context, error) {
	l := m.lib
	p := l.ctxDefault()
	p.NCtx, p.NSeqMax = uint32(o.Cells), uint32(o.MaxSeqs)
	p.NBatch, p.NUBatch = uint32(o.Batch), uint32(o.Batch)
	p.NThreads, p.NThreadsBatch = int32(o.Threads), int32(o.Threads)
	p.KVUnified = !o.Split
	p.FlashAttnType = int32(o.Flash) - 1
	if err := p.setCache(o.KeyType, o.ValueType); err != nil {
		return nil, err
	}
	if o.Pooling != NoPooling {
		p.Embeddings, p.PoolingType = true, int32(max(o.Pooling, 0)) // for the library, Unpooled is 0
	}

	c := &Context{lib: l, model: m, cap: o.Batch, seqs: o.MaxSeqs, pooling: o.Pooling}
	// The abort callback runs hundreds of times a token. A Go function costs
	// 0.5 ms for that, C's strlen over a flag of one byte nothing: an empty
	// string goes on, any other aborts.
	c.flag = l.batchInit(4, 0, 1)
	c.abort = (*uint32)(unsafe.Pointer(c.flag.Token))
	atomic.StoreUint32(c.abort, 0)
	p.AbortCallback, p.AbortCallbackData = l.libc.strlen, uintptr(unsafe.Pointer(c.abort))

	l.log.takeErrors()
	if c.ptr = l.newContext(m.ptr, p); c.ptr == 0 {
		l.batchFree(c.flag)
		return nil, fmt.Errorf("make a context of %d tokens for %d sequences: %s", o.Cells, o.MaxSeqs, l.log.takeErrors())
	}
	c.mem = l.memory(c.ptr)
	c.pool = threads{lib: l, ctx: c.ptr, sets: map[int]uintptr{}}
	c.pool.use(max(1, o.Threads))
	c.batch = l.batchInit(int32(o.Batch), 0, 1)
	return c, nil
}

// Close frees the context.
func (c *Context) Close() {
	if c.ptr == 0 {
		return
	}
	c.lib.freeContext(c.ptr)
	c.pool.close()
	c.lib.batchFree(c.batch)
	c.lib.batchFree(c.flag)
	c.ptr = 0
}

// SetThreads sets how many threads compute from the next batch on.
func (c *Context) SetThreads(n int) { c.pool.use(n) }

// Abort makes the running Decode end early, or the next one, until it is
// called with false. Safe for concurrent use.
func (c *Context) Abort(on bool) {
	var v uint32
	if on {
		v = 0x01010101 // any byte order: the string is not empty
	}
	c.lib.log.quiet.Store(on) // the library logs an abort as three errors
	atomic.StoreUint32(c.abort, v)
}

// Entry is one token of a batch.
type Entry struct {
	Token  Token
	Seq    int32
	Pos    int32
	Logits bool // the row is wanted
}

// Status is how a Decode ended.
type Status int

// The ways in which a Decode ends without a fault.
const (
	Decoded Status = iota // every entry is in the cache
	Full                  // no room in the cache; nothing changed
	Aborted               // Abort was called; some entries may be in the cache
)

// Decode computes one batch. On Aborted and on an error the caller cuts the
// sequences back to where they were.
func (c *Context) Decode(entries []Entry) (Status, error) {
	if len(entries) == 0 || len(entries) > c.cap {
		return 0, fmt.Errorf("decode: a batch of %d tokens, allowed are 1 to %d", len(entries), c.cap)
	}
	n := len(entries)
	tok, pos := unsafe.Slice(c.batch.Token, n), unsafe.Slice(c.batch.Pos, n)
	count, seq := unsafe.Slice(c.batch.NSeqID, n), unsafe.Slice(c.batch.SeqID, n)
	want := unsafe.Slice(c.batch.Logits, n)
	for i, e := range entries {
		if e.Seq < 0 || int(e.Seq) >= c.seqs { // the library does not check
			return 0, fmt.Errorf("decode: sequence %d, allowed are 0 to %d", e.Seq, c.seqs-1)
		}
		tok[i], pos[i], count[i], *seq[i], want[i] = e.Token, e.Pos, 1, e.Seq, 0
		if e.Logits {
			want[i] = 1
		}
	}
	c.batch.NTokens = int32(n)
	switch rc := c.lib.decode(c.ptr, c.batch); rc {
	case 0:
		return Decoded, nil
	case 1:
		return Full, nil
	case 2:
		return Aborted, nil
	default:
		return 0, fmt.Errorf("decode: the engine answered %d: %s", rc, c.lib.log.takeErrors())
	}
}

// Logits is the row of entry i of the last Decode, which must have asked for
// it. It is valid until the next Decode, and may be changed.
func (c *Context) Logits(i int) []float32 {
	r, _, _ := purego.SyscallN(c.lib.hot.logits, c.ptr, uintptr(i))
	if r == 0 {
		return nil
	}
	return unsafe.Slice(*(**float32)(unsafe.Pointer(&r)), c.model.nv)
}
