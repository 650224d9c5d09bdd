package config

import (
	_ "embed" // the default file
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/inferd/inferd/internal/disk"
)

//go:embed default.jsonc
var template []byte

// Template is a config file with every key at its default, in comments.
func Template() []byte { return template }

// ErrExists means that there is a config file already.
var ErrExists = errors.New("there is one already")

// Init writes Template to the path, for its user only, and makes the folder
// where it is missing. A file that is there is replaced only where force says
// so, otherwise the error is ErrExists.
func Init(path string, force bool) (err error) {
	dir, err := disk.MakeReal(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	name := filepath.Base(path)
	if _, err := dir.Stat(name); !force && err == nil {
		return ErrExists
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.AtomicWrite(dir, name, func(w io.Writer) error {
		// Before there is anything to read in it.
		if err := disk.Private(w); err != nil {
			return err
		}
		_, err := w.Write(template)
		return err
	})
}
