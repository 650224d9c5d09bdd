package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What an install leaves below the root when it is killed: its working
// directory, or the engine that it was about to replace.
const (
	tempPrefix = ".inferd-temp-"
	oldPrefix  = ".inferd-old-"
)

// build unpacks a checked tarball into the new directory dir, with the
// manifest, and makes all of it durable.
func (j *job) build(ctx context.Context, tarball, dir string) (manifest, error) {
	if err := j.begin(ctx, "unpack"); err != nil {
		return manifest{}, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return manifest{}, err
	}
	files, err := j.unpackInto(ctx, tarball, dir)
	if err != nil {
		return manifest{}, err
	}
	m := newManifest(j.pin, files)
	if _, _, _, err := m.installed(dir).Paths(); err != nil {
		return manifest{}, &PackageError{Package: j.pin.String(), Err: err}
	}
	if err := j.begin(ctx, "manifest"); err != nil {
		return manifest{}, err
	}
	data, err := m.encode()
	if err != nil {
		return manifest{}, fmt.Errorf("write %s: %w", manifestName, err)
	}
	if _, err := writeFile(dir, manifestName, strings.NewReader(string(data))); err != nil {
		return manifest{}, err
	}
	return m, syncDir(dir)
}

func (j *job) unpackInto(ctx context.Context, tarball, dir string) ([]File, error) {
	f, err := os.Open(tarball)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var files []File
	err = unpack(ctx, f, j.pin.Dir, func(name string, r io.Reader) error {
		if err := j.begin(ctx, "file"); err != nil {
			return err
		}
		file, err := writeFile(dir, name, r)
		files = append(files, file)
		return err
	})
	if ctx.Err() != nil {
		return nil, fmt.Errorf("install engine: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, &PackageError{Package: j.pin.String(), Err: err}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	j.progress(fmt.Sprintf("unpacked %d files", len(files)))
	return files, nil
}

// writeFile writes a new file and makes it durable.
func writeFile(dir, name string, r io.Reader) (File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return File{}, err
	}
	file, err := measure(name, f, r)
	if err == nil {
		err = f.Sync()
	}
	return file, errors.Join(err, f.Close())
}

// place renames the built directory to its final name. An engine in its way is
// moved aside first, since a rename does not replace a directory, and comes
// back if the new one cannot take its place.
func (j *job) place(ctx context.Context, built, final string) error {
	old := filepath.Join(j.root, oldPrefix+filepath.Base(final))
	if err := j.begin(ctx, "aside"); err != nil {
		return err
	}
	if err := os.Rename(final, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := j.step("rename"); err != nil {
		return errors.Join(err, putBack(old, final))
	}
	if err := os.Rename(built, final); err != nil {
		return errors.Join(err, putBack(old, final))
	}
	if err := j.step("sync"); err != nil {
		return err
	}
	if err := syncDir(j.root); err != nil {
		return err
	}
	if err := j.step("remove"); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

func putBack(old, final string) error {
	if err := os.Rename(old, final); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// cleanUp removes what killed installs left below root, and brings back an
// engine that one of them had moved aside but not replaced. The caller holds
// the root's lock.
func cleanUp(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		if name, ok := strings.CutPrefix(e.Name(), oldPrefix); ok {
			if err := os.Rename(path, filepath.Join(root, name)); err == nil {
				continue
			}
		} else if !strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
