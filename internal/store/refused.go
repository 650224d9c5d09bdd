package store

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// readNote reads the note with this name, but for its ending.
func (s *Store) readNote(base string) (note, error) {
	var n note
	data, err := readSmall(s.fs, base+noteExt, maxManifest)
	if err == nil {
		err = json.Unmarshal(data, &n)
	}
	return n, err
}

// notes calls f for every readable note about bytes from this source that
// should have had this digest.
func (s *Store) notes(d Digest, source string, f func(base string, n note)) error {
	files, err := s.readDir(quarantineDir)
	if err != nil {
		return err
	}
	for _, file := range files {
		stem, ok := strings.CutSuffix(file.Name(), noteExt)
		if !ok || !strings.HasPrefix(stem, d.Hex()+"-") || !file.Type().IsRegular() {
			continue
		}
		base := path.Join(quarantineDir, stem)
		if n, err := s.readNote(base); err == nil && n.Source == source {
			f(base, n)
		}
	}
	return nil
}

// Refused reports whether bytes from this source came with another digest than
// this before, and where the note about it is. It is forgotten when the right
// bytes come from there, and when the note is removed, by GC at the latest.
func (s *Store) Refused(d Digest, source string) (actual Digest, path string, refused bool, err error) {
	err = s.notes(d, source, func(base string, n note) {
		if got, err := ParseRef(n.Actual); err == nil {
			actual, path, refused = got, s.fs.Path(base+noteExt), true
		}
	})
	if err != nil {
		err = fmt.Errorf("look into quarantine: %w", err)
	}
	return actual, path, refused, err
}

// forgive removes what was refused before: the right bytes have come.
func (s *Store) forgive(d Digest, source string) {
	if source == "" {
		return
	}
	// What can't be removed now, GC will.
	_ = s.notes(d, source, func(base string, _ note) {
		_ = s.fs.Remove(base + quarantineExt)
		_ = s.fs.Remove(base + noteExt)
	})
}
