package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/chatfile"
)

// sessionSuffix ends the names of the files of conversations.
const sessionSuffix = ".jsonl"

// openSession opens the conversation that the flags mean.
func (p *program) openSession(o *chatOptions) (*chatfile.File, error) {
	if o.unkept {
		return chatfile.Unkept(), nil
	}
	path, err := p.sessionPath(o)
	if err != nil {
		return nil, err
	}
	f, err := chatfile.Open(path)
	switch {
	case errors.Is(err, chatfile.ErrInUse):
		return nil, &failure{err: err, hint: "leave the other one, or begin a new conversation without --session and --continue"}
	case err != nil:
		return nil, &failure{err: err, hint: "--session takes another name or file, --no-session keeps nothing"}
	}
	return f, nil
}

func (p *program) sessionPath(o *chatOptions) (string, error) {
	if strings.ContainsAny(o.session, `/\`) || strings.HasSuffix(o.session, sessionSuffix) {
		return o.session, nil
	}
	dir, err := p.sessionDir()
	if err != nil {
		return "", err
	}
	name := o.session
	switch {
	case o.resume:
		return lastSession(dir)
	case name == "":
		name = sessionName(time.Now())
	case !isSessionName(name):
		return "", usageError("a name has 1 to 64 letters, digits, dots, - and _; a path with a / is a file",
			"--session: %q is no name", name)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the folder for conversations: %w", err)
	}
	return filepath.Join(dir, name+sessionSuffix), nil
}

var errNoData = errors.New("no data directory is known: neither XDG_DATA_HOME nor HOME holds an absolute path")

// sessionDir is where this user's conversations are kept.
func (p *program) sessionDir() (string, error) {
	home := filepath.Join(".local", "share", "inferd", "chats")
	if runtime.GOOS == "darwin" {
		home = filepath.Join("Library", "Application Support", "inferd", "chats")
	}
	for _, place := range []struct{ variable, below string }{
		{"XDG_DATA_HOME", filepath.Join("inferd", "chats")},
		{"LOCALAPPDATA", filepath.Join("inferd", "chats")},
		{"HOME", home},
	} {
		if base := p.getenv(place.variable); filepath.IsAbs(base) {
			return filepath.Join(base, place.below), nil
		}
	}
	return "", &failure{err: errNoData, hint: "--session takes a file, --no-session keeps nothing"}
}

// lastSession is the conversation that was written to last.
func lastSession(dir string) (string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("look for conversations: %w", err)
	}
	var last string
	var at time.Time
	for _, f := range files {
		info, err := os.Stat(filepath.Join(dir, f.Name()))
		if err == nil && strings.HasSuffix(f.Name(), sessionSuffix) && !info.ModTime().Before(at) {
			last, at = filepath.Join(dir, f.Name()), info.ModTime()
		}
	}
	if last == "" {
		return "", usageError("leave --continue out to begin one", "there is no conversation in %s to go on with", dir)
	}
	return last, nil
}

func isSessionName(name string) bool {
	if len(name) < 1 || len(name) > 64 || name[0] == '.' {
		return false
	}
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("._-", rune(c)) {
			return false
		}
	}
	return true
}
