package library

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// obtain puts the package's tarball into temp, where nobody else changes it,
// and returns its path once its integrity is known to be the pinned one.
func (j *job) obtain(ctx context.Context, temp string) (string, error) {
	if err := j.begin(ctx, "obtain"); err != nil {
		return "", err
	}
	dir := filepath.Join(temp, "package")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	tarball, err := j.fetch(ctx, dir)
	if err != nil {
		return "", err
	}
	if err := j.begin(ctx, "integrity"); err != nil {
		return "", err
	}
	j.progress("checking its integrity")
	got, err := integrity(ctx, tarball)
	if err != nil {
		return "", err
	}
	if got != j.pin.Integrity {
		return "", &IntegrityError{Package: j.pin.String(), File: j.from, Want: j.pin.Integrity, Got: got}
	}
	return tarball, nil
}

func (j *job) fetch(ctx context.Context, dir string) (string, error) {
	if j.from == "" {
		j.progress("fetching " + j.pin.String() + " with npm")
		return npmPack(ctx, j.npm, j.pin, dir)
	}
	j.progress("reading " + j.from)
	tarball := filepath.Join(dir, "package.tgz")
	return tarball, copyPackage(ctx, j.from, tarball)
}

// copyPackage copies a local tarball, so that what is unpacked later is what
// was checked, whoever may write the original.
func copyPackage(ctx context.Context, from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("read package file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("read package file: %s is not a regular file", from)
	}
	src, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("read package file: %w", err)
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, &boundedReader{ctx: ctx, r: src, limit: maxPacked})
	return errors.Join(err, dst.Close())
}

// integrity hashes a tarball in the form that npm uses.
func integrity(ctx context.Context, tarball string) (string, error) {
	f, err := os.Open(tarball)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha512.New()
	if _, err := io.Copy(h, &boundedReader{ctx: ctx, r: f, limit: maxPacked}); err != nil {
		return "", fmt.Errorf("check package: %w", err)
	}
	return "sha512-" + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}
