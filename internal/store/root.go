package store

import (
	"errors"
	"fmt"
	"strings"
)

// RootVariable is the environment variable that names the store's folder.
const RootVariable = "MODELS_HOME"

// DefaultRoot returns the folder of the store: the configured one, else that of
// the environment, else models in the system's folder for a user's data. A
// leading "~/" is the user's home. It looks at nothing but its arguments.
func DefaultRoot(configured string, getenv func(string) string, goos string) (string, error) {
	for _, choice := range []struct{ origin, dir string }{
		{"models_home", configured},
		{RootVariable, getenv(RootVariable)},
	} {
		if choice.dir == "" {
			continue
		}
		dir, err := expandHome(choice.dir, getenv, goos)
		if err != nil {
			return "", fmt.Errorf("%s: %w", choice.origin, err)
		}
		if !isAbs(dir, goos) {
			return "", fmt.Errorf("%s: %s must be an absolute path, or start with ~/", choice.origin, quote(choice.dir))
		}
		return dir, nil
	}
	data, err := dataDir(getenv, goos)
	if err != nil {
		return "", err
	}
	return join(goos, data, "models"), nil
}

// dataDir is where the system keeps a user's data, on this machine: on Windows
// the roaming profile would carry every model to a server.
func dataDir(getenv func(string) string, goos string) (string, error) {
	switch goos {
	case "windows":
		if dir := getenv("LOCALAPPDATA"); isAbs(dir, goos) {
			return dir, nil
		}
		home, err := homeDir(getenv, goos)
		return join(goos, home, "AppData", "Local"), err
	case "darwin":
		home, err := homeDir(getenv, goos)
		return join(goos, home, "Library", "Application Support"), err
	default:
		// A relative path is to be ignored, says the XDG specification.
		if dir := getenv("XDG_DATA_HOME"); isAbs(dir, goos) {
			return dir, nil
		}
		home, err := homeDir(getenv, goos)
		return join(goos, home, ".local", "share"), err
	}
}

func homeDir(getenv func(string) string, goos string) (string, error) {
	name := "HOME"
	if goos == "windows" {
		name = "USERPROFILE"
	}
	if dir := getenv(name); isAbs(dir, goos) {
		return dir, nil
	}
	return "", errors.New("find the folder of models: " + name + " names no folder; set " + RootVariable + " or models_home")
}

func expandHome(dir string, getenv func(string) string, goos string) (string, error) {
	rest, ok := strings.CutPrefix(dir, "~/")
	if !ok && goos == "windows" {
		rest, ok = strings.CutPrefix(dir, `~\`)
	}
	if !ok {
		return dir, nil
	}
	home, err := homeDir(getenv, goos)
	return join(goos, home, rest), err
}

// isAbs and join know the paths of any system, as package filepath does not.
func isAbs(dir, goos string) bool {
	if goos != "windows" {
		return strings.HasPrefix(dir, "/")
	}
	if strings.HasPrefix(dir, `\\`) {
		return true
	}
	return len(dir) >= 3 && dir[1] == ':' && (dir[2] == '\\' || dir[2] == '/')
}

func join(goos string, elements ...string) string {
	separator := "/"
	if goos == "windows" {
		separator = `\`
	}
	return strings.Join(elements, separator)
}
