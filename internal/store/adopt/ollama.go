package adopt

import (
	"path"
	"strings"

	"github.com/inferd/inferd/internal/store"
)

// manifest is what Ollama and Docker say of a model: its layers, or, in a list,
// other manifests.
type manifest struct {
	Layers    []descriptor `json:"layers"`
	Manifests []descriptor `json:"manifests"`
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
}

const (
	ollamaModel     = "application/vnd.ollama.image.model"
	ollamaProjector = "application/vnd.ollama.image.projector"
)

// findOllama: manifests/<host>/<namespace>/<model>/<tag> and blobs/sha256-<hex>.
// Newer ones have manifests-v2 as well, whose files are links to blobs, and may
// be lists with a manifest for each way to run the model.
func findOllama(s *search) {
	for _, dir := range []string{"manifests-v2", "manifests"} {
		s.walk(dir, 4, 4, func(e []string) {
			var m manifest
			if err := s.readJSON(path.Join(dir, path.Join(e...)), &m); err != nil {
				s.problem(err)
				return
			}
			label, origin := ollamaName(e)
			s.addLayers(m, label, origin)
			for _, child := range m.Manifests {
				s.addChild(child, label, origin)
			}
		})
	}
}

// addChild adds what a manifest in a list says.
func (s *search) addChild(child descriptor, label string, origin store.Origin) {
	d, err := store.ParseRef(child.Digest)
	if err != nil {
		s.problem(err)
		return
	}
	var m manifest
	if err := s.readJSON(ollamaBlob(d), &m); err != nil {
		s.problem(err)
		return
	}
	s.addLayers(m, label, origin)
}

func (s *search) addLayers(m manifest, label string, origin store.Origin) {
	for _, l := range m.Layers {
		if l.MediaType != ollamaModel && l.MediaType != ollamaProjector {
			continue
		}
		d, err := store.ParseRef(l.Digest)
		if err != nil {
			s.problem(err)
			continue
		}
		c := Candidate{Label: label, Digest: d, Origin: origin}
		if l.MediaType == ollamaProjector {
			c.Label, c.Projector = label+"-mmproj", true
		}
		s.add(ollamaBlob(d), c)
	}
}

func ollamaBlob(d store.Digest) string { return "blobs/sha256-" + d.Hex() }

// ollamaName is what Ollama shows for a model: what is usual is left out.
func ollamaName(e []string) (string, store.Origin) {
	host, namespace, model, tag := strings.ReplaceAll(e[0], "%3A", ":"), e[1], e[2], e[3]
	origin := store.Origin{Registry: host, Repo: namespace + "/" + model, Revision: tag}
	switch public := host == "registry.ollama.ai" || host == "ollama.com"; {
	case public && namespace == "library":
		return model + ":" + tag, origin
	case public:
		return namespace + "/" + model + ":" + tag, origin
	}
	return host + "/" + namespace + "/" + model + ":" + tag, origin
}
