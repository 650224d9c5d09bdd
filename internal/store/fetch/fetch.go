package fetch

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/inferd/inferd/internal/store"
)

// Config says how a Client gets at servers. The zero value will do.
type Config struct {
	// Roots are the certificates that are trusted; nil means the system's.
	Roots *x509.CertPool
	// Proxy says which proxy a request goes over; nil means that of the
	// environment (HTTPS_PROXY, NO_PROXY).
	Proxy func(*http.Request) (*url.URL, error)
	// Stall is how long a server may send next to nothing; 0 means a minute.
	Stall time.Duration
	// Timeout is how long Ensure may take in all, and Resolve; 0 means a day.
	Timeout time.Duration
	// Attempts is how many may fail in a row, without getting on; 0 means 7.
	Attempts int
	// FirstWait and MostWait bound the pause between two attempts, which doubles
	// each time; 0 means a second and a minute.
	FirstWait, MostWait time.Duration
}

// errTimeout ends what takes longer than Config.Timeout.
var errTimeout = errors.New("the time for the download is over")

// Client fetches models. It is safe for concurrent use.
type Client struct {
	config Config
	wires  *wires
}

// New returns a client.
func New(c Config) *Client {
	c.Stall = cmp.Or(c.Stall, time.Minute)
	c.Timeout = cmp.Or(c.Timeout, 24*time.Hour)
	c.Attempts = cmp.Or(c.Attempts, 7)
	c.FirstWait = cmp.Or(c.FirstWait, time.Second)
	c.MostWait = cmp.Or(c.MostWait, time.Minute)
	return &Client{config: c, wires: newWires(c.Roots, c.Proxy)}
}

// Close ends the connections that are idle. The client can be used on.
func (c *Client) Close() error {
	c.wires.close()
	return nil
}

func (c *Client) patience() *patience {
	return &patience{attempts: c.config.Attempts, first: c.config.FirstWait, most: c.config.MostWait}
}

// Options says what Ensure does.
type Options struct {
	// Replace lets a name that is there stand for the new bytes.
	Replace bool
	// Asked: a person asks for it now. Bytes that were wrong before are fetched
	// again only then.
	Asked bool
	// Accept, which may be nil, looks at the files before the name stands for
	// them; its error refuses them.
	Accept func([]*store.Blob) error
	// Progress, which may be nil, is told at the beginning, then every 32 MiB or
	// 5 seconds, and at the end. Advance is told of every piece. Retrying is told
	// of every attempt that failed and is repeated. All are called in one
	// goroutine at a time, and the download waits for them.
	Progress, Advance func(Progress)
	Retrying          func(Retry)
}

// Result is what Ensure did.
type Result struct {
	Manifest store.Manifest
	// Present: the name stood for these bytes already.
	Present bool
	// Fetched is how many bytes came from the network.
	Fetched int64
}

// Ensure makes a name of the store stand for a source, and fetches what of it is
// not there. It waits while another process does the same, and then finds it
// there. What it fetched stays when it is stopped or fails, and the next call
// goes on from there.
//
// Errors that callers may want to tell apart are *SourceError, *StatusError,
// *PolicyError, *ProtocolError, *SizeError, *RefusedError, and of the store
// *store.MismatchError, *store.SpaceError and *store.ExistsError.
func (c *Client) Ensure(ctx context.Context, s *store.Store, src Source, o Options) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.Timeout, errTimeout)
	defer cancel()
	p, err := src.check()
	if err != nil {
		return Result{}, err
	}
	// Who only looks takes no lock.
	if m, ok := published(s, p); ok {
		return Result{Manifest: m, Present: true}, nil
	}
	release, err := s.Claim(ctx, p.name)
	if err != nil {
		return Result{}, err
	}
	defer release()
	if m, ok := published(s, p); ok {
		return Result{Manifest: m, Present: true}, nil
	}
	j := &job{c: c, s: s, o: o, plan: p, pace: pacer{often: o.Advance, paced: o.Progress}}
	m, err := j.run(ctx, src)
	return Result{Manifest: m, Fetched: j.fetched}, err
}

