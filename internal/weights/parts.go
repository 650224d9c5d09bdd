package weights

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/inferd/inferd/internal/gguf"
)

// partName is how the files of a split model are called.
var partName = regexp.MustCompile(`-([0-9]{5})-of-([0-9]{5})\.gguf$`)

// maxParts bounds how many files one model can have open.
const maxParts = 512

// partsOf are the paths of all files of the model that a path names, which is
// the first of them where there are several.
func partsOf(path string) ([]string, error) {
	found := partName.FindStringSubmatch(filepath.Base(path))
	if found == nil {
		return []string{path}, nil
	}
	no, _ := strconv.Atoi(found[1])
	count, _ := strconv.Atoi(found[2])
	if count < 1 || count > maxParts {
		return nil, fmt.Errorf("model %s: its name says %d parts, allowed are 1 to %d", path, count, maxParts)
	}
	if no != 1 {
		return nil, fmt.Errorf("model %s: its name says that it is part %d of %d: name part 1", path, no, count)
	}
	return gguf.PartNames(path, count)
}
