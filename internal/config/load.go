package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Sources are where a configuration comes from.
type Sources struct {
	// Path is the config file. Empty means the one that INFERD_CONFIG names,
	// else config.json in the user's .inferd directory.
	Path string
	// Explicit says that the user named Path: then its absence is an error.
	Explicit bool
	// Getenv reads the environment; nil is os.Getenv.
	Getenv func(string) string
	Flags  Flags
}

// Flags are what the command line set.
type Flags struct {
	// Values maps a key of Keys or ModelKeys to its value. What is a backend's
	// changes the one llamacpp backend; where there is none, or several, it is
	// refused: which one was meant nobody could tell.
	Values map[string]string
	// Mock runs the scripted mock instead of the built-in model. It is
	// refused beside a configured model or backends: those are never replaced.
	Mock bool
}

// envConfig names the config file in the environment.
const envConfig = "INFERD_CONFIG"

// maxFile bounds a config file; a real one has a few kilobytes.
const maxFile = 256 << 10

// Load makes the one Config of the sources, or returns an *Error with all
// that is wrong in them.
func Load(src Sources) (Config, error) {
	if src.Getenv == nil {
		src.Getenv = os.Getenv
	}
	cfg := defaults()
	var ps problems
	content := src.file(&cfg, &ps)
	if content != nil {
		readFile(cfg.File, content, &cfg, &ps)
	}
	src.environment(&cfg, &ps)
	src.flags(&cfg, &ps)
	if err := ps.err(); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// Location is the config file of the sources, and whether somebody named it.
// It is empty where there is no place for one.
func (src Sources) Location() (path string, named bool) {
	getenv := src.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	if src.Path != "" {
		return src.Path, src.Explicit
	}
	if path := getenv(envConfig); path != "" {
		return path, true
	}
	home := cmp.Or(getenv("HOME"), getenv("USERPROFILE"))
	if home == "" {
		return "", false
	}
	return filepath.Join(home, ".inferd", "config.json"), false
}

// file reads the config file. Content is nil where there is none, which is
// fine unless somebody named it.
func (src Sources) file(cfg *Config, ps *problems) (content []byte) {
	path, named := src.Location()
	cfg.File = path
	if path == "" {
		return nil
	}
	content, err := readBounded(path)
	switch {
	case err == nil:
		return content
	case !errors.Is(err, fs.ErrNotExist) || named:
		ps.add(path, 0, "", "read config file: %v", cause(err))
	}
	return nil
}

var (
	errTooBig     = errors.New("it has more than 256 KiB: this can't be a config file")
	errNotRegular = errors.New("it is not a regular file")
)

func readBounded(path string) ([]byte, error) {
	// To open a fifo would wait for who writes to it, and a reload with it.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxFile {
		return nil, errTooBig
	}
	return content, nil
}

// cause is err without the path that a *fs.PathError repeats.
func cause(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

func (src Sources) environment(cfg *Config, ps *problems) {
	for _, s := range settings {
		name := EnvName(s.key)
		raw := src.Getenv(name)
		if raw == "" || s.fileOnly {
			continue
		}
		cfg.Origins[s.key] = Origin{Kind: FromEnvironment, Name: name}
		if err := s.field(cfg).set(value{text: raw}); err != nil {
			ps.add("environment variable "+name, 0, "", "%v", err)
		}
	}
}

func (src Sources) flags(cfg *Config, ps *problems) {
	for _, s := range settings {
		if raw, set := src.Flags.Values[s.key]; set && !s.fileOnly {
			src.flag(cfg, ps, s.key, s.key, s.field(cfg), raw)
		}
	}
	allowed := slices.Concat(Keys(), ModelKeys())
	for _, key := range slices.Sorted(maps.Keys(src.Flags.Values)) {
		if !slices.Contains(allowed, key) {
			ps.add("flag --"+FlagName(key), 0, "", "unknown; %s", allowedKeys(key, allowed))
		}
	}
	if src.Flags.Mock {
		src.mock(cfg, ps)
	}
	cfg.complete()
	src.modelFlags(cfg, ps)
}

// flag sets the field of a key to what the command line says.
func (src Sources) flag(cfg *Config, ps *problems, name, key string, f field, raw string) {
	cfg.Origins[key] = Origin{Kind: FromFlag, Name: "--" + FlagName(name)}
	if err := f.set(value{text: raw}); err != nil {
		ps.add("flag --"+FlagName(name), 0, "", "%v", err)
	}
}

func (src Sources) mock(cfg *Config, ps *problems) {
	if len(cfg.Backends)+len(cfg.Models) > 0 {
		ps.add("flag --mock", 0, "", "not allowed beside a configured model or backends: remove the flag, or these from the config file")
		return
	}
	b := newBackend(KindMock)
	b.Name = DefaultMockName
	cfg.Backends = []Backend{b}
	cfg.Origins["backends[0].kind"] = Origin{Kind: FromFlag, Name: "--mock"}
}

// modelFlags changes the one model of the daemon.
func (src Sources) modelFlags(cfg *Config, ps *problems) {
	before := cfg.Backends[0].LlamaCPP.Model
	one := len(cfg.Backends) == 1 && cfg.Backends[0].Kind == KindLlamaCPP
	for _, key := range append(ModelKeys(), "n_ctx", "n_gpu_layers") {
		raw, set := src.Flags.Values[key]
		switch {
		case !set:
		case !one:
			ps.add("flag --"+FlagName(key), 0, "", "it needs a daemon with one model of its own: change the backends in the config file instead")
		case key == "n_ctx" || key == "n_gpu_layers":
			// Said to be wrong already, where it is.
			_ = cfg.modelField(key).set(value{text: raw})
			cfg.Origins["backends[0]."+key] = Origin{Kind: FromFlag, Name: "--" + FlagName(key)}
		default:
			src.flag(cfg, ps, key, "backends[0]."+key, cfg.modelField(key), raw)
		}
	}
	if b := &cfg.Backends[0].LlamaCPP; b.Model != before {
		b.SHA256 = "" // that is another model's
	}
}

// modelField is a field of the first backend.
func (c *Config) modelField(key string) field {
	fields := c.Backends[0].fields()
	at := slices.IndexFunc(fields, func(f field) bool { return f.name == key })
	if at < 0 {
		panic(fmt.Sprintf("config: %s is no key of a model", key))
	}
	return fields[at]
}
