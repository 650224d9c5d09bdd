package store

import (
	"path"
	"slices"
	"strings"
)

const (
	maxName      = 128
	manifestsDir = "manifests"
	manifestExt  = ".json"
	locksDir     = "locks"
	lockExt      = ".lock"
)

// Name is the name of a model, and the only way to make the path of a manifest
// or of a lock. It comes from ParseName; the zero value is no name.
type Name struct {
	s string
}

// NameError refuses a name.
type NameError struct {
	Name   string
	Reason string
}

func (e *NameError) Error() string {
	name := e.Name
	if len(name) > maxName {
		name = name[:maxName] + "…"
	}
	return "model name " + quote(name) + ": " + e.Reason
}

// ParseName checks a name: 1 to 128 of the characters A-Z a-z 0-9 . _ -, the
// first no dot. What Windows takes for a device is refused everywhere, since
// stores move between systems.
func ParseName(s string) (Name, error) {
	switch {
	case s == "":
		return Name{}, &NameError{s, "it is empty"}
	case len(s) > maxName:
		return Name{}, &NameError{s, "it is longer than 128 characters"}
	case s[0] == '.':
		return Name{}, &NameError{s, "it must not start with a dot"}
	case strings.ContainsFunc(s, isNotNameRune):
		return Name{}, &NameError{s, "it may have the characters A-Z a-z 0-9 . _ - only"}
	case isDevice(s):
		return Name{}, &NameError{s, "it is the name of a device on Windows"}
	}
	return Name{s}, nil
}

func isNotNameRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
}

// isDevice: Windows looks at what stands before the first dot, whatever the
// folder.
func isDevice(s string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(s), ".")
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, stem) {
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '1' && stem[3] <= '9'
}

// SuggestName makes a name of what a person or another tool calls a model, such
// as the name of its file.
func SuggestName(s string) (Name, error) {
	base := s
	if ext := path.Ext(s); strings.EqualFold(ext, ".gguf") {
		base = strings.TrimSuffix(s, ext)
	}
	mapped := strings.Map(func(r rune) rune {
		if isNotNameRune(r) {
			return '-'
		}
		return r
	}, base)
	mapped = strings.Trim(mapped, ".-")
	if len(mapped) > maxName {
		mapped = mapped[:maxName]
	}
	return ParseName(mapped)
}

// String returns the name.
func (n Name) String() string { return n.s }

func (n Name) manifest() string { return path.Join(manifestsDir, n.s+manifestExt) }

func (n Name) lock() string { return path.Join(locksDir, n.s+lockExt) }
