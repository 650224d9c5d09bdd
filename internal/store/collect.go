package store

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

// youngBlob is how long a blob is kept while another process writes some name:
// a tool that knows no leases may be about to name it.
const youngBlob = time.Hour

// references are the blobs that manifests point to.
type references struct {
	by map[Digest][]string // the names that do
	// unread are the manifests that could not be read: they may point anywhere.
	unread []error
}

// references reads what all manifests point to, whatever else is wrong with
// them. What it can't understand is reported, and then no blob may go.
func (s *Store) references() (references, error) {
	refs := references{by: map[Digest][]string{}}
	files, err := s.readDir(manifestsDir)
	if err != nil {
		return refs, fmt.Errorf("list manifests: %w", err)
	}
	for _, file := range files {
		stem, ok := strings.CutSuffix(file.Name(), manifestExt)
		if !ok {
			continue
		}
		blobs, err := s.reference(path.Join(manifestsDir, file.Name()))
		switch {
		case isMissing(err): // removed since
		case err != nil:
			refs.unread = append(refs.unread, err)
		default:
			for _, d := range blobs {
				refs.by[d] = append(refs.by[d], stem)
			}
		}
	}
	return refs, nil
}

// reference reads what one manifest points to.
func (s *Store) reference(file string) ([]Digest, error) {
	data, err := readSmall(s.fs, file, maxManifest)
	if err != nil {
		return nil, err
	}
	var m struct {
		Version int          `json:"schema_version"`
		Blob    string       `json:"blob"`
		Parts   []partRecord `json:"parts"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.fs.Path(file), err)
	}
	if m.Version != schemaVersion {
		return nil, fmt.Errorf("read %s: schema_version is %d, it must be %d", s.fs.Path(file), m.Version, schemaVersion)
	}
	d, err := ParseRef(m.Blob)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.fs.Path(file), err)
	}
	blobs := []Digest{d}
	for _, r := range m.Parts {
		if d, err = ParseRef(r.Blob); err != nil {
			return nil, fmt.Errorf("read %s: a part: %w", s.fs.Path(file), err)
		}
		if !slices.Contains(blobs, d) {
			blobs = append(blobs, d)
		}
	}
	return blobs, nil
}

// collectBlob removes a blob that nothing points to and nobody uses, and
// returns why it was kept otherwise. self is a name that this process writes.
func (s *Store) collectBlob(d Digest, self Name, dryRun bool) (kept string, size int64, err error) {
	f, err := s.fs.Open(d.data())
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	// From here on nobody can lease it, so who would name it must wait.
	free, err := s.lockCurrent(d.data(), f, disk.Exclusive)
	if err != nil {
		return "", 0, err
	}
	if !free {
		return "in use", info.Size(), nil
	}
	if kept, err = s.needed(d, self, info.ModTime()); kept != "" || err != nil || dryRun {
		return kept, info.Size(), err
	}
	return "", info.Size(), s.removeBlob(d)
}

// needed returns why a blob that nobody has a lease on is to be kept.
func (s *Store) needed(d Digest, self Name, modified time.Time) (string, error) {
	refs, err := s.references()
	if err != nil {
		return "", err
	}
	if names := refs.by[d]; len(names) > 0 {
		slices.Sort(names)
		return "model " + strings.Join(names, ", "), nil
	}
	if len(refs.unread) > 0 {
		return "a manifest can't be read: " + refs.unread[0].Error(), nil
	}
	writer, err := s.writer(self)
	if err != nil {
		return "", err
	}
	if writer != "" && s.options.Now().Sub(modified) < youngBlob {
		return "model " + writer + " is being written", nil
	}
	return "", nil
}

// removeBlob removes a blob, and its folders if they are empty.
func (s *Store) removeBlob(d Digest) error {
	if err := s.fs.Remove(d.data()); err != nil {
		return err
	}
	if err := s.fs.SyncDir(d.dir()); err != nil {
		return err
	}
	s.removeEmpty(d.dir(), d.fanout())
	return nil
}

// removeEmpty removes folders as far as they are empty. Who places a blob makes
// them again.
func (s *Store) removeEmpty(dirs ...string) {
	for _, dir := range dirs {
		if s.fs.Remove(dir) != nil {
			return
		}
	}
}
