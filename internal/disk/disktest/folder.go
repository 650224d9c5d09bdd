package disktest

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/inferd/inferd/internal/disk"
)

// folder is a part of a Memory as a disk.FS.
type folder struct {
	m   *Memory
	dir string
}

// elements are the parts of a name.
func elements(name string) []string {
	if name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

// do runs f under the volume's lock with the name as the volume has it.
func (v *folder) do(op, name string, f func(full string) error) error {
	if !fs.ValidPath(name) || strings.Contains(name, "\\") {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	v.m.mu.Lock()
	defer v.m.mu.Unlock()
	if err := f(path.Join(v.dir, name)); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

func (v *folder) Open(name string) (disk.File, error) { return v.open(name, false) }

func (v *folder) OpenWrite(name string) (disk.File, error) { return v.open(name, true) }

func (v *folder) open(name string, writable bool) (disk.File, error) {
	var file *memoryFile
	err := v.do("open", name, func(full string) error {
		n, err := v.m.findLocked(full)
		if err != nil {
			return err
		}
		if n.dir {
			return disk.ErrNotRegular
		}
		file = &memoryFile{m: v.m, n: n, name: path.Base(name), writable: writable}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (v *folder) Create(name string) (disk.File, error) {
	var file *memoryFile
	err := v.do("create", name, func(full string) error {
		n := newFile(v.m.options.Now())
		file = &memoryFile{m: v.m, n: n, name: path.Base(name), writable: true}
		return v.addLocked(full, n)
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// addLocked gives n a name that is free.
func (v *folder) addLocked(full string, n *node) error {
	dir, err := v.m.folderLocked(full)
	if err != nil {
		return err
	}
	if dir.names[path.Base(full)] != nil {
		return fs.ErrExist
	}
	v.m.setLocked(dir, full, n)
	return nil
}

func (v *folder) Stat(name string) (fs.FileInfo, error) {
	var found info
	err := v.do("stat", name, func(full string) error {
		n, err := v.m.findLocked(full)
		if err == nil {
			found = n.info(path.Base(name))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (v *folder) ReadDir(name string) ([]fs.DirEntry, error) {
	var entries []fs.DirEntry
	err := v.do("read folder", name, func(full string) error {
		n, err := v.m.findLocked(full)
		if err != nil {
			return err
		}
		if !n.dir {
			return syscall.ENOTDIR
		}
		for name, child := range n.names {
			entries = append(entries, child.info(name))
		}
		return nil
	})
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

func (v *folder) Mkdir(name string) error {
	return v.do("mkdir", name, func(full string) error {
		if full == "." {
			return fs.ErrExist
		}
		return v.addLocked(full, newFolder(v.m.options.Now()))
	})
}

func (v *folder) Rename(from, to string) error {
	return v.do("rename", from, func(fullFrom string) error {
		if !fs.ValidPath(to) {
			return fs.ErrInvalid
		}
		return v.m.renameLocked(fullFrom, path.Join(v.dir, to))
	})
}

func (m *Memory) renameLocked(from, to string) error {
	n, err := m.findLocked(from)
	if err != nil {
		return err
	}
	fromDir, err := m.folderLocked(from)
	if err != nil {
		return err
	}
	toDir, err := m.folderLocked(to)
	if err != nil {
		return err
	}
	if old := toDir.names[path.Base(to)]; old != nil && (old.dir || n.dir) {
		return fs.ErrExist
	}
	m.step++
	toDir.set(m.step, path.Base(to), n)
	fromDir.set(m.step, path.Base(from), nil)
	return nil
}

func (v *folder) Remove(name string) error {
	return v.do("remove", name, func(full string) error {
		n, err := v.m.findLocked(full)
		if err != nil {
			return err
		}
		if len(n.names) > 0 {
			return syscall.ENOTEMPTY
		}
		dir, err := v.m.folderLocked(full)
		if err != nil {
			return err
		}
		v.m.setLocked(dir, full, nil)
		return nil
	})
}

func (v *folder) SyncDir(name string) error {
	return v.do("sync folder", name, func(full string) error {
		n, err := v.m.findLocked(full)
		if err != nil {
			return err
		}
		if !n.dir {
			return syscall.ENOTDIR
		}
		v.m.syncLocked(n)
		return nil
	})
}

func (v *folder) Link(from disk.FS, old, name string) error {
	src, ok := from.(interface{ volume() *folder })
	if !ok || src.volume().m != v.m || v.m.options.NoLink {
		return &fs.PathError{Op: "link", Path: name, Err: errCrossVolume}
	}
	return v.do("link", name, func(full string) error {
		n, err := v.m.findLocked(path.Join(src.volume().dir, old))
		if err != nil {
			return err
		}
		if n.dir {
			return disk.ErrNotRegular
		}
		return v.addLocked(full, n)
	})
}

// volume tells a folder of a Memory from other trees.
func (v *folder) volume() *folder { return v }

func (v *folder) Clone(from disk.File, name string) error {
	src, ok := from.(*memoryFile)
	if !ok || src.m != v.m || v.m.options.NoClone {
		return &fs.PathError{Op: "clone", Path: name, Err: errors.ErrUnsupported}
	}
	return v.do("clone", name, func(full string) error {
		n := newFile(v.m.options.Now())
		n.data, n.shared = slices.Clone(src.n.data), true
		return v.addLocked(full, n)
	})
}

func (v *folder) SameFile(a, b fs.FileInfo) bool {
	x, ok := a.(info)
	y, also := b.(info)
	return ok && also && x.node == y.node
}

func (v *folder) Free() (int64, error) {
	v.m.mu.Lock()
	defer v.m.mu.Unlock()
	return v.m.freeLocked(), nil
}

func (v *folder) Path(name string) string { return name }