// published returns the manifest of the name if it stands for these files, and
// they are there.
func published(s *store.Store, p plan) (store.Manifest, bool) {
	e, err := s.Get(p.name)
	if err != nil || e.State != store.BlobPresent {
		return store.Manifest{}, false
	}
	files := e.Manifest.Files()
	if len(files) != len(p.digests) {
		return store.Manifest{}, false
	}
	for i, f := range files {
		if f.Blob != p.digests[i] {
			return store.Manifest{}, false
		}
	}
	return e.Manifest, true
}

// job is one run of Ensure under the name's lock.
type job struct {
	c    *Client
	s    *store.Store
	o    Options
	plan plan
	pace pacer

	before  int64 // bytes of the files that are complete
	fetched int64
}

func (j *job) run(ctx context.Context, src Source) (store.Manifest, error) {
	if err := j.s.MayPublish(j.plan.name, j.plan.digests, j.o.Replace); err != nil {
		return store.Manifest{}, err
	}
	var blobs []*store.Blob
	defer func() {
		for _, b := range blobs {
			_ = b.Close() // the manifest keeps it from here on
		}
	}()
	names := make([]string, len(j.plan.files))
	for i := range j.plan.files {
		b, err := j.file(ctx, i)
		if err != nil {
			return store.Manifest{}, fmt.Errorf("fetch %s: %w", j.plan.files[i].url, err)
		}
		blobs = append(blobs, b)
		names[i] = fileName(j.plan.files[i].url)
		j.before += b.Size
	}
	if j.o.Accept != nil {
		if err := j.o.Accept(blobs); err != nil {
			return store.Manifest{}, err
		}
	}
	if src.Origin.Filename != "" {
		names[0] = src.Origin.Filename
	}
	return j.s.Publish(j.plan.name, blobs, names, store.ImportOptions{
		Replace: j.o.Replace, License: src.License, Origin: j.origin(src),
	})
}

// origin describes the source for the manifest.
func (j *job) origin(src Source) store.Origin {
	if o := src.Origin; o.Registry != "" || o.Repo != "" {
		return o
	}
	first := j.plan.files[0].url
	return store.Origin{Registry: first.url.Host, Repo: first.String()}
}

// file brings in one file of the model, and returns its blob, leased.
func (j *job) file(ctx context.Context, i int) (*store.Blob, error) {
	f := j.plan.files[i]
	size := f.size
	if size == 0 {
		size = -1
	}
	a, b, err := j.s.Arrive(ctx, f.digest, size)
	if b != nil || err != nil {
		return b, err
	}
	defer func() { _ = a.Close() }() // keeps what came
	if !j.o.Asked {
		actual, note, refused, err := j.s.Refused(f.digest, f.url.String())
		if err != nil {
			return nil, err
		}
		if refused {
			return nil, &RefusedError{URL: f.url.String(), Want: f.digest, Actual: actual, Note: note}
		}
	}
	d := &download{job: j, index: i, file: f, a: a, later: j.later(ctx, i+1)}
	return d.run(ctx)
}

// later is how much room the files from the i-th on will need.
func (j *job) later(ctx context.Context, i int) int64 {
	need := int64(0)
	for _, f := range j.plan.files[i:] {
		if b, err := j.s.Blob(ctx, f.digest); err == nil {
			_ = b.Close() // it is there
			continue
		}
		need += f.size
	}
	return need
}

// total is the size of the model, with the i-th file of this size; 0 is unknown.
func (j *job) total(i int, size int64) int64 {
	sum := j.before + size
	for _, f := range j.plan.files[i+1:] {
		if f.size == 0 {
			return 0
		}
		sum += f.size
	}
	if size == 0 {
		return 0
	}
	return sum
}
