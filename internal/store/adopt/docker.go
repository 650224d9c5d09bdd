package adopt

import (
	"fmt"
	"path"
	"strings"

	"github.com/inferd/inferd/internal/store"
)

// dockerIndex is the file models.json.
type dockerIndex struct {
	Models []struct {
		ID    string   `json:"id"`
		Tags  []string `json:"tags"`
		Files []string `json:"files"`
	} `json:"models"`
}

// findDocker: blobs/sha256/<hex>, manifests/sha256/<hex>, and an index that says
// which manifests and files have which tags. Layers are told by how their bytes
// begin: their media types have changed, and will again. Manifests that the
// index does not know are looked at all the same.
func findDocker(s *search) {
	var index dockerIndex
	s.problem(s.readJSON("models.json", &index))
	known := map[string]bool{}
	for _, m := range index.Models {
		label := strings.TrimPrefix(m.ID, "sha256:")
		if len(m.Tags) > 0 {
			label = m.Tags[0]
		}
		known[strings.TrimPrefix(m.ID, "sha256:")] = true
		s.addDocker(label, m.Files)
		s.addDockerManifest(m.ID, label)
	}
	s.walk("manifests/sha256", 1, 1, func(e []string) {
		if !known[e[0]] {
			s.addDockerManifest("sha256:"+e[0], fmt.Sprintf("docker-%.12s", e[0]))
		}
	})
}

// addDockerManifest adds the layers of a manifest, if it is there.
func (s *search) addDockerManifest(ref, label string) {
	d, err := store.ParseRef(ref)
	if err != nil {
		s.problem(err)
		return
	}
	var m manifest
	if err := s.readJSON("manifests/sha256/"+d.Hex(), &m); err != nil {
		s.problem(err)
		return
	}
	var files []string
	for _, l := range m.Layers {
		files = append(files, l.Digest)
	}
	s.addDocker(label, files)
}

// addDocker adds those of a model's files that are models.
func (s *search) addDocker(label string, files []string) {
	repo, tag, _ := strings.Cut(path.Base(label), ":")
	origin := store.Origin{Registry: string(Docker), Repo: path.Join(path.Dir(label), repo), Revision: tag}
	for _, ref := range files {
		d, err := store.ParseRef(ref)
		if err != nil {
			s.problem(err)
			continue
		}
		s.add("blobs/sha256/"+d.Hex(), Candidate{Label: label, Digest: d, Origin: origin})
	}
}
