package llama

// SeqRemove forgets the tokens of a sequence from position from on; all of
// them from 0. It reports false where the model can't cut there.
func (c *Context) SeqRemove(seq, from int) bool {
	return c.lib.seqRm(c.mem, int32(seq), int32(from), -1)
}

// SeqCopy makes the first n tokens of src the start of dst too, sharing the
// cells. It needs a context that is not split.
func (c *Context) SeqCopy(src, dst, n int) {
	c.lib.seqCp(c.mem, int32(src), int32(dst), 0, int32(n))
}

// SeqEnd is the position after the last token of a sequence; 0 if empty.
func (c *Context) SeqEnd(seq int) int { return int(c.lib.seqMax(c.mem, int32(seq))) + 1 }

// Clear forgets every sequence; with data also the numbers in their cells,
// which are otherwise left and given no weight.
func (c *Context) Clear(data bool) { c.lib.memClear(c.mem, data) }

// SeqSave copies the state of a sequence out of the cache.
func (c *Context) SeqSave(seq int) []byte {
	n := c.lib.seqSize(c.ptr, int32(seq))
	if n == 0 {
		return nil
	}
	buf := make([]byte, n)
	return buf[:c.lib.seqGet(c.ptr, &buf[0], n, int32(seq))]
}

// SeqRestore puts a saved state into an empty sequence; false if there is no
// room for it.
func (c *Context) SeqRestore(seq int, state []byte) bool {
	if len(state) == 0 {
		return false
	}
	return c.lib.seqSet(c.ptr, &state[0], uint64(len(state)), int32(seq)) != 0
}
