package config

import (
	"log/slog"
	"strings"
	"time"
)

// setting is one scalar key that the file, the environment and the flags can
// set: the key queue.active is INFERD_QUEUE_ACTIVE and --queue-active.
type setting struct {
	key  string
	into func(*Config) setter
}

const (
	maxDrainMS = 24 * 60 * 60 * 1000
	maxActive  = 1024
	maxWaiting = 65536
)

// settings is every such key; the file's reader, the environment's and the
// flags' follow it.
var settings = []setting{
	{"engine_dir", func(c *Config) setter {
		return text(checkDir, func(s string) { c.EngineDir = s })
	}},
	{"models_home", func(c *Config) setter {
		return text(checkHome, func(s string) { c.ModelsHome = s })
	}},
	{"drain_timeout_ms", func(c *Config) setter {
		return millisecondsIn(0, maxDrainMS, func(d time.Duration) { c.DrainTimeout = d })
	}},
	{"queue.active", func(c *Config) setter {
		return integer(0, maxActive, func(n int) { c.Queue.Active = n })
	}},
	{"queue.waiting", func(c *Config) setter {
		return integer(0, maxWaiting, func(n int) { c.Queue.Waiting = n })
	}},
	{"log_level", func(c *Config) setter {
		return level(func(l slog.Level) { c.LogLevel = l })
	}},
}

// Keys are the keys that a flag or an environment variable can set.
func Keys() []string {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.key
	}
	return keys
}

// EnvName is the environment variable of a key of Keys.
func EnvName(key string) string {
	return "INFERD_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// FlagName is the command line flag of a key of Keys, without its dashes.
func FlagName(key string) string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(key)
}

// notYet are keys of the family's files that this version knows and refuses by
// name: to ignore one would start something other than what was asked for.
var (
	notYetTop      = []string{"auto_pull", "model", "n_ctx", "n_gpu_layers", "admin_addr", "listen"}
	notYetLlamaCPP = []string{"mmproj", "embed", "embed_pooling", "embed_n_ctx", "rerank", "chat_template"}
	notYetKinds    = []string{"openai-compat", "bedrock-invoke"}
)

const notYetMessage = "not supported by this version yet"
