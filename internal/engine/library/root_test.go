package library

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDefaultRoot(t *testing.T) {
	with := t.TempDir() // a program that has an engine directory beside it
	if err := os.Mkdir(filepath.Join(with, "engine"), 0o755); err != nil {
		t.Fatal(err)
	}
	without := t.TempDir()
	if err := os.WriteFile(filepath.Join(without, "engine"), nil, 0o644); err != nil {
		t.Fatal(err) // a file of that name is no engine directory
	}
	home, data := filepath.Join(without, "home"), filepath.Join(without, "data")
	for name, c := range map[string]struct {
		exe, goos string
		env       map[string]string
		want      string
	}{
		"variable before all":      {with, "linux", map[string]string{"INFERD_ENGINE_DIR": "set", "HOME": home}, "set"},
		"beside the program":       {with, "linux", map[string]string{"HOME": home}, filepath.Join(with, "engine")},
		"linux":                    {without, "linux", map[string]string{"HOME": home}, filepath.Join(home, ".local/share/inferd/engine")},
		"linux, XDG":               {without, "linux", map[string]string{"HOME": home, "XDG_DATA_HOME": data}, filepath.Join(data, "inferd/engine")},
		"linux, relative XDG":      {without, "linux", map[string]string{"HOME": home, "XDG_DATA_HOME": "data"}, filepath.Join(home, ".local/share/inferd/engine")},
		"macOS":                    {without, "darwin", map[string]string{"HOME": home, "XDG_DATA_HOME": data}, filepath.Join(home, "Library/Application Support/inferd/engine")},
		"windows":                  {without, "windows", map[string]string{"LOCALAPPDATA": data}, filepath.Join(data, "inferd/engine")},
		"windows, no LOCALAPPDATA": {without, "windows", map[string]string{"USERPROFILE": home}, filepath.Join(home, "AppData/Local/inferd/engine")},
		"no program directory":     {"", "linux", map[string]string{"HOME": home}, filepath.Join(home, ".local/share/inferd/engine")},
		"nothing known":            {without, "linux", nil, ""},
		"nothing known on Windows": {without, "windows", nil, ""},
		"nothing known on macOS":   {without, "darwin", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := DefaultRoot(c.exe, func(key string) string { return c.env[key] }, c.goos)
			if got != c.want {
				t.Errorf("DefaultRoot is %q, want %q", got, c.want)
			}
		})
	}
}
