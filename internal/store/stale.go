package store

import (
	"context"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/disk"
)

// partials collects what stopped on its way in.
func (g *collector) partials(ctx context.Context) error {
	return g.each(ctx, partialDir, func(name string, e fs.DirEntry) error {
		if disk.IsTemp(name) {
			return nil
		}
		age := staleDownload
		if strings.HasPrefix(e.Name(), importPrefix) {
			age = 0 // a running import has it leased
		}
		return g.stale(GarbagePartial, name, e, age)
	})
}

// temporaries collects what crashes left beside manifests and notes.
func (g *collector) temporaries(ctx context.Context) error {
	for _, dir := range []string{manifestsDir, quarantineDir, partialDir} {
		err := g.each(ctx, dir, func(name string, e fs.DirEntry) error {
			if !disk.IsTemp(name) {
				return nil
			}
			return g.stale(GarbageTemporary, name, e, staleTemp)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// quarantine collects what nobody has looked at for long.
func (g *collector) quarantine(ctx context.Context) error {
	return g.each(ctx, quarantineDir, func(name string, e fs.DirEntry) error {
		if disk.IsTemp(name) {
			return nil
		}
		info, err := g.s.fs.Stat(name)
		if err != nil || g.age(g.quarantinedAt(name, info)) < staleQuarantine {
			return ignoreMissing(err)
		}
		return g.stale(GarbageQuarantine, name, e, 0)
	})
}

// quarantinedAt is when a file came into quarantine: a file that was moved has
// the time of its bytes.
func (g *collector) quarantinedAt(name string, info fs.FileInfo) time.Time {
	n, err := g.s.readNote(strings.TrimSuffix(strings.TrimSuffix(name, quarantineExt), noteExt))
	if err == nil {
		if at, err := time.Parse(time.RFC3339, n.QuarantinedAt); err == nil {
			return at
		}
	}
	return info.ModTime()
}

func (g *collector) age(since time.Time) time.Duration { return g.s.options.Now().Sub(since) }

// each calls f for the files of a folder, if it is there, and makes durable
// what f removed.
func (g *collector) each(ctx context.Context, dir string, f func(name string, e fs.DirEntry) error) error {
	entries, err := g.s.readDir(dir)
	if err != nil {
		return err
	}
	found := len(g.found.Garbage)
	for _, e := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := f(path.Join(dir, e.Name()), e); err != nil {
			return err
		}
	}
	if g.dryRun || len(g.found.Garbage) == found {
		return nil
	}
	return g.s.fs.SyncDir(dir)
}

// stale removes a file that is old enough, unless somebody has a lock on it.
func (g *collector) stale(kind GarbageKind, name string, e fs.DirEntry, age time.Duration) error {
	if !e.Type().IsRegular() {
		return nil
	}
	f, err := g.s.fs.Open(name)
	if err != nil {
		return ignoreMissing(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || g.age(info.ModTime()) < age {
		return err
	}
	free, err := g.s.lockCurrent(name, f, disk.Exclusive)
	if err != nil {
		return err
	}
	if !free {
		g.report(kind, name, info.Size(), "in use")
		return nil
	}
	if !g.dryRun {
		if err := g.s.fs.Remove(name); err != nil {
			return ignoreMissing(err)
		}
	}
	g.report(kind, name, info.Size(), "")
	return nil
}

func ignoreMissing(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}
