package adopt

import (
	"path"
	"strings"

	"github.com/inferd/inferd/internal/store"
)

// findHuggingFace: models--<owner>--<repo>/snapshots/<commit>/…, links to blobs
// whose names are the SHA-256 of large files. Where there can't be links, the
// files are there themselves.
func findHuggingFace(s *search) {
	s.walk(".", 4, 6, func(e []string) {
		encoded, ok := strings.CutPrefix(e[0], "models--")
		if !ok || e[1] != "snapshots" || !isModelFile(e[len(e)-1]) {
			return
		}
		repo, file := strings.Replace(encoded, "--", "/", 1), path.Join(e[3:]...)
		name := path.Join(e...)
		c := Candidate{
			Label:     repo + "/" + file,
			Projector: isProjector(file),
			Origin:    store.Origin{Registry: "huggingface.co", Repo: repo, Revision: e[2], Filename: file},
		}
		if real, _, err := s.resolve(name); err == nil {
			c.Digest = digestIn(path.Base(real))
		}
		s.add(name, c)
	})
}

// digestIn returns the digest that a file's name is, if it is one.
func digestIn(name string) store.Digest {
	d, err := store.ParseDigest(name)
	if err != nil {
		return store.Digest{}
	}
	return d
}

// findLMStudio: <publisher>/<repo>/<file>.
func findLMStudio(s *search) {
	s.walk(".", 3, 3, func(e []string) {
		if !isModelFile(e[2]) {
			return
		}
		s.add(path.Join(e...), Candidate{
			Label:     path.Join(e...),
			Projector: isProjector(e[2]),
			Origin:    store.Origin{Registry: string(LMStudio), Repo: e[0] + "/" + e[1], Filename: e[2]},
		})
	})
}

// findLlamaCpp: one folder of files.
func findLlamaCpp(s *search) {
	s.walk(".", 1, 1, func(e []string) {
		if !isModelFile(e[0]) {
			return
		}
		s.add(e[0], Candidate{
			Label:     e[0],
			Projector: strings.Contains(strings.ToLower(e[0]), "mmproj"),
			Origin:    store.Origin{Registry: string(LlamaCpp), Filename: e[0]},
		})
	})
}
