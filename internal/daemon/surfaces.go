package daemon

import (
	"slices"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/transport"
)

// requestSurfaces are those whose sockets are there only while a backend can
// serve them.
var requestSurfaces = []transport.Surface{transport.V1, transport.V2, transport.Framed, transport.Embed, transport.Rerank}

// serves reports whether a backend of these capabilities can serve a surface.
func serves(c backend.Capabilities, s transport.Surface) bool {
	switch s {
	case transport.V1:
		return c.Generate
	case transport.V2, transport.Framed:
		return c.Generate && c.V2
	case transport.Embed:
		return c.Embed
	case transport.Rerank:
		return c.Rerank
	case transport.Admin, transport.Control: // are there in every state
	}
	return false
}

// rebind opens the surfaces that a backend can serve now, and closes the
// others. Connections that are open stay so.
func (r *run) rebind() error {
	var gone []transport.Surface
	first, able := r.firstAble()
	mute := able && !slices.ContainsFunc(requestSurfaces, func(s transport.Surface) bool { return serves(first.Capabilities(), s) })
	for _, s := range requestSurfaces {
		wanted := mute && s == transport.V1 // where it says why it is
		for _, u := range r.units {
			wanted = wanted || u.up && serves(u.backend.Capabilities(), s)
		}
		if !wanted && r.bound[s] {
			gone = append(gone, s)
			delete(r.bound, s)
		}
		if wanted && !r.bound[s] {
			if err := r.bind(s); err != nil {
				return err
			}
			r.bound[s] = true
		}
	}
	if len(gone) > 0 {
		r.unlisten(gone...)
	}
	return nil
}
