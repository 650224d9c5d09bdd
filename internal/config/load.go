package config

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
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
	// Values maps a key of Keys to its value.
	Values map[string]string
	// Mock runs the scripted mock instead of the built-in model. It is
	// refused beside configured backends: those are never replaced.
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
	path, content := src.file(&ps)
	if content != nil {
		readFile(path, content, &cfg, &ps)
	}
	src.environment(&cfg, &ps)
	src.flags(&cfg, &ps)
	if err := ps.err(); err != nil {
		return Config{}, err
	}
	if len(cfg.Backends) == 0 {
		cfg.Backends = []Backend{builtinBackend()}
	}
	return cfg, nil
}

// file reads the config file. Content is nil where there is none, which is
// fine unless somebody named it.
func (src Sources) file(ps *problems) (path string, content []byte) {
	path, explicit := src.Path, src.Explicit
	if path == "" {
		path, explicit = src.Getenv(envConfig), true
	}
	if path == "" {
		home := cmp.Or(src.Getenv("HOME"), src.Getenv("USERPROFILE"))
		if home == "" {
			return "", nil
		}
		path, explicit = filepath.Join(home, ".inferd", "config.json"), false
	}
	content, err := readBounded(path)
	switch {
	case err == nil:
		return path, content
	case errors.Is(err, fs.ErrNotExist) && !explicit:
		return path, nil
	default:
		ps.add(path, 0, "", "read config file: %v", cause(err))
		return path, nil
	}
}

var errTooBig = errors.New("it has more than 256 KiB: this can't be a config file")

func readBounded(path string) ([]byte, error) {
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
		if raw == "" {
			continue
		}
		if err := s.into(cfg)(value{text: raw}); err != nil {
			ps.add("environment variable "+name, 0, "", "%v", err)
		}
	}
}

func (src Sources) flags(cfg *Config, ps *problems) {
	for _, s := range settings {
		raw, set := src.Flags.Values[s.key]
		if !set {
			continue
		}
		if err := s.into(cfg)(value{text: raw}); err != nil {
			ps.add("flag --"+FlagName(s.key), 0, "", "%v", err)
		}
	}
	for key := range src.Flags.Values {
		if !slices.Contains(Keys(), key) {
			ps.add("flag --"+FlagName(key), 0, "", "unknown; %s", allowedKeys(key, Keys()))
		}
	}
	if !src.Flags.Mock {
		return
	}
	if len(cfg.Backends) > 0 {
		ps.add("flag --mock", 0, "", "not allowed beside configured backends: remove the flag, or backends from the config file")
		return
	}
	cfg.Backends = []Backend{{Kind: KindMock, Name: DefaultMockName}}
}
