package daemon

import (
	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/weights"
)

// print tells what a backend's model stands for now; empty if that can't be
// told.
func (d *Daemon) print(b config.Backend) string {
	wc, has := d.cfg.weights(b)
	if !has || d.cfg.NewLocal != nil {
		return ""
	}
	return weights.Fingerprint(wc)
}

// printsOf tells it of all backends.
func (d *Daemon) printsOf(backends []config.Backend) []string {
	prints := make([]string, len(backends))
	for i, b := range backends {
		prints[i] = d.print(b)
	}
	return prints
}

// setPrints notes what the models of the backends that run stood for.
func (d *Daemon) setPrints(backends []config.Backend, prints []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prints = make(map[string]string)
	for i, b := range backends {
		d.prints[b.Name] = prints[i]
	}
}

// replaced names the backends whose model is another than the one that runs,
// though it is called the same.
func (d *Daemon) replaced(backends []config.Backend) []string {
	now := d.printsOf(backends)
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for i, b := range backends {
		if was := d.prints[b.Name]; was != "" && now[i] != "" && now[i] != was {
			names = append(names, b.Name)
		}
	}
	return names
}
