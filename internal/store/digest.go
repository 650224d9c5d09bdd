package store

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
)

const refPrefix = "sha256:"

// Digest is the SHA-256 of a blob, and the only way to make the path of one. It
// comes from ParseDigest, ParseRef or from hashing; the zero value is no digest.
type Digest struct {
	hex string
}

// ParseDigest reads 64 lower-case hexadecimal digits.
func ParseDigest(s string) (Digest, error) {
	if len(s) != hex.EncodedLen(sha256.Size) || strings.Trim(s, "0123456789abcdef") != "" {
		return Digest{}, fmt.Errorf("SHA-256 digest %.80q: it must be 64 lower-case hexadecimal digits", s)
	}
	return Digest{s}, nil
}

// ParseRef reads a digest as manifests have it, "sha256:" and the digits.
func ParseRef(s string) (Digest, error) {
	digits, ok := strings.CutPrefix(s, refPrefix)
	if !ok {
		return Digest{}, fmt.Errorf("blob reference %.80q: it must be %q and 64 lower-case hexadecimal digits", s, refPrefix)
	}
	return ParseDigest(digits)
}

func digestOf(sum []byte) Digest { return Digest{hex.EncodeToString(sum)} }

// Hex returns the digits.
func (d Digest) Hex() string { return d.hex }

// String returns the digest as manifests have it.
func (d Digest) String() string { return refPrefix + d.hex }

// IsZero reports whether d is no digest.
func (d Digest) IsZero() bool { return d.hex == "" }

// Equal compares in constant time.
func (d Digest) Equal(other Digest) bool {
	return subtle.ConstantTimeCompare([]byte(d.hex), []byte(other.hex)) == 1
}

const blobsDir = "blobs/sha256"

// fanout is the folder that blobs with the same first two digits share.
func (d Digest) fanout() string { return path.Join(blobsDir, d.hex[:2]) }

// dir is the blob's folder.
func (d Digest) dir() string { return path.Join(d.fanout(), d.hex) }

// data is the blob.
func (d Digest) data() string { return path.Join(d.dir(), "data") }
