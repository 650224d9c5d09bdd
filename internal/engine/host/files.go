package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/inferd/inferd/internal/engine/llama"
	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/gguf"
)

// modelFiles are the open files of a model, which were checked before native
// code sees any of them.
type modelFiles struct {
	name     string // what a person knows the first part by
	parts    []*os.File
	adapters []*os.File
	info     *gguf.File   // of the first part
	others   []*gguf.File // of the other parts
	extra    int64        // bytes of weights that the adapters have
}

func (m *modelFiles) close() {
	for _, f := range append(m.parts, m.adapters...) {
		_ = f.Close()
	}
}

// openFiles opens and checks what m names, or the built-in model.
func openFiles(m proto.Load, built Builtin, open func(proto.File) (*os.File, error)) (files *modelFiles, err error) {
	if len(m.Parts) == 0 {
		files, err = openBuiltin(built)
	} else {
		files, err = openParts(m.Parts, open)
	}
	if err != nil {
		return nil, err
	}
	for _, a := range m.Adapters {
		if err := files.addAdapter(a.File, open); err != nil {
			files.close()
			return nil, err
		}
	}
	return files, nil
}

func openBuiltin(built Builtin) (*modelFiles, error) {
	info, err := gguf.Open(bytes.NewReader(built.GGUF), int64(len(built.GGUF)))
	if err != nil {
		return nil, fmt.Errorf("built-in model: %w", err)
	}
	f, err := builtinFile(built)
	if err != nil {
		return nil, err
	}
	return &modelFiles{name: "builtin:" + built.Name, parts: []*os.File{f}, info: info}, nil
}

func openParts(parts []proto.File, open func(proto.File) (*os.File, error)) (*modelFiles, error) {
	files := &modelFiles{name: parts[0].Name}
	var infos []*gguf.File
	for _, p := range parts {
		f, info, err := openGGUF(p, open)
		if err != nil {
			files.close()
			return nil, fmt.Errorf("model %s: %w", p.Name, err)
		}
		files.parts, infos = append(files.parts, f), append(infos, info)
	}
	files.info, files.others = infos[0], infos[1:]
	// What this refuses is what would make the engine abort, or read where
	// nothing is.
	err := files.info.Check()
	if err == nil {
		err = gguf.CheckParts(infos)
	}
	if err != nil {
		files.close()
		return nil, fmt.Errorf("model %s: %w", files.name, err)
	}
	return files, nil
}

// addAdapter opens a LoRA adapter.
func (m *modelFiles) addAdapter(p proto.File, open func(proto.File) (*os.File, error)) error {
	f, info, err := openGGUF(p, open)
	if err != nil {
		return fmt.Errorf("adapter %s: %w", p.Name, err)
	}
	m.adapters = append(m.adapters, f)
	kind, _ := info.Get("general.type")
	if is, err := kind.Text(); err != nil || is != "adapter" {
		return fmt.Errorf("adapter %s: the file's general.type is %.40q, wanted is \"adapter\"", p.Name, is)
	}
	if has, want := info.Architecture(), m.info.Architecture(); has != want {
		return fmt.Errorf("adapter %s: it is for models of architecture %.40q, and the model's is %.40q", p.Name, has, want)
	}
	for _, t := range info.Tensors {
		m.extra += t.Size
	}
	return nil
}

// openGGUF opens a file and reads its header.
func openGGUF(p proto.File, open func(proto.File) (*os.File, error)) (*os.File, *gguf.File, error) {
	f, err := open(p)
	if err != nil {
		return nil, nil, err
	}
	info, err := readHeader(f)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func readHeader(f *os.File) (*gguf.File, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	// The daemon may have read from the same descriptor, and so may the worker
	// before this one; the engine begins where it stands.
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return gguf.Open(f, st.Size())
}

// modelName is what the model calls itself; empty where it has no name.
func (m *modelFiles) modelName() string {
	if name, built := strings.CutPrefix(m.name, "builtin:"); built {
		return name
	}
	return m.info.Name()
}

// loadModel maps the model and reads its weights.
func loadModel(lib *llama.Library, m proto.Load, files *modelFiles, report func(proto.Loading)) (*llama.Model, error) {
	report(proto.Loading{Phase: proto.PhaseMmap, Path: files.name})
	var last time.Time
	model, err := lib.LoadModel(files.parts[0], llama.ModelOptions{
		Parts: files.parts[1:], NGPULayers: m.GPULayers, NoMmap: m.NoMmap, Mlock: m.Mlock,
		Progress: func(p float32) {
			// The callback comes once a tensor; a person reads a few a second.
			if now := time.Now(); now.Sub(last) > 100*time.Millisecond || p == 1 {
				last = now
				report(proto.Loading{Phase: proto.PhaseLoad, Fraction: float64(p)})
			}
		},
	})
	if err != nil {
		return nil, failed(proto.FailModel, "", fmt.Errorf("%s: %w", files.name, err))
	}
	for i, f := range files.adapters {
		if err := model.AddAdapter(f); err != nil {
			return nil, failed(proto.FailModel, "", fmt.Errorf("%s: %w", m.Adapters[i].File.Name, err))
		}
	}
	return model, nil
}
