package store

import (
	"fmt"
	"slices"
)

// maxParts bounds the files of one model.
const maxParts = 1024

// Part is a file of a model that is split.
type Part struct {
	Blob     Digest
	Size     int64
	Filename string
}

// partRecord is a part as manifests have it.
type partRecord struct {
	Blob     string `json:"blob"`
	Size     int64  `json:"size_bytes"`
	Filename string `json:"filename,omitempty"`
}

func parseParts(records []partRecord) ([]Part, error) {
	if len(records) > maxParts {
		return nil, fmt.Errorf("parts: there are %d, allowed are %d", len(records), maxParts)
	}
	var parts []Part
	for i, r := range records {
		d, err := ParseRef(r.Blob)
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", i+1, err)
		}
		if r.Size < 0 {
			return nil, fmt.Errorf("part %d: size_bytes must not be negative", i+1)
		}
		parts = append(parts, Part{d, r.Size, r.Filename})
	}
	return parts, nil
}

func partRecords(parts []Part) []partRecord {
	records := make([]partRecord, len(parts))
	for i, p := range parts {
		records[i] = partRecord{p.Blob.String(), p.Size, p.Filename}
	}
	return records
}

// Files are all files of the model, the first one included.
func (m Manifest) Files() []Part {
	return append([]Part{{m.Blob, m.Size, m.Origin.Filename}}, m.Parts...)
}

// blobs are the digests of all files, each once.
func (m Manifest) blobs() []Digest {
	var blobs []Digest
	for _, f := range m.Files() {
		if !slices.Contains(blobs, f.Blob) {
			blobs = append(blobs, f.Blob)
		}
	}
	return blobs
}

// TotalSize is the size of all files together.
func (m Manifest) TotalSize() int64 {
	total := int64(0)
	for _, f := range m.Files() {
		total += f.Size
	}
	return total
}

// wrongSize reports whether the model has a file with this digest under another
// size.
func (m Manifest) wrongSize(d Digest, size int64) bool {
	for _, f := range m.Files() {
		if f.Blob == d && f.Size != size {
			return true
		}
	}
	return false
}

// correctSize gives every file with this digest that size.
func (m *Manifest) correctSize(d Digest, size int64) {
	if m.Blob == d {
		m.Size = size
	}
	for i := range m.Parts {
		if m.Parts[i].Blob == d {
			m.Parts[i].Size = size
		}
	}
}
