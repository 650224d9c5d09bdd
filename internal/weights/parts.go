package weights

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
)

// partName is how the files of a split model are called.
var partName = regexp.MustCompile(`^(.*)-([0-9]{5})-of-([0-9]{5})\.gguf$`)

// maxParts bounds how many files one model can have open.
const maxParts = 512

// partsOf are the paths of all files of the model that a path names, which is
// the first of them where there are several.
func partsOf(path string) ([]string, error) {
	dir, base := filepath.Split(path)
	found := partName.FindStringSubmatch(base)
	if found == nil {
		return []string{path}, nil
	}
	no, _ := strconv.Atoi(found[2])
	count, _ := strconv.Atoi(found[3])
	if count < 1 || count > maxParts {
		return nil, fmt.Errorf("model %s: its name says %d parts, allowed are 1 to %d", path, count, maxParts)
	}
	if no != 1 {
		return nil, fmt.Errorf("model %s: its name says that it is part %d of %d: name part 1", path, no, count)
	}
	paths := make([]string, count)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprintf("%s-%05d-of-%05d.gguf", found[1], i+1, count))
	}
	return paths, nil
}
