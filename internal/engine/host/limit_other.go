//go:build !linux

package host

// Other systems have no limit that leaves mapped files out, and no score.

func raiseKillScore() {}

func limitData(int64) {}
