package chatfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/wire"
)

// maxFile bounds the files that are read.
const maxFile = 256 << 20

// ErrInUse says that another chat has the file open.
var ErrInUse = errors.New("another chat has it open")

// ErrNotChat says that a file holds no conversation.
var ErrNotChat = errors.New("it holds no conversation")

// File is a conversation and the file that it is kept in. It is not safe for
// concurrent use; two of one file exclude each other.
type File struct {
	Conversation
	file  disk.File // nil as long as there is nothing in it
	path  string    // empty where nothing is kept
	size  int64     // of what is whole
	stale bool      // it lacks something that could not be written
}

// Unkept is a conversation that is in no file.
func Unkept() *File { return &File{} }

// Open opens a conversation, and begins one where there is no file: that is made
// once there is something to keep. What a killed process left of a last line is
// cut off.
func Open(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("open conversation %s: %w", path, err)
	}
	return f, nil
}

func open(path string) (*File, error) {
	dir, err := disk.OpenReal(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	name := filepath.Base(path)
	f := &File{path: filepath.Join(dir.Path("."), name)}
	file, err := dir.OpenWrite(name)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f.file = file
	if err := f.begin(); err != nil {
		_ = file.Close()
		return nil, err
	}
	return f, nil
}

// begin takes the file and reads what it holds.
func (f *File) begin() error {
	ok, err := f.file.TryLock(disk.Exclusive)
	switch {
	case err != nil:
		return err
	case !ok:
		return ErrInUse
	}
	if f.size, err = f.read(f.file); err != nil {
		return err
	}
	return f.file.Truncate(f.size)
}

// create makes the file.
func (f *File) create() error {
	dir, err := disk.OpenReal(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	defer dir.Close()
	if f.file, err = dir.CreatePrivate(filepath.Base(f.path)); err != nil {
		return err
	}
	if err = f.begin(); err != nil {
		_ = f.file.Close()
		f.file = nil
	}
	return err
}

// read reads a whole file and returns how much of it is whole lines.
func (c *Conversation) read(from io.Reader) (int64, error) {
	all, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	switch {
	case err != nil:
		return 0, err
	case len(all) > maxFile:
		return 0, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	whole := all[:bytes.LastIndexByte(all, '\n')+1]
	if len(whole) == 0 && len(all) > 0 && !bytes.HasPrefix(line(idFile), all) {
		return 0, ErrNotChat // and nothing of it is lost
	}
	for n, text := range bytes.Split(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n")) {
		if n == 0 {
			if record, err := wire.DecodeV2Request(text); len(whole) > 0 && (err != nil || record.ID != idFile) {
				return 0, ErrNotChat
			}
			continue
		}
		if err := c.apply(text); err != nil {
			return 0, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return int64(len(whole)), nil
}

// append writes lines behind the others. What could be written in part only is
// taken away again.
func (f *File) append(lines []byte) error {
	if f.path == "" {
		return nil
	}
	if f.stale {
		lines = f.lines()
	}
	err := f.write(lines)
	if f.stale = err != nil; f.stale {
		return fmt.Errorf("write conversation %s: %w", f.path, err)
	}
	return nil
}

func (f *File) write(lines []byte) error {
	if f.file == nil {
		if err := f.create(); err != nil {
			return err
		}
	}
	if f.size == 0 {
		lines = append(line(idFile), lines...)
	}
	_, err := f.file.WriteAt(lines, f.size)
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return errors.Join(err, f.file.Truncate(f.size))
	}
	f.size += int64(len(lines))
	return nil
}

// Path is where the conversation is kept; empty is nowhere.
func (f *File) Path() string { return f.path }

// AddTurn adds a turn.
func (f *File) AddTurn(t Turn) error {
	f.Turns = append(f.Turns, t)
	return f.append(line(idTurn, t...))
}

// Undo takes the last turn back, and reports whether there was one.
func (f *File) Undo() (bool, error) {
	if len(f.Turns) == 0 {
		return false, nil
	}
	f.Turns = f.Turns[:len(f.Turns)-1]
	return true, f.append(line(idUndo))
}

// New begins from nothing but the system message.
func (f *File) New() error {
	f.Turns = nil
	return f.append(line(idNew))
}

// SetSystem says what the model should be.
func (f *File) SetSystem(text string) error {
	f.System = text
	return f.append(line(idSystem, systemMessages(text)...))
}

// Replace puts another conversation in the place of this one.
func (f *File) Replace(c Conversation) error {
	f.Conversation = c
	return f.append(c.lines())
}

// Close gives the file up. Calls after the first do nothing.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	if err := f.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}
