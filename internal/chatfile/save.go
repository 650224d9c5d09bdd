package chatfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/inferd/inferd/internal/disk"
)

// Save writes a conversation into a new file.
func Save(path string, c *Conversation) error {
	if err := save(path, c); err != nil {
		return fmt.Errorf("save conversation %s: %w", path, err)
	}
	return nil
}

func save(path string, c *Conversation) error {
	dir, err := disk.OpenReal(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	file, err := dir.CreatePrivate(filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = file.Write(append(line(idFile), c.lines()...))
	return errors.Join(err, file.Sync(), file.Close())
}

// Load reads a conversation from a file, which stays as it is.
func Load(path string) (Conversation, error) {
	var c Conversation
	file, err := os.Open(path)
	if err == nil {
		_, err = c.read(file)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return Conversation{}, fmt.Errorf("load conversation %s: %w", path, err)
	}
	return c, nil
}
