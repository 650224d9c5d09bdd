package disk

import (
	"errors"
	"io"
	"io/fs"
)

// FS is a folder tree. Names in it are relative, with slashes, and as
// fs.ValidPath demands; "." is the top. No name leaves the tree and none leads
// over a symbolic link: such a name is refused with ErrSymlink.
//
// What was written is durable only when it was synced: the bytes by File.Sync,
// the name by SyncDir of its folder, and the names of the folders above by
// SyncDir of theirs. Errors are those of package fs where it has one, and
// name the place as a person would. An FS is safe for concurrent use.
type FS interface {
	// Open opens a file for reading. What is not a regular file is refused.
	Open(name string) (File, error)
	// OpenWrite opens a file that is there, for reading and writing.
	OpenWrite(name string) (File, error)
	// Create makes an empty file, for reading and writing. A name that is taken
	// is refused with fs.ErrExist.
	Create(name string) (File, error)
	// Stat describes what the name stands for, a symbolic link itself included.
	Stat(name string) (fs.FileInfo, error)
	// ReadDir lists a folder by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Mkdir makes one folder. A name that is taken is refused with fs.ErrExist.
	Mkdir(name string) error
	// Rename moves a file, and replaces the file that had the new name. At every
	// moment there is something at that name.
	Rename(from, to string) error
	// Remove removes a file or an empty folder.
	Remove(name string) error
	// SyncDir makes the names in a folder durable.
	SyncDir(name string) error
	// Link gives a file of the tree from, which may be this one, a second name
	// here. Where the system can't, the error is errors.ErrUnsupported.
	Link(from FS, old, name string) error
	// Clone makes a new file that shares from's bytes until one of the two is
	// written to. Where the system can't, the error is errors.ErrUnsupported and
	// there is no file.
	Clone(from File, name string) error
	// SameFile reports whether two descriptions are of one file.
	SameFile(a, b fs.FileInfo) bool
	// Free is how many bytes can still be written.
	Free() (int64, error)
	// Path is the name as a person knows it, for messages.
	Path(name string) string
}

// File is an open file of an FS. It stays the same file when its name is moved
// or removed. It is not safe for concurrent use, but for ReadAt.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	// Stat describes the file.
	Stat() (fs.FileInfo, error)
	// Truncate sets the size.
	Truncate(size int64) error
	// Sync makes the bytes durable, whoever wrote them.
	Sync() error
	// TryLock takes the file's advisory lock for this open file, which must have
	// none yet, and says whether it could; it never waits. Closing the file
	// releases the lock, and so does the end of the process.
	TryLock(kind LockKind) (bool, error)
}

// LockKind is how a lock is shared.
type LockKind uint8

// The kinds of locks: any number of open files may hold a shared one, and an
// exclusive one excludes all others.
const (
	Shared    LockKind = 1
	Exclusive LockKind = 2
)

// ErrSymlink refuses a name that is a symbolic link, or leads over one.
var ErrSymlink = errors.New("it is a symbolic link, which is not followed here")

// ErrNotRegular refuses to open what is no regular file.
var ErrNotRegular = errors.New("it is not a regular file")
