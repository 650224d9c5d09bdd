package main

import (
	"slices"

	"github.com/inferd/inferd/internal/config"
)

// checkMedia says what local models lack for images and audio. It is no
// warning: nothing that was asked for is missing, since the config takes no
// projector yet.
func checkMedia(cfg config.Config) []check {
	local := func(b config.Backend) bool { return b.Kind == config.KindLlamaCPP }
	if !slices.ContainsFunc(cfg.Backends, local) {
		return nil
	}
	return []check{passed("media", "local models take text only: images and audio need llama.cpp's libmtmd, "+
		"which the engine library comes without; such attachments are refused as attachment_unsupported")}
}
