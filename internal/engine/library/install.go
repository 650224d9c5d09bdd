package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Options says what Install does.
type Options struct {
	// Root is the directory that holds the installed engines; it is made if
	// it is not there.
	Root string

	// From is a tarball of the pinned package. Empty means to fetch it with
	// npm.
	From string

	// NPM is the npm client, as a name or a path. Empty means `npm`.
	NPM string

	// Progress is called with one line for a person at each step. It may be
	// nil.
	Progress func(line string)

	// pin replaces this platform's pin, and step is called before each step
	// that changes the disk: both for tests.
	pin  *Pin
	step func(name string) error
}

// Install puts the pinned engine below o.Root, and returns it. One that is
// there and whole is kept. A damaged one stays in place until its replacement
// is complete on disk.
func Install(ctx context.Context, o Options) (Installed, error) {
	job, err := newJob(o)
	if err != nil {
		return Installed{}, err
	}
	in, err := job.run(ctx)
	if err != nil {
		return Installed{}, underRoot(job.root, err)
	}
	return in, nil
}

// job is one run of Install, with every default filled in.
type job struct {
	root     string // absolute
	pin      Pin
	from     string
	npm      string
	progress func(string)
	step     func(string) error
}

func newJob(o Options) (*job, error) {
	if o.Root == "" {
		return nil, errNoRoot
	}
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return nil, fmt.Errorf("find engine directory: %w", err)
	}
	j := &job{root: root, from: o.From, npm: o.NPM, progress: o.Progress, step: o.step}
	if o.pin != nil {
		j.pin = *o.pin
	} else if j.pin, err = PinFor(runtime.GOOS, runtime.GOARCH); err != nil {
		return nil, err
	}
	if j.npm == "" {
		j.npm = "npm"
	}
	if j.progress == nil {
		j.progress = func(string) {}
	}
	if j.step == nil {
		j.step = func(string) error { return nil }
	}
	return j, nil
}

func (j *job) run(ctx context.Context) (Installed, error) {
	release, err := j.enter(ctx)
	if err != nil {
		// Where the engine is in place, nobody needs to write the directory.
		if in, ok := j.healthy(); ok && ctx.Err() == nil {
			return in, nil
		}
		return Installed{}, err
	}
	defer release()
	if err := j.begin(ctx, "clean"); err != nil {
		return Installed{}, err
	}
	if err := cleanUp(j.root); err != nil {
		return Installed{}, err
	}
	if in, ok := j.healthy(); ok {
		return in, nil
	}
	return j.replace(ctx)
}

// enter makes the root and locks it.
func (j *job) enter(ctx context.Context) (release func(), err error) {
	if err := j.begin(ctx, "root"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(j.root, 0o755); err != nil {
		return nil, err
	}
	return lockRoot(ctx, j.root, j.progress)
}

// healthy returns the installed engine if nothing is to be done.
func (j *job) healthy() (Installed, bool) {
	in, err := open(j.root, j.pin)
	if err == nil {
		err = in.Verify()
	}
	if err == nil {
		j.progress("already installed: " + in.Dir)
		return in, true
	}
	if _, missing := errors.AsType[*MissingError](err); !missing {
		j.progress(err.Error())
	}
	return Installed{}, false
}

// replace builds the engine in a directory of its own and puts it in place.
func (j *job) replace(ctx context.Context) (_ Installed, err error) {
	if err := j.begin(ctx, "temp"); err != nil {
		return Installed{}, err
	}
	temp, err := os.MkdirTemp(j.root, tempPrefix)
	if err != nil {
		return Installed{}, err
	}
	// What cannot be removed now, the next install removes.
	defer func() { _ = os.RemoveAll(temp) }()

	tarball, err := j.obtain(ctx, temp)
	if err != nil {
		return Installed{}, err
	}
	built := filepath.Join(temp, "engine")
	m, err := j.build(ctx, tarball, built)
	if err != nil {
		return Installed{}, err
	}
	final := filepath.Join(j.root, j.pin.dirName())
	if err := j.place(ctx, built, final); err != nil {
		return Installed{}, err
	}
	j.progress("installed " + j.pin.String() + " (llama.cpp " + j.pin.LlamaVersion + ") in " + final)
	return m.installed(final), nil
}

// begin ends a cancelled install before its next step.
func (j *job) begin(ctx context.Context, step string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("install engine: %w", context.Cause(ctx))
	}
	return j.step(step)
}
