package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferd/inferd/internal/disk"
)

// CheckState is what a check found.
type CheckState string

// What a check can find.
const (
	CheckGood    CheckState = "good"
	CheckMissing CheckState = "missing"
	// CheckCorrupt: the bytes have another digest.
	CheckCorrupt CheckState = "corrupt"
	// CheckWrongSize: the bytes are good, and a manifest has a wrong size.
	CheckWrongSize CheckState = "wrong size"
	// CheckFailed: it could not be found out; see Err.
	CheckFailed CheckState = "failed"
)

// Check is the result of verifying one blob.
type Check struct {
	Blob  Digest
	Names []Name // those that stand for it
	State CheckState
	Size  int64
	Path  string
	// Actual is the digest of a corrupt blob.
	Actual Digest
	// QuarantinePath is where a corrupt blob was put by a repair.
	QuarantinePath string
	// Corrected says that a repair corrected the wrong size.
	Corrected bool
	Err       error
}

// VerifyOptions says what Verify and VerifyAll do.
type VerifyOptions struct {
	// Repair puts corrupt blobs into quarantine, and corrects wrong sizes.
	Repair bool
	// Progress, which may be nil, is told how many bytes of all of a blob were
	// hashed. It is called often, and the check waits for it.
	Progress func(d Digest, done, total int64)
}

// Verify hashes the blob of a name, and those of its parts. The result is that
// of the first one that is not as it should be.
func (s *Store) Verify(ctx context.Context, name Name, o VerifyOptions) (Check, error) {
	m, err := s.readManifest(name)
	if isMissing(err) {
		return Check{}, fmt.Errorf("verify model %s: %w", name, ErrNoModel)
	}
	if err != nil {
		return Check{}, fmt.Errorf("verify model %s: %w", name, err)
	}
	models, err := s.models()
	if err != nil {
		return Check{}, fmt.Errorf("verify model %s: %w", name, err)
	}
	var result Check
	for _, d := range m.blobs() {
		same := models[d]
		if !slices.ContainsFunc(same, func(other Manifest) bool { return other.Name == name }) {
			same = append(same, m) // it could be read a moment ago
		}
		c := s.check(ctx, d, same, o)
		if c.State == CheckFailed {
			return c, fmt.Errorf("verify model %s: %w", name, c.Err)
		}
		if result.State == "" || result.State == CheckGood {
			result = c
		}
	}
	return result, nil
}

// VerifyAll hashes every blob in the store, those that no name stands for
// included. What can't be checked is in the results; the error says that the
// store could not be listed or the context ended.
func (s *Store) VerifyAll(ctx context.Context, o VerifyOptions) ([]Check, error) {
	models, err := s.models()
	if err != nil {
		return nil, fmt.Errorf("verify models: %w", err)
	}
	blobs, err := s.blobs()
	if err != nil {
		return nil, fmt.Errorf("verify models: %w", err)
	}
	for d := range models {
		blobs = append(blobs, d)
	}
	slices.SortFunc(blobs, func(a, b Digest) int { return strings.Compare(a.hex, b.hex) })
	var checks []Check
	for _, d := range slices.Compact(blobs) {
		checks = append(checks, s.check(ctx, d, models[d], o))
		if ctx.Err() != nil {
			return checks, fmt.Errorf("verify models: %w", context.Cause(ctx))
		}
	}
	return checks, nil
}

// models returns the readable manifests by their blobs.
func (s *Store) models() (map[Digest][]Manifest, error) {
	entries, err := s.List()
	if err != nil {
		return nil, err
	}
	models := map[Digest][]Manifest{}
	for _, e := range entries {
		if e.Err == nil {
			for _, d := range e.Manifest.blobs() {
				models[d] = append(models[d], e.Manifest)
			}
		}
	}
	return models, nil
}

// check verifies one blob.
func (s *Store) check(ctx context.Context, d Digest, models []Manifest, o VerifyOptions) Check {
	c := Check{Blob: d, Path: s.BlobPath(d)}
	for _, m := range models {
		c.Names = append(c.Names, m.Name)
	}
	if err := s.checkBytes(ctx, &c, models, o); err != nil {
		c.State, c.Err = CheckFailed, err
	}
	return c
}

func (s *Store) checkBytes(ctx context.Context, c *Check, models []Manifest, o VerifyOptions) error {
	b, err := s.Blob(ctx, c.Blob)
	if isMissing(err) {
		c.State = CheckMissing
		return nil
	}
	if err != nil {
		return err
	}
	defer b.Close()
	return s.checkOpen(ctx, c, b, models, o)
}

// blobs lists the blobs that are there. What does not have the name of one is
// not the store's.
func (s *Store) blobs() ([]Digest, error) {
	found := map[Digest]bool{}
	err := s.eachBlobFolder(func(fanout, name string) error {
		d, err := ParseDigest(name)
		if err != nil || d.fanout() != fanout {
			return nil
		}
		info, err := s.fs.Stat(d.data())
		if isMissing(err) || errors.Is(err, disk.ErrSymlink) {
			return nil
		}
		if err == nil && info.Mode().IsRegular() {
			found[d] = true
		}
		return err
	})
	return slices.Collect(maps.Keys(found)), err
}

// eachBlobFolder calls f for everything in the folders that blobs share.
func (s *Store) eachBlobFolder(f func(fanout, name string) error) error {
	fanouts, err := s.readDir(blobsDir)
	if err != nil {
		return err
	}
	for _, dir := range fanouts {
		if !dir.IsDir() {
			continue
		}
		fanout := blobsDir + "/" + dir.Name()
		entries, err := s.readDir(fanout)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := f(fanout, e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}
