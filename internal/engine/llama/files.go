package llama

import (
	"fmt"
	"os"
	"runtime"
)

// load loads a model from its open files: one by a C stream, several by names
// of their descriptors, which is all that the library takes.
func (l *Library) load(first *os.File, more []*os.File, p modelParams) (uintptr, error) {
	if len(more) == 0 {
		return l.loadFile(first, p)
	}
	paths := make([]*byte, 0, 1+len(more))
	var pin runtime.Pinner
	defer pin.Unpin()
	for _, f := range append([]*os.File{first}, more...) {
		path := append([]byte(filePath(f)), 0)
		pin.Pin(&path[0])
		paths = append(paths, &path[0])
	}
	ptr := l.modelSplits(&paths[0], uint64(len(paths)), p)
	runtime.KeepAlive(more)
	runtime.KeepAlive(first)
	return ptr, nil
}

// AddAdapter loads a LoRA adapter from an open file, which stays the caller's.
// The model keeps it until Close; Context.UseAdapters turns it on.
func (m *Model) AddAdapter(f *os.File) error {
	m.lib.log.takeErrors()
	ptr := m.lib.loraInit(m.ptr, filePath(f))
	runtime.KeepAlive(f)
	if ptr == 0 {
		return fmt.Errorf("load adapter: %s", m.lib.log.reason())
	}
	m.loras = append(m.loras, ptr)
	return nil
}

// UseAdapters applies the model's adapters, each by the scale of its place, to
// all that the context computes from now on.
func (c *Context) UseAdapters(scales []float32) error {
	loras := c.model.loras
	if len(scales) != len(loras) {
		return fmt.Errorf("%d scales for %d adapters", len(scales), len(loras))
	}
	if len(loras) == 0 {
		return nil
	}
	c.lib.log.takeErrors()
	if rc := c.lib.loraSet(c.ptr, &loras[0], uint64(len(loras)), &scales[0]); rc != 0 {
		return fmt.Errorf("apply adapters: the engine answered %d: %s", rc, c.lib.log.reason())
	}
	return nil
}

// reason is why the last call failed, as far as the library said.
func (s *logSink) reason() string {
	if why := s.takeErrors(); why != "" {
		return why
	}
	return "the engine gave no reason"
}
