package host

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	killScore = "/proc/self/oom_score_adj"
	// moreLikely is added to the score of the daemon, up to the highest there
	// is. Raising it needs no privilege.
	moreLikely   = 500
	highestScore = 1000
)

// raiseKillScore makes this process the one that the system kills when memory
// runs out, rather than the daemon, which can start another.
func raiseKillScore() {
	b, err := os.ReadFile(killScore)
	if err != nil {
		return
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
		_ = os.WriteFile(killScore, fmt.Append(nil, min(n+moreLikely, highestScore)), 0)
	}
}

// limitData bounds what is private and written to, from what there is now. A
// lower limit that is there already stays.
func limitData(private int64) {
	now, ok := dataSize()
	if !ok {
		return
	}
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_DATA, &lim) != nil {
		return
	}
	if private > math.MaxInt64/4 {
		return
	}
	want := uint64(now + private + slack(private, runtime.NumCPU()))
	lim.Cur, lim.Max = min(lim.Cur, want), min(lim.Max, want)
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &lim)
}

// dataSize is what counts towards the limit, in bytes.
func dataSize() (int64, bool) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) == 3 && f[0] == "VmData:" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}
