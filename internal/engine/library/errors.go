package library

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The errors below say what happened; their Hint methods say what to do about
// it, for the line that a command prints under the error.

// MissingError reports that the pinned engine is not installed.
type MissingError struct {
	Root  string   // the directory that was searched
	Want  string   // the directory below Root that should be there
	Found []string // engines of other releases that are there
}

func (e *MissingError) Error() string {
	s := fmt.Sprintf("no engine library %s in %s", e.Want, e.Root)
	if len(e.Found) > 0 {
		s += " (found " + strings.Join(e.Found, ", ") + ")"
	}
	return s
}

// Hint says how to repair it.
func (e *MissingError) Hint() string { return "run `inferd engine install`" }

// CorruptError reports an installed engine that is not what was installed.
type CorruptError struct {
	Dir  string // the installed directory
	File string // the file in it
	What string // what is wrong, with the expected and the found value
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("engine in %s is damaged: %s: %s", e.Dir, e.File, e.What)
}

// Hint says how to repair it.
func (e *CorruptError) Hint() string {
	return "run `inferd engine install` to replace the directory"
}

// UnsupportedError reports a platform for which no engine is pinned.
type UnsupportedError struct {
	Platform  string
	Supported []string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("no engine library for %s; supported are %s", e.Platform, strings.Join(e.Supported, ", "))
}

// IntegrityError reports a package whose contents are not the pinned ones.
type IntegrityError struct {
	Package string // the pinned package
	File    string // the local file it was read from, empty for a fetched one
	Want    string
	Got     string
}

func (e *IntegrityError) Error() string {
	what := e.Package
	if e.File != "" {
		what = fmt.Sprintf("%s as %s", e.File, e.Package)
	}
	return fmt.Sprintf("check %s: integrity is %s, want %s", what, e.Got, e.Want)
}

// Hint says how to repair it.
func (e *IntegrityError) Hint() string {
	if e.File != "" {
		return "make the file with `npm pack " + e.Package + "`"
	}
	return "the registry or a proxy served another file; nothing was installed"
}

// PackageError reports a package that has the pinned integrity and still could
// not be unpacked into an engine.
type PackageError struct {
	Package string
	Err     error
}

func (e *PackageError) Error() string { return fmt.Sprintf("unpack %s: %v", e.Package, e.Err) }

// Unwrap returns the cause.
func (e *PackageError) Unwrap() error { return e.Err }

// NPMError reports that the npm client could not fetch the package.
type NPMError struct {
	Package string
	Code    string // npm's own error code, where it gave one
	Detail  string // what happened
	Err     error
}

func (e *NPMError) Error() string { return fmt.Sprintf("fetch %s: %s", e.Package, e.Detail) }

// Unwrap returns the cause.
func (e *NPMError) Unwrap() error { return e.Err }

// Hint says how to do without npm on this machine.
func (e *NPMError) Hint() string {
	return "run `npm pack " + e.Package + "` on a machine that can, then `inferd engine install --from FILE`"
}

// RootError reports that the engine directory cannot be written.
type RootError struct {
	Root string
	Err  error
}

func (e *RootError) Error() string { return fmt.Sprintf("write engine directory: %v", e.Err) }

// Unwrap returns the cause.
func (e *RootError) Unwrap() error { return e.Err }

// Hint says how to repair it.
func (e *RootError) Hint() string {
	if isDiskFull(e.Err) {
		return "free some space in " + e.Root + ", or choose another directory with --dir"
	}
	return "choose a directory that you may write with --dir, and set INFERD_ENGINE_DIR to it"
}

// underRoot turns a file operation that failed below root, or on the way to
// it, into a RootError, and leaves every other error as it is.
func underRoot(root string, err error) error {
	var path string
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		path = e.Path
	} else if e, ok := errors.AsType[*os.LinkError](err); ok {
		path = e.New
	} else if e, ok := errors.AsType[*lockError](err); ok {
		path = e.path
	}
	if path == "" || !isWithin(root, path) && !isWithin(path, root) {
		return err
	}
	return &RootError{Root: root, Err: err}
}

func isWithin(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
}
