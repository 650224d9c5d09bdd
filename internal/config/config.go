// Package config turns the config file, the environment and the command line
// into one checked Config. Each value comes from the last of these that names
// it: the default, the file, the environment, a flag; and it knows from which.
// A file that cannot be read as a whole is an error, never a reason to start
// with the defaults, and every problem is reported in one pass. The package
// also says what changes between two configurations, and which of it a running
// daemon can take over. It opens nothing else and starts nothing: whether a
// model or an engine is really there is for its user to find out.
package config

import (
	"log/slog"
	"time"
)

// Config is a checked configuration. Only Load makes one that is.
type Config struct {
	// Backends are in the order in which the router tries them; at least one.
	Backends []Backend
	// Models are those that the file describes: what the store must hold, and
	// where it is from. Backends name them.
	Models []Model
	// AutoPull fetches Models at the first start, where the store lacks them.
	AutoPull bool
	// NCtx and NGPULayers are what the llamacpp backends have that name none of
	// their own; see LlamaCPP. In Backends they are filled in.
	NCtx, NGPULayers int
	// EngineDir is where engine packages are unpacked; empty is the default place.
	EngineDir string
	// ModelsHome is the folder of the model store; empty is the default place.
	ModelsHome string
	// AdminAddr is the path of a second admin socket, or on Windows its pipe;
	// empty is none.
	AdminAddr string
	Listen    Listen
	// DrainTimeout is how long running requests may finish after a stop.
	DrainTimeout time.Duration
	Queue        Queue
	LogLevel     slog.Level
	// Origins says where each value is from, by its full key, as in
	// backends[0].slots. A key that is not in it has its default.
	Origins map[string]Origin
	// File is the config file, whether it is there or not; empty where there is
	// no place for one.
	File string
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
	KindOpenAI   Kind = "openai-compat"
	KindBedrock  Kind = "bedrock-invoke"
)

// Backend is one configured backend; the fields of the other kinds are zero.
type Backend struct {
	Kind Kind
	// Name is unique: 1 to 128 of A-Za-z0-9._-
	Name     string
	LlamaCPP LlamaCPP
	Mock     Mock
	OpenAI   OpenAI
	Bedrock  Bedrock
}

// The names of the backend in a daemon that names none: what it runs.
const (
	// BuiltinModel is the model name that stands for the model inside the
	// engine, and the name of the backend that runs it.
	BuiltinModel = "builtin"
	// DefaultMockName runs the script of a daemon that was started with --mock.
	DefaultMockName = "mock"
)

// The defaults.
const (
	DefaultDrainTimeout = 30 * time.Second
	DefaultWaiting      = 128
)

// defaults is the configuration of a daemon that was told nothing, but for
// the backends: those are filled in last, once it is known that none is named.
func defaults() Config {
	return Config{
		AutoPull:     true,
		DrainTimeout: DefaultDrainTimeout,
		Queue:        Queue{Waiting: DefaultWaiting},
		LogLevel:     slog.LevelInfo,
		Origins:      make(map[string]Origin),
	}
}
