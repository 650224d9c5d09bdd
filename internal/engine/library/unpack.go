package library

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
)

// Bounds on a package. The largest pinned one is 11 MB packed, 33 MB unpacked
// and 25 files.
const (
	maxPacked   = 64 << 20
	maxUnpacked = 256 << 20
	maxEntries  = 256
)

// unpack reads an npm tarball and hands the files that are wanted to put, each
// under its plain name. One entry that an npm package has no business to hold
// (a link, a device, a path that leaves the package) refuses the whole tarball.
func unpack(ctx context.Context, r io.Reader, dir string, put func(name string, r io.Reader) error) error {
	gz, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("not a gzip file: %w", err)
	}
	// The stream is bounded too, beside the sizes that the headers claim:
	// the headers themselves may be what is large.
	stream := &boundedReader{ctx: ctx, r: gz, limit: maxUnpacked}
	tr := tar.NewReader(stream)
	seen := map[string]bool{}
	var total int64
	for n := 1; ; n++ {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, stream) // gzip's checksum comes last
			return err
		}
		if err != nil {
			return fmt.Errorf("read tarball: %w", err)
		}
		if n > maxEntries {
			return fmt.Errorf("more than %d entries", maxEntries)
		}
		if err := checkEntry(h); err != nil {
			return err
		}
		if total += h.Size; h.Size > maxUnpacked || total > maxUnpacked {
			return errTooLarge
		}
		name := wanted(h.Name, dir)
		if name == "" || h.Typeflag != tar.TypeReg {
			continue
		}
		key := strings.ToLower(name) // some file systems do not tell case apart
		if seen[key] {
			return fmt.Errorf("entry %q is there twice", h.Name)
		}
		seen[key] = true
		if err := put(name, tr); err != nil {
			return err
		}
	}
}

// checkEntry refuses what npm never packs.
func checkEntry(h *tar.Header) error {
	if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
		return fmt.Errorf("entry %q is neither a file nor a directory (type %q)", h.Name, h.Typeflag)
	}
	name := strings.TrimSuffix(h.Name, "/")
	if !filepath.IsLocal(name) || path.Clean(name) != name || strings.ContainsAny(name, "\\:\x00") {
		return fmt.Errorf("entry %q does not stay inside the package", h.Name)
	}
	return nil
}

var errTooLarge = fmt.Errorf("more than %d bytes unpacked", maxUnpacked)
