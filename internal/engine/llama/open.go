package llama

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Paths are the library files to open; the CPU and accelerator backends are
// those that lie beside them in Dir.
type Paths struct {
	Dir               string
	Base, GGML, Llama string
}

// Library is the loaded engine. There is one a process: the C side keeps
// global state.
type Library struct {
	symbols
	version string
	libc    libc
	log     *logSink
}

// Open loads the libraries, checks that their layouts are the ones this
// package knows, and picks the compute backends for this machine.
//
// Logger receives the library's own messages, already split into lines; it
// may be called from any thread.
func Open(p Paths, logger func(level Level, line string)) (lib *Library, err error) {
	l := &Library{log: newLogSink(logger)}
	var h handles
	for _, f := range []struct {
		path string
		to   *uintptr
	}{{p.Base, &h.base}, {p.GGML, &h.ggml}, {p.Llama, &h.llama}} {
		if *f.to, err = openLibrary(f.path); err != nil {
			return nil, fmt.Errorf("open engine library: %w", err)
		}
	}
	if l.libc, err = openLibc(); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			lib, err = nil, fmt.Errorf("engine library %s: %v", p.Llama, r)
		}
	}()
	// The version first: nothing else may be called before it is known.
	purego.RegisterLibFunc(&l.symbols.version, h.llama, "llama_version")
	found := l.symbols.version()
	v, known := profiles[found]
	if !known {
		return nil, &VersionError{Found: found}
	}
	l.bind(h)
	if err := checkDefaults(l.modelDefault(), l.ctxDefault()); err != nil {
		return nil, &VersionError{Found: found, Why: err.Error()}
	}
	l.version = v
	l.logSet(purego.NewCallback(l.log.callback), 0)
	l.setAbort(purego.NewCallback(l.log.aborted))
	l.loadBackends(p.Dir)
	l.backendInit()
	l.bindPool()
	if l.devCount() == 0 {
		return nil, fmt.Errorf("no compute backend for this machine in %s", p.Dir)
	}
	return l, nil
}

// Version is the llama.cpp release, such as "v0.5.0".
func (l *Library) Version() string { return l.version }

// SystemInfo is the library's own line about CPU features in use.
func (l *Library) SystemInfo() string { return strings.TrimSpace(l.systemInfo()) }

// CPUBackend is the file name of the CPU library that was picked for this
// machine.
func (l *Library) CPUBackend() string {
	l.log.mu.Lock()
	defer l.log.mu.Unlock()
	return l.log.cpu
}

// Device is one thing that can compute.
type Device struct {
	Name, Description string
	Type              string // cpu, gpu, igpu, accel or other
	FreeMemory        uint64 // bytes
	TotalMemory       uint64 // bytes
}

// Devices lists what the library can compute on.
func (l *Library) Devices() []Device {
	kinds := []string{"cpu", "gpu", "igpu", "accel"}
	var out []Device
	for i := range l.devCount() {
		d := l.devGet(i)
		dev := Device{Name: l.devName(d), Description: l.devDescription(d), Type: "other"}
		if k := int(l.devType(d)); k >= 0 && k < len(kinds) {
			dev.Type = kinds[k]
		}
		l.devMemory(d, &dev.FreeMemory, &dev.TotalMemory)
		out = append(out, dev)
	}
	return out
}

// Level is the severity of a message from the library.
type Level int32

// The levels, with the library's own values.
const (
	LevelDebug Level = 1
	LevelInfo  Level = 2
	LevelWarn  Level = 3
	LevelError Level = 4
)

// logSink takes the library's messages, which come in pieces and from any
// thread, and hands on whole lines. It remembers the last errors, since the C
// API answers a failure with a null pointer and says why only here.
type logSink struct {
	out   func(Level, string)
	quiet atomic.Bool // while set, messages are dropped

	// mu guards the fields below.
	mu     sync.Mutex
	part   strings.Builder
	level  Level
	errors []string
	cpu    string // the CPU backend that was loaded
}

func newLogSink(out func(Level, string)) *logSink {
	if out == nil {
		out = func(Level, string) {}
	}
	return &logSink{out: out}
}

const levelContinue = 5

// callback is ggml_log_callback. A panic must not unwind C frames.
func (s *logSink) callback(level int32, text *byte, _ uintptr) {
	defer func() { _ = recover() }()
	if s.quiet.Load() {
		return
	}
	for _, line := range s.add(Level(level), goString(text)) {
		s.out(line.level, line.text)
	}
}

type logLine struct {
	level Level
	text  string
}

func (s *logSink) add(level Level, text string) (lines []logLine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if level != levelContinue {
		s.level = level
	}
	for {
		head, rest, found := strings.Cut(text, "\n")
		if s.part.Len()+len(head) < 8<<10 { // a line's bound: the text can come from a hostile file
			s.part.WriteString(head)
		}
		if !found {
			return lines
		}
		line := s.part.String()
		s.part.Reset()
		text = rest
		if line == "" {
			continue
		}
		lines = append(lines, logLine{s.level, line})
		// The API has no other word on which of the CPU libraries it took.
		if _, path, ok := strings.Cut(line, "loaded CPU backend from "); ok {
			s.cpu = filepath.Base(path)
		}
		if s.level == LevelError {
			s.errors = append(s.errors[max(0, len(s.errors)-7):], line)
		}
	}
}

// aborted is ggml_abort_callback: the process dies right after it, so the
// assertion's text is all that will be known.
func (s *logSink) aborted(text *byte) {
	defer func() { _ = recover() }()
	s.out(LevelError, "engine aborted: "+goString(text))
}

// takeErrors returns and forgets the last error lines.
func (s *logSink) takeErrors() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := strings.Join(s.errors, "; ")
	s.errors = nil
	return e
}

// goString copies a C string.
func goString(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	s := string(unsafe.Slice(p, n))
	runtime.KeepAlive(p)
	return s
}
