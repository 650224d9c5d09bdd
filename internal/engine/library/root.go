package library

import (
	"os"
	"path/filepath"
)

// DefaultRoot returns the directory that holds the installed engines:
// INFERD_ENGINE_DIR if it is set, else `engine` next to the program if there
// is such a directory, else inferd/engine in the user's data directory. It is
// empty where the environment names no home. exeDir is the program's own
// directory, or empty.
func DefaultRoot(exeDir string, getenv func(string) string, goos string) string {
	if dir := getenv("INFERD_ENGINE_DIR"); dir != "" {
		return dir
	}
	if exeDir != "" {
		dir := filepath.Join(exeDir, "engine")
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
	}
	data := dataDir(getenv, goos)
	if data == "" {
		return ""
	}
	return filepath.Join(data, "inferd", "engine")
}

// dataDir is where a user's programs keep data on the given system.
func dataDir(getenv func(string) string, goos string) string {
	switch goos {
	case "windows":
		if dir := getenv("LOCALAPPDATA"); dir != "" {
			return dir
		}
		return below(getenv("USERPROFILE"), "AppData", "Local")
	case "darwin":
		return below(getenv("HOME"), "Library", "Application Support")
	default:
		// The XDG specification says to ignore a relative path.
		if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
			return dir
		}
		return below(getenv("HOME"), ".local", "share")
	}
}

func below(home string, elem ...string) string {
	if home == "" {
		return ""
	}
	return filepath.Join(append([]string{home}, elem...)...)
}
