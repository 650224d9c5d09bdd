package fetch_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

// childEnv names the store into which a re-executed test binary pulls: only a
// process of its own can be killed.
const childEnv = "INFERD_TEST_PULL"

// runChild pulls the URL, digest and size in the arguments.
func runChild(root string) int {
	s, err := store.Open(root, store.Options{})
	if err == nil {
		var size int64
		size, err = strconv.ParseInt(os.Args[3], 10, 64)
		c := fetch.New(fetch.Config{})
		src := fetch.Source{Name: "tiny", URL: os.Args[1], SHA256: os.Args[2], Size: size}
		if err == nil {
			_, err = c.Ensure(context.Background(), s, src, fetch.Options{})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// noise is a large file that no memory has to hold: the same piece, of an odd
// length, again and again.
type noise struct {
	size  int64
	piece []byte
}

func newNoise(size int64) noise { return noise{size, weights(mib-3, 1)} }

func (n noise) ReadAt(p []byte, at int64) (int, error) {
	done := 0
	for done < len(p) && at < n.size {
		from := n.piece[at%int64(len(n.piece)):]
		c := copy(p[done:], from[:min(int64(len(from)), n.size-at)])
		done, at = done+c, at+int64(c)
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

func (n noise) open() io.ReadSeeker { return io.NewSectionReader(n, 0, n.size) }

// killer serves a file, and kills who pulls it at some bytes.
type killer struct {
	file noise

	// mu guards the fields below.
	mu     sync.Mutex
	points []int64 // in order; a point is passed once
	kill   func()
	sent   int64 // in all
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"one"`)
	var from int64
	_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
	http.ServeContent(&counted{w, k, from}, r, "model.gguf", time.Time{}, k.file.open())
}

type counted struct {
	http.ResponseWriter
	k  *killer
	at int64
}

// Write sends on whatever happens, as a server does that knows nothing of the
// kill.
func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.at += int64(n)
	c.k.passed(c.at, int64(n))
	return n, err
}

func (k *killer) passed(at, n int64) {
	k.mu.Lock()
	k.sent += n
	var kill func()
	if len(k.points) > 0 && at >= k.points[0] {
		kill, k.points = k.kill, k.points[1:]
	}
	k.mu.Unlock()
	if kill != nil {
		kill()
	}
}

// slowBuffers has the system keep little of what the server sent: what is
// counted as sent then is what the other side took, but for that.
type slowBuffers struct{ net.Listener }

func (l slowBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = tcp.SetWriteBuffer(32 << 10)
	}
	return c, err
}

// A pull that is killed at random bytes goes on each time where it was, and
// fetches almost nothing twice.
func TestPull_SurvivesKills(t *testing.T) {
	size := *killSize
	k := &killer{file: newNoise(size)}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for range *killCount - 1 {
		k.points = append(k.points, 1+rng.Int64N(size))
	}
	k.points = append(k.points, size) // at work on what all of it stands for
	slices.Sort(k.points)
	server := httptest.NewUnstartedServer(k)
	server.Listener = slowBuffers{server.Listener}
	server.Start()
	t.Cleanup(server.Close)
	sum := sha256.New()
	_, err := io.Copy(sum, k.file.open())
	check(t, err)
	root, began := t.TempDir(), time.Now()
	digest := hex.EncodeToString(sum.Sum(nil))
	runs := 0
	for done := false; !done; runs++ {
		done = k.pull(t, root, server.URL, digest)
		if runs > *killCount {
			t.Fatalf("%d runs, after %d kills", runs, *killCount)
		}
	}
	server.Close() // it may still be sending
	h := &home{t: t, root: root}
	h.Store, err = store.Open(root, store.Options{})
	check(t, err)
	defer h.Close()
	h.clean()
	checks, err := h.VerifyAll(t.Context(), store.VerifyOptions{})
	check(t, err)
	if len(checks) != 1 || checks[0].State != store.CheckGood || checks[0].Size != size {
		t.Fatalf("the store has %+v", checks)
	}
	lost := k.sent - size
	t.Logf("%d kills in %s: %d bytes sent of %d, %.4f times, %d lost a kill", runs-1, time.Since(began).Round(time.Millisecond),
		k.sent, size, float64(k.sent)/float64(size), lost/int64(*killCount))
	// 1.02 GiB for 1 GiB killed 50 times is 429 KB a kill.
	if most := int64(*killCount) * (1 << 30) / 50 * 2 / 100; lost > most {
		t.Errorf("%d bytes were sent twice, at most %d may be", lost, most)
	}
}

// pull runs a child, and returns whether it came to its end.
func (k *killer) pull(t *testing.T, root, url, digest string) bool {
	t.Helper()
	exe, err := os.Executable()
	check(t, err)
	cmd := exec.CommandContext(t.Context(), exe, url+"/model.gguf", digest, strconv.FormatInt(k.file.size, 10))
	cmd.Env = append(os.Environ(), childEnv+"="+root, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	k.mu.Lock()
	check(t, cmd.Start())
	k.kill = func() { _ = cmd.Process.Kill() }
	k.mu.Unlock()
	err = cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() > 0 {
		t.Fatalf("the pull ended by itself: %v", err)
	}
	return err == nil
}
