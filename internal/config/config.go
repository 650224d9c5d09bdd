// Package config turns the config file, the environment and the command line
// into one checked Config. Each value comes from the last of these that names
// it: the default, the file, the environment, a flag. A file that cannot be
// read as a whole is an error, never a reason to start with the defaults, and
// every problem is reported in one pass. It opens nothing else and starts
// nothing: whether a model or an engine is really there is for its user to
// find out.
package config

import (
	"log/slog"
	"time"
)

// Config is a checked configuration. Only Load makes one that is.
type Config struct {
	// Backends are in the order in which the router tries them; at least one.
	Backends []Backend
	// EngineDir is where engine packages are unpacked; empty is the default place.
	EngineDir string
	// ModelsHome is the folder of the model store; empty is the default place.
	ModelsHome string
	// DrainTimeout is how long running requests may finish after a stop.
	DrainTimeout time.Duration
	Queue        Queue
	LogLevel     slog.Level
}

// Queue sizes the admission gate, in requests.
type Queue struct {
	// Active is how many run at once; 0 means as many as the backends have slots.
	Active int
	// Waiting is how many wait for a turn before others are refused.
	Waiting int
}

// Kind says which implementation runs a backend. The values are the ones in
// the file.
type Kind string

// The kinds of backends.
const (
	KindLlamaCPP Kind = "llamacpp"
	KindMock     Kind = "mock"
)

// Backend is one configured backend; the fields of the other kinds are zero.
type Backend struct {
	Kind Kind
	// Name is unique: 1 to 64 of A-Za-z0-9._-
	Name     string
	LlamaCPP LlamaCPP
	Mock     Mock
}

// BuiltinModel is the model name that stands for the model inside the engine.
const BuiltinModel = "builtin"

// AutoCtx stands for "auto" in LlamaCPP.NCtx.
const AutoCtx = -1

// LlamaCPP are the settings of a backend on the local engine.
type LlamaCPP struct {
	// Model is BuiltinModel, the name of a model in the store, or the absolute
	// path of a GGUF file.
	Model string
	// NCtx is the context size in tokens; 0 is the model's own, and AutoCtx
	// the largest that fits into memory.
	NCtx int
	// NGPULayers is how many layers go to the GPU.
	NGPULayers int
	// Slots is how many requests run at once.
	Slots int
	// Threads is how many threads compute; 0 follows the machine.
	Threads int
	// CacheMiB is how much memory, in MiB, the states of past prompts may
	// take beside the engine's own cache; 0 keeps none.
	CacheMiB int
}

// The defaults.
const (
	DefaultDrainTimeout = 30 * time.Second
	DefaultWaiting      = 128
	DefaultSlots        = 4
	DefaultCacheMiB     = 512
	DefaultMockName     = "mock"
)

// defaults is the configuration of a daemon that was told nothing, but for
// the backends: those are filled in last, once it is known that none is named.
func defaults() Config {
	return Config{
		DrainTimeout: DefaultDrainTimeout,
		Queue:        Queue{Waiting: DefaultWaiting},
		LogLevel:     slog.LevelInfo,
	}
}

func builtinBackend() Backend {
	return Backend{
		Kind: KindLlamaCPP, Name: BuiltinModel,
		LlamaCPP: LlamaCPP{Model: BuiltinModel, Slots: DefaultSlots, CacheMiB: DefaultCacheMiB},
	}
}
