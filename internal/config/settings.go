package config

import (
	"log/slog"
	"strings"
	"time"
)

// setting is one scalar key outside of model and backends. Those that are not
// of the file alone can be set in the environment and by a flag: the key
// queue.active is INFERD_QUEUE_ACTIVE and --queue-active.
type setting struct {
	key   string
	field func(*Config) field
	// take copies the value from another configuration.
	take func(to, from *Config)
	// change is what a reload can do about a new value.
	change change
	// why says, for a restart, why there must be one.
	why      string
	fileOnly bool
}

// change is what a reload can do about a changed setting.
type change uint8

const (
	live     change = iota // the running daemon takes it over
	restart                // only a new start does
	backends               // it is a part of the backends
)

const (
	maxDrainMS = 24 * 60 * 60 * 1000
	maxActive  = 1024
	maxWaiting = 65536
)

// at makes a setting that is live.
func at[T any](key string, place func(*Config) *T, f form[T]) setting {
	return setting{
		key:   key,
		field: func(c *Config) field { return bind(key[strings.LastIndex(key, ".")+1:], place(c), f) },
		take:  func(to, from *Config) { *place(to) = *place(from) },
	}
}

// needsRestart says that a running daemon can't take the setting over.
func (s setting) needsRestart(why string) setting {
	s.change, s.why = restart, why
	return s
}

func (s setting) ofBackends() setting {
	s.change = backends
	return s
}

func (s setting) inFileOnly() setting {
	s.fileOnly = true
	return s
}

const boundAtStart = "sockets are bound when the daemon starts"

// settings is every such key; the file's reader, the environment's and the
// flags' follow it, and so do show and reload.
var settings = []setting{
	at("auto_pull", func(c *Config) *bool { return &c.AutoPull }, truth),
	at("models_home", func(c *Config) *string { return &c.ModelsHome }, text(checkHome)).
		needsRestart("the models that run are in the old store"),
	at("n_ctx", func(c *Config) *int { return &c.NCtx }, contextSize).ofBackends(),
	at("n_gpu_layers", func(c *Config) *int { return &c.NGPULayers }, layers).ofBackends(),
	at("engine_dir", func(c *Config) *string { return &c.EngineDir }, text(checkPath)).
		needsRestart("the workers have loaded the engine from the old one"),
	at("admin_addr", func(c *Config) *string { return &c.AdminAddr }, text(checkAdmin)).needsRestart(boundAtStart),
	at("listen.tcp", func(c *Config) *string { return &c.Listen.TCP }, text(checkLoopback)).
		needsRestart(boundAtStart).inFileOnly(),
	at("listen.tcp_v2", func(c *Config) *string { return &c.Listen.TCPV2 }, text(checkLoopback)).
		needsRestart(boundAtStart).inFileOnly(),
	at("listen.tcp_embed", func(c *Config) *string { return &c.Listen.TCPEmbed }, text(checkLoopback)).
		needsRestart(boundAtStart).inFileOnly(),
	at("listen.api_key_env", func(c *Config) *string { return &c.Listen.APIKeyEnv }, variable).
		needsRestart("the key is read when the daemon starts").inFileOnly(),
	at("drain_timeout_ms", func(c *Config) *time.Duration { return &c.DrainTimeout }, milliseconds(maxDrainMS)),
	at("queue.active", func(c *Config) *int { return &c.Queue.Active }, whole(0, maxActive)),
	at("queue.waiting", func(c *Config) *int { return &c.Queue.Waiting }, whole(0, maxWaiting)),
	at("log_level", func(c *Config) *slog.Level { return &c.LogLevel }, level),
}

// Keys are the keys that an environment variable can set, and a flag.
func Keys() []string {
	var keys []string
	for _, s := range settings {
		if !s.fileOnly {
			keys = append(keys, s.key)
		}
	}
	return keys
}

// ModelKeys are the keys of the one llamacpp backend of a daemon that a flag
// can set beside Keys. The flags of n_ctx and n_gpu_layers change it, too.
func ModelKeys() []string { return []string{"model", "slots", "threads"} }

// EnvName is the environment variable of a key of Keys.
func EnvName(key string) string {
	return "INFERD_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// FlagName is the command line flag of a key of Keys or ModelKeys, without its
// dashes.
func FlagName(key string) string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(key)
}
