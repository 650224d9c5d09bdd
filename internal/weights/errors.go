package weights

import (
	"fmt"

	"github.com/inferd/inferd/internal/store"
)

// DigestError means that a model is not what it should be.
type DigestError struct {
	Path             string
	Expected, Actual store.Digest
	// QuarantinePath is where it was put; empty where it is not the store's.
	QuarantinePath string
}

func (e *DigestError) Error() string {
	s := fmt.Sprintf("model %s: its SHA-256 is %s, expected is %s", e.Path, e.Actual.Hex(), e.Expected.Hex())
	if e.QuarantinePath != "" {
		s += "; it was put into quarantine as " + e.QuarantinePath
	}
	return s
}

// Hint is what to do about it.
func (e *DigestError) Hint() string {
	if e.QuarantinePath != "" {
		return "import or pull the model again"
	}
	return "get the file again, or correct the digest in the config"
}

// ChangedError means that a file was written to while it was being loaded.
type ChangedError struct{ Path string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("model %s: the file was changed while it was in use", e.Path)
}

// Hint is what to do about it.
func (*ChangedError) Hint() string {
	return "write a new file and rename it over the old one, and restart the daemon"
}

// MissingError means that the store has no such model to load.
type MissingError struct {
	root string
	err  error
}

func (e *MissingError) Error() string { return fmt.Sprintf("%v (in %s)", e.err, e.root) }

func (e *MissingError) Unwrap() error { return e.err }

// Hint is what to do about it.
func (*MissingError) Hint() string {
	return "`inferd models` lists the models that are there, `inferd models import FILE` brings one in"
}

// OtherError means that the store has another model under that name.
type OtherError struct {
	Name             store.Name
	Expected, Actual store.Digest
}

func (e *OtherError) Error() string {
	return fmt.Sprintf("model %s: the store has sha256 %s, the config wants %s", e.Name, e.Actual.Hex(), e.Expected.Hex())
}

// Hint is what to do about it.
func (e *OtherError) Hint() string {
	return fmt.Sprintf("`inferd models show %s` says where the one in the store is from; import the right one with --replace, or correct sha256 in the config", e.Name)
}
