package library

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
)

// pinsJSON is the one place that says which package holds the engine of which
// platform.
//
//go:embed pins.json
var pinsJSON []byte

// Pin names the one package that is accepted for a platform.
type Pin struct {
	Package      string `json:"package"`       // npm package name
	Version      string `json:"version"`       // its version
	Integrity    string `json:"integrity"`     // sha512 of its tarball, as npm writes it
	LlamaVersion string `json:"llama_version"` // the llama.cpp release inside
	Dir          string `json:"dir"`           // where the tarball keeps the libraries
}

// String is the package with its version, as npm takes it.
func (p Pin) String() string { return p.Package + "@" + p.Version }

// dirName is the name of the installed directory below the root, on this
// platform.
func (p Pin) dirName() string {
	return p.LlamaVersion + "-" + runtime.GOOS + "-" + runtime.GOARCH
}

// PinFor returns the pin of a platform, given as GOOS and GOARCH, or an
// *UnsupportedError.
func PinFor(goos, goarch string) (Pin, error) {
	pins, err := parsePins(pinsJSON)
	if err != nil {
		return Pin{}, err
	}
	platform := goos + "/" + goarch
	pin, ok := pins[platform]
	if !ok {
		return Pin{}, &UnsupportedError{Platform: platform, Supported: slices.Sorted(maps.Keys(pins))}
	}
	return pin, nil
}

func parsePins(data []byte) (map[string]Pin, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var pins map[string]Pin
	if err := dec.Decode(&pins); err != nil {
		return nil, fmt.Errorf("read engine pins: %w", err)
	}
	return pins, nil
}
