package adopt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/inferd/inferd/internal/store"
)

// Tool is a program that keeps models.
type Tool string

// The tools whose folders are known.
const (
	Ollama      Tool = "ollama"
	HuggingFace Tool = "huggingface"
	LMStudio    Tool = "lmstudio"
	Docker      Tool = "docker"
	LlamaCpp    Tool = "llama.cpp"
)

// finders know how the tools lay out their folders.
var finders = map[Tool]func(*search){
	Ollama:      findOllama,
	HuggingFace: findHuggingFace,
	LMStudio:    findLMStudio,
	Docker:      findDocker,
	LlamaCpp:    findLlamaCpp,
}

// Candidate is a model of another tool.
type Candidate struct {
	Tool Tool
	// Label is what the tool calls it.
	Label string
	// Name is a name that the store would take for it.
	Name store.Name
	// Path is the file.
	Path string
	Size int64
	// Digest is what the tool says that the bytes have; zero when it says
	// nothing.
	Digest store.Digest
	Origin store.Origin
	// Projector says that it is the part of a model that takes images, not one
	// that generates.
	Projector bool
	// Part and Parts count the files of a model that is split; both are 0 when
	// it is whole.
	Part, Parts int
}

// Find looks in all places, and returns the candidates in the order of the
// places, each with a name of its own. Folders that are not there have none.
// What can't be read is reported, and does not hide the rest.
func Find(ctx context.Context, places []Place) ([]Candidate, error) {
	var (
		all  []Candidate
		errs []error
		used = map[string]int{}
	)
	for _, p := range places {
		found, err := findIn(ctx, p)
		errs = append(errs, err)
		for _, c := range found {
			c.Name = unused(c.Name, used)
			all = append(all, c)
		}
	}
	return all, errors.Join(errs...)
}

// findIn opens a place and looks there.
func findIn(ctx context.Context, p Place) ([]Candidate, error) {
	root, err := os.OpenRoot(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for models of %s: %w", p.Tool, err)
	}
	defer root.Close()
	found, err := FindIn(ctx, p.Tool, root.FS())
	for i := range found {
		found[i].Path = filepath.Join(p.Dir, filepath.FromSlash(found[i].Path))
	}
	return found, err
}

// FindIn looks in one tree, which is laid out as that tool does it. The paths of
// the candidates are those in the tree.
func FindIn(ctx context.Context, tool Tool, tree fs.FS) ([]Candidate, error) {
	s := &search{done: ctx.Done(), tool: tool, tree: tree, seen: map[string]bool{}}
	find := finders[tool]
	if find == nil {
		return nil, fmt.Errorf("look for models of %q: it is no tool that is known here", tool)
	}
	find(s)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("look for models of %s: %w", tool, context.Cause(ctx))
	}
	return s.found, errors.Join(s.errs...)
}

// unused returns the name, or the first of name-2, name-3 and so on that was not
// used yet.
func unused(name store.Name, used map[string]int) store.Name {
	for {
		used[name.String()]++
		n := used[name.String()]
		if n == 1 {
			return name
		}
		numbered, err := store.ParseName(fmt.Sprintf("%.120s-%d", name, n))
		if err != nil {
			return name // the store will ask for another one
		}
		if used[numbered.String()] == 0 {
			used[numbered.String()]++
			return numbered
		}
	}
}

// Options says what Adopt does.
type Options struct {
	// Replace lets a name that is there stand for the candidate.
	Replace bool
	// Progress, which may be nil, is told how many bytes of all were hashed.
	Progress func(done, total int64)
}

// Adopt brings a candidate into the store. Where the tool says which digest the
// bytes have, other bytes are refused.
func Adopt(ctx context.Context, s *store.Store, c Candidate, name store.Name, o Options) (store.Imported, error) {
	src, err := store.OpenSource(c.Path)
	if err != nil {
		return store.Imported{}, fmt.Errorf("adopt %s of %s: %w", c.Label, c.Tool, err)
	}
	defer src.Close()
	done, err := s.Adopt(ctx, src, name, store.ImportOptions{
		Expect:   c.Digest,
		Replace:  o.Replace,
		Origin:   c.Origin,
		Progress: o.Progress,
	})
	if err != nil {
		return store.Imported{}, fmt.Errorf("adopt %s of %s: %w", c.Label, c.Tool, err)
	}
	return done, nil
}
