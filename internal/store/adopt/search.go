package adopt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/inferd/inferd/internal/store"
)

// What other tools wrote is bounded.
const (
	maxJSON  = 4 << 20
	maxFiles = 50_000
	maxLinks = 8
)

// search looks in one tree.
type search struct {
	done  <-chan struct{}
	tool  Tool
	tree  fs.FS
	seen  map[string]bool // what was added: file and label
	files int
	found []Candidate
	errs  []error
}

// problem reports what can't be read.
func (s *search) problem(err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.errs = append(s.errs, fmt.Errorf("look for models of %s: %w", s.tool, err))
	}
}

// add adds a model if its file is one, under the path that links lead to.
func (s *search) add(file string, c Candidate) {
	real, info, err := s.resolve(file)
	if err != nil {
		s.problem(err)
		return
	}
	key := real + "\x00" + c.Label
	if s.seen[key] {
		return
	}
	s.seen[key] = true
	if ok, err := s.isGGUF(real); !ok {
		s.problem(err)
		return
	}
	c.Tool, c.Path, c.Size = s.tool, real, info.Size()
	c.Part, c.Parts = part(file)
	if c.Name, err = store.SuggestName(c.Label); err != nil {
		c.Name, err = store.SuggestName(string(s.tool) + "-model")
	}
	s.problem(err)
	s.found = append(s.found, c)
}

// resolve follows a link, as long as it stays in the tree.
func (s *search) resolve(name string) (string, fs.FileInfo, error) {
	for range maxLinks {
		info, err := fs.Lstat(s.tree, name)
		if err != nil {
			return "", nil, err
		}
		if info.Mode().IsRegular() {
			return name, info, nil
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return "", nil, fmt.Errorf("%s is not a file", name)
		}
		target, err := fs.ReadLink(s.tree, name)
		if err != nil {
			return "", nil, err
		}
		next := path.Join(path.Dir(name), target)
		if path.IsAbs(target) || !fs.ValidPath(next) {
			return "", nil, fmt.Errorf("%s is a link that leads out of the folder", name)
		}
		name = next
	}
	return "", nil, fmt.Errorf("%s is a link of too many links", name)
}

// isGGUF reports whether a file begins as a model does.
func (s *search) isGGUF(name string) (bool, error) {
	f, err := s.tree.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	magic := make([]byte, 4)
	_, err = io.ReadFull(f, magic)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return string(magic) == "GGUF", err
}

// readJSON reads a small file.
func (s *search) readJSON(name string, to any) error {
	f, err := s.tree.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxJSON+1))
	if err == nil && len(data) > maxJSON {
		err = fmt.Errorf("it is larger than %d bytes", maxJSON)
	}
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// walk calls f for all that is no folder and lies between least and most levels
// below dir, with the elements of its name below dir. What begins with a dot is
// left out.
func (s *search) walk(dir string, least, most int, f func(elements []string)) {
	s.walkFrom(dir, nil, least, most, f)
}

func (s *search) walkFrom(dir string, above []string, least, most int, f func(elements []string)) {
	entries, err := fs.ReadDir(s.tree, dir)
	s.problem(err)
	for _, e := range entries {
		if s.stop() {
			return
		}
		elements := append(slices.Clip(above), e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir() && len(elements) < most:
			s.walkFrom(path.Join(dir, e.Name()), elements, least, most, f)
		case !e.IsDir() && len(elements) >= least:
			f(elements)
		}
	}
}

// stop reports that the search has ended early, for one of two reasons.
func (s *search) stop() bool {
	if s.files++; s.files == maxFiles {
		s.problem(fmt.Errorf("there are more than %d files; the rest is left out", maxFiles))
	}
	select {
	case <-s.done:
		return true
	default:
		return s.files >= maxFiles
	}
}

var partName = regexp.MustCompile(`-(\d{5})-of-(\d{5})\.gguf$`)

// part tells which part of a split model a file is, by the name that such files
// have.
func part(file string) (n, of int) {
	m := partName.FindStringSubmatch(file)
	if m == nil {
		return 0, 0
	}
	n, _ = strconv.Atoi(m[1]) // five digits
	of, _ = strconv.Atoi(m[2])
	return n, of
}

// isModelFile reports whether a file's name is one of a model.
func isModelFile(name string) bool { return strings.EqualFold(path.Ext(name), ".gguf") }

// isProjector reports whether a file's name is one that tools give to a
// projector.
func isProjector(name string) bool {
	return strings.HasPrefix(strings.ToLower(path.Base(name)), "mmproj")
}
