package main

import (
	"fmt"
	"strings"

	"github.com/inferd/inferd/wire"
)

// describe is an admin event as a line for a person.
func describe(event wire.AdminEvent) string {
	switch e := event.(type) {
	case wire.LoadingModel:
		return e.Status() + "  " + describePhase(e.Phase)
	case wire.Capabilities:
		return e.Status() + "  " + describeBackend(e)
	case wire.Restarting:
		return e.Status() + "  " + e.Phase
	case wire.Failed:
		return e.Status() + "  " + e.Reason
	}
	return event.Status()
}

func describePhase(phase wire.LoadPhase) string {
	detail := ""
	switch p := phase.(type) {
	case wire.PhaseCheckingLocal:
		detail = p.Path
	case wire.PhaseDownload:
		detail = sizeOf(p.DownloadedBytes)
		if p.TotalBytes != nil {
			detail += " of " + sizeOf(*p.TotalBytes)
		}
		detail += " from " + p.SourceURL
	case wire.PhaseVerify:
		detail = p.Path
	case wire.PhaseQuarantine:
		detail = fmt.Sprintf("%s is not what it should be; moved to %s", p.Path, p.QuarantinePath)
	case wire.PhaseMmap:
		detail = p.Path
	case wire.PhaseLoad:
		detail = fmt.Sprintf("%.0f %%", 100*p.LoadedFraction)
	case wire.PhaseKVCache:
		detail = fmt.Sprintf("%d tokens", p.NCtx)
	}
	return strings.TrimRight(phase.PhaseName()+" "+detail, " ")
}

func describeBackend(c wire.Capabilities) string {
	parts := []string{c.Backend}
	if c.Model != "" {
		parts = append(parts, "model "+c.Model)
	}
	parts = append(parts, "on "+string(c.Accelerator))
	if c.NCtx > 0 {
		parts = append(parts, fmt.Sprintf("context %d", c.NCtx))
	}
	if c.Slots > 0 {
		parts = append(parts, fmt.Sprintf("slots %d", c.Slots))
	}
	if c.Engine != "" {
		parts = append(parts, c.Engine)
	}
	return strings.Join(parts, ", ")
}

// fraction is how far a phase that takes long has got, from 0 to 1.
func fraction(event wire.AdminEvent) (float64, bool) {
	loading, ok := event.(wire.LoadingModel)
	if !ok {
		return 0, false
	}
	switch p := loading.Phase.(type) {
	case wire.PhaseLoad:
		return min(max(p.LoadedFraction, 0), 1), true
	case wire.PhaseDownload:
		if p.TotalBytes != nil && *p.TotalBytes > 0 {
			return min(max(float64(p.DownloadedBytes)/float64(*p.TotalBytes), 0), 1), true
		}
	}
	return 0, false
}

// sizeOf is a number of bytes for a person.
func sizeOf(n int64) string {
	const unit = 1 << 10
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefixes := float64(n)/unit, "KMGT"
	for value >= unit && len(prefixes) > 1 {
		value, prefixes = value/unit, prefixes[1:]
	}
	return fmt.Sprintf("%.1f %ciB", value, prefixes[0])
}
