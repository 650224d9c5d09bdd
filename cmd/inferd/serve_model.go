package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/store"
)

// modelPath is the model as the config would name it: there, a path must not
// depend on where the daemon was started.
func modelPath(model string) (string, error) {
	if model == config.BuiltinModel {
		return model, nil
	}
	// A bare word is a name in the store; ./word is a file.
	if _, err := store.ParseName(model); err == nil && !strings.HasSuffix(model, ".gguf") {
		return model, nil
	}
	path, err := filepath.Abs(model)
	if err != nil {
		return "", fmt.Errorf("find model %s: %w", model, err)
	}
	return path, nil
}
