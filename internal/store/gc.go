package store

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

// How long what may still be wanted is kept, counted from its last change.
const (
	// staleDownload: a download that stopped goes on where it was, for a week.
	staleDownload = 7 * 24 * time.Hour
	// staleTemp: files are written in far less time than that.
	staleTemp       = time.Hour
	staleQuarantine = 30 * 24 * time.Hour
)

// GarbageKind is what a piece of garbage is.
type GarbageKind string

// The kinds of garbage.
const (
	GarbageBlob       GarbageKind = "blob"
	GarbagePartial    GarbageKind = "partial"
	GarbageQuarantine GarbageKind = "quarantine"
	GarbageTemporary  GarbageKind = "temporary"
)

// Garbage is a file that no name needs.
type Garbage struct {
	Kind GarbageKind
	Path string
	Size int64
	// Kept is why it stays; empty when it was removed, or would be.
	Kept string
}

// Collected is what GC found.
type Collected struct {
	Garbage []Garbage
	// Freed is how many bytes went, or would go.
	Freed int64
	// Unread are manifests that can't be read. They may stand for any blob, so
	// none was removed.
	Unread []error
}

// GC removes what no name needs: blobs that no manifest points to, what stopped
// imports and downloads left, and what has been in quarantine for long. It keeps
// what any process uses or writes. With dryRun it only says what it would do.
func (s *Store) GC(ctx context.Context, dryRun bool) (Collected, error) {
	refs, err := s.references()
	if err != nil {
		return Collected{}, fmt.Errorf("collect garbage: %w", err)
	}
	g := &collector{s: s, dryRun: dryRun, refs: refs, found: Collected{Unread: refs.unread}}
	for _, step := range []func(context.Context) error{g.blobs, g.partials, g.temporaries, g.quarantine} {
		if err := step(ctx); err != nil {
			return g.found, fmt.Errorf("collect garbage: %w", err)
		}
	}
	return g.found, nil
}

// collector is one run of GC.
type collector struct {
	s      *Store
	dryRun bool
	refs   references
	found  Collected
}

// report adds a piece of garbage.
func (g *collector) report(kind GarbageKind, name string, size int64, kept string) {
	g.found.Garbage = append(g.found.Garbage, Garbage{kind, g.s.fs.Path(name), size, kept})
	if kept == "" {
		g.found.Freed += size
	}
}

// blobs collects blobs without a reference, the partial downloads of other
// tools beside them, and folders that a removed blob left.
func (g *collector) blobs(ctx context.Context) error {
	return g.s.eachBlobFolder(func(fanout, name string) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if hex, ok := strings.CutPrefix(name, ".partial-"); ok {
			if _, err := ParseDigest(hex); err == nil {
				return g.foreignPartial(path.Join(fanout, name))
			}
		}
		d, err := ParseDigest(name)
		if err != nil || d.fanout() != fanout || len(g.refs.by[d]) > 0 {
			return nil
		}
		return g.blob(d)
	})
}

// blob collects one blob, or what is left of it.
func (g *collector) blob(d Digest) error {
	kept, size, err := g.s.collectBlob(d, Name{}, g.dryRun)
	switch {
	case isMissing(err):
		if !g.dryRun {
			g.s.removeEmpty(d.dir(), d.fanout())
		}
		return nil
	case errors.Is(err, disk.ErrSymlink) || errors.Is(err, disk.ErrNotRegular):
		kept = "it is not a file"
	case err != nil:
		return err
	}
	g.report(GarbageBlob, d.data(), size, kept)
	return nil
}

// foreignPartial collects a folder in which another tool of the convention was
// downloading.
func (g *collector) foreignPartial(dir string) error {
	entries, err := g.s.readDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := g.stale(GarbagePartial, path.Join(dir, e.Name()), e, staleDownload); err != nil {
			return err
		}
	}
	if !g.dryRun {
		g.s.removeEmpty(dir)
	}
	return nil
}
