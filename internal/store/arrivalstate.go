package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
	"io"
	"slices"
)

// The state of an arrival is a file of four slots. The first two take turns at
// being written, without being synced: one of them is whole whenever a process
// is killed. The other two take turns as well, and are synced after the bytes
// that they speak of: they are there after a power cut.
const (
	slotSize   = 4096
	plainSlots = 2
	slots      = 4
)

// maxTag bounds what a state says of the version of the bytes.
const maxTag = 1024

// slotMagic begins a slot, and names its format.
const slotMagic = "inferd-arrival-1"

// state is how far an arrival has come.
type state struct {
	seq    uint64
	offset int64
	boot   string // the run of the system in which it was written
	tag    string // see Arrival.Tag
	hash   []byte // of the bytes before offset
	slot   int    // in which it was read
}

// encode is the content of a slot: the parts with their lengths, and a checksum
// over all, since after a power cut a slot may be half of one and half of
// another.
func (s state) encode() []byte {
	b := append(make([]byte, 0, 512), slotMagic...)
	b = binary.LittleEndian.AppendUint64(b, s.seq)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.offset))
	for _, part := range [][]byte{[]byte(s.boot), []byte(s.tag), s.hash} {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeState reads a slot; ok is whether it holds a whole state.
func decodeState(slot []byte) (s state, ok bool) {
	b, found := bytes.CutPrefix(slot, []byte(slotMagic))
	if !found || len(b) < 16 {
		return state{}, false
	}
	s.seq, s.offset = binary.LittleEndian.Uint64(b), int64(binary.LittleEndian.Uint64(b[8:]))
	b = b[16:]
	var parts [3][]byte
	for i := range parts {
		if len(b) < 2 {
			return state{}, false
		}
		n := int(binary.LittleEndian.Uint16(b))
		if b = b[2:]; len(b) < n {
			return state{}, false
		}
		parts[i], b = b[:n], b[n:]
	}
	sum := sha256.Sum256(slot[:len(slot)-len(b)])
	if !bytes.HasPrefix(b, sum[:]) || s.offset < 0 {
		return state{}, false
	}
	s.boot, s.tag, s.hash = string(parts[0]), string(parts[1]), slices.Clone(parts[2])
	return s, true
}

// readStates reads the states in a file, the latest one first.
func readStates(f io.ReaderAt) ([]state, error) {
	data, err := io.ReadAll(io.NewSectionReader(f, 0, slots*slotSize))
	if err != nil {
		return nil, err
	}
	var states []state
	for slot := 0; slot*slotSize < len(data); slot++ {
		if s, ok := decodeState(data[slot*slotSize : min(len(data), (slot+1)*slotSize)]); ok {
			s.slot = slot
			states = append(states, s)
		}
	}
	slices.SortFunc(states, func(a, b state) int { return cmp.Compare(b.seq, a.seq) })
	return states, nil
}

// marshalHash and unmarshalHash keep a hash between processes.
func marshalHash(h hash.Hash) ([]byte, error) { return h.(encoding.BinaryMarshaler).MarshalBinary() }

func unmarshalHash(data []byte) (hash.Hash, error) {
	h := sha256.New()
	return h, h.(encoding.BinaryUnmarshaler).UnmarshalBinary(data)
}
