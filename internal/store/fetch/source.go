package fetch

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/inferd/inferd/internal/store"
)

// Source is a model on the network.
type Source struct {
	// Name is what the store is to call it.
	Name string
	// URL is where it is: https, or http on this machine.
	URL string
	// SHA256 is the digest of its bytes, 64 hexadecimal digits.
	SHA256 string
	// Size is how many bytes it has; 0 is unknown.
	Size int64
	// License is an SPDX identifier, where known.
	License string
	// Parts are the further files of a model that is split; URL is the first.
	Parts []Part
	// Origin describes the source for the manifest.
	Origin store.Origin
	// Token is sent to the host of URL, and to no other.
	Token Secret
}

// Part is a further file of a split model.
type Part struct {
	URL    string
	SHA256 string
	Size   int64
}

// Secret is text that no log and no message shows.
type Secret string

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// file is one file of a checked source.
type file struct {
	url    target
	digest store.Digest
	size   int64
}

// plan is a checked source.
type plan struct {
	name    store.Name
	files   []file
	digests []store.Digest
}

// check refuses a source that can't be fetched.
func (s Source) check() (plan, error) {
	var p plan
	var err error
	if p.name, err = store.ParseName(s.Name); err != nil {
		return plan{}, &SourceError{err}
	}
	for i, part := range append([]Part{{s.URL, s.SHA256, s.Size}}, s.Parts...) {
		f, err := part.check(s.Token)
		if err != nil {
			if len(s.Parts) > 0 {
				err = fmt.Errorf("part %d: %w", i+1, err)
			}
			return plan{}, &SourceError{err}
		}
		p.files = append(p.files, f)
		p.digests = append(p.digests, f.digest)
	}
	return p, nil
}

func (s Part) check(token Secret) (file, error) {
	url, err := parseTarget(s.URL, token)
	if err != nil {
		return file{}, err
	}
	digest, err := store.ParseDigest(strings.ToLower(s.SHA256))
	if err != nil {
		return file{}, fmt.Errorf("%s: %w", url, err)
	}
	if s.Size < 0 {
		return file{}, fmt.Errorf("%s: its size is %d, it must not be negative", url, s.Size)
	}
	return file{url, digest, s.Size}, nil
}
