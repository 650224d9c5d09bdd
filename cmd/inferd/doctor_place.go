package main

import (
	"fmt"
	"runtime"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

// places is what doctor asks the system about directories.
type places struct {
	writable func(dir string) error
	room     func(dir string) (int64, error)
}

var system = places{disk.Writable, disk.Room}

// littleRoom is what a daemon writes beside models: its lock, what it remembers
// of files.
const littleRoom = 1 << 20

// storeSetting is what to set to have the store elsewhere.
const storeSetting = "models_home, or MODELS_HOME,"

// runtimeSetting is what to set to have the runtime directory elsewhere.
func runtimeSetting() string {
	if runtime.GOOS == "darwin" {
		return "TMPDIR"
	}
	return "XDG_RUNTIME_DIR"
}

func hintForPlace(dir, setting string) string {
	if nearest, err := disk.Nearest(dir); err == nil {
		dir = nearest // what is missing is made in there
	}
	return fmt.Sprintf("`ls -ld %s` shows whose it is: if it is yours, `chmod u+rwx` it, else set %s to a directory that is", dir, setting)
}

// checkStore looks whether models can come into the store. Where no backend
// needs it, nothing is wrong with one that takes none.
func (s places) checkStore(cfg config.Config, root string) check {
	const name = "model store"
	need := int64(littleRoom)
	for _, m := range cfg.Models {
		if m.SourceURL != "" && cfg.AutoPull && !hasModel(root, m) {
			need += m.SizeBytes
		}
	}
	c := s.check(name, root, need, storeSetting, "`inferd models gc` removes what is not used, `inferd models rm NAME` a model; ")
	if c.Status == verdictFail && !usesStore(cfg) {
		c.Status = verdictWarn
	}
	return c
}

// check looks whether need bytes can be written in dir.
func (s places) check(name, dir string, need int64, setting, hint string) check {
	if err := s.writable(dir); err != nil {
		return notPassed(name, &failure{err: fmt.Errorf("%s can't be written: %w", dir, err), hint: hintForPlace(dir, setting)})
	}
	free, err := s.room(dir)
	if err != nil {
		return notPassed(name, &failure{err: err, hint: hintForPlace(dir, setting)})
	}
	if free < need {
		return notPassed(name, &failure{
			err:  fmt.Errorf("the disk of %s is full: %s free, %s needed", dir, sizeOf(free), sizeOf(need)),
			hint: hint + "make room on its disk, or set " + setting + " to a directory on another",
		})
	}
	return passed(name, "%s, %s free", dir, sizeOf(free))
}

// usesStore reports whether a backend has a model of the store.
func usesStore(cfg config.Config) bool {
	for _, b := range cfg.Backends {
		if _, err := store.ParseName(b.LlamaCPP.Model); b.Kind == config.KindLlamaCPP && err == nil && b.LlamaCPP.Model != config.BuiltinModel {
			return true
		}
	}
	return false
}

// hasModel reports whether the store has a model that could be fetched. A store
// that is not there is not made for that.
func hasModel(root string, m config.Model) bool {
	name, err := store.ParseName(m.Name)
	if err != nil {
		return false
	}
	if nearest, err := disk.Nearest(root); err != nil || nearest != root {
		return false
	}
	s, err := store.Open(root, store.Options{})
	if err != nil {
		return false
	}
	defer func() { _ = s.Close() }()
	e, err := s.Get(name)
	return err == nil && e.State == store.BlobPresent
}

// checkRoom looks whether a daemon can make its runtime directory and write in it.
func (s places) checkRoom(name, dir string) check {
	return s.check(name, dir, littleRoom, runtimeSetting(), "")
}
