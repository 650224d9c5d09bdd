package main

import (
	"path/filepath"
	"runtime"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/engine/library"
)

// envWorker names another engine worker in the environment: for development,
// where the programs are not side by side.
const envWorker = "INFERD_WORKER"

// exeDir is the directory of this program's file, links resolved: its worker
// and perhaps its engine are beside it. It is empty where that can't be known.
func (p *program) exeDir() string {
	exe, err := p.executable()
	if err != nil {
		return ""
	}
	if resolved, err := filepath.EvalSymlinks(exe); err == nil {
		exe = resolved
	}
	return filepath.Dir(exe)
}

// workerPath is the program of the engine worker.
func (p *program) workerPath() string {
	if path := p.getenv(envWorker); path != "" {
		return path
	}
	name := "inferd-engine"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(p.exeDir(), name)
}

// engineRoot is the directory of the installed engines where the config names
// none.
func (p *program) engineRoot() string {
	return library.DefaultRoot(p.exeDir(), p.getenv, runtime.GOOS)
}

// config is what a daemon that is started here and now would run with.
func (p *program) config(path string, flags config.Flags) (config.Config, error) {
	return config.Load(p.sources(path, flags))
}

// sources are where that configuration comes from.
func (p *program) sources(path string, flags config.Flags) config.Sources {
	return config.Sources{Path: path, Explicit: path != "", Getenv: p.getenv, Flags: flags}
}
