package fetch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxParts bounds the files of one model.
const maxParts = 512

// splitName is how the parts of a split model are called.
var splitName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})(\.gguf)$`)

// IsPart reports whether the file at a URL is called like a part of a split
// model.
func IsPart(text string) bool {
	t, err := parseTarget(text, "")
	return err == nil && splitName.MatchString(t.url.Path)
}

// splitParts returns the names of all parts of the model that a file is of: the
// file itself where it is all of it.
func splitParts(file string) ([]string, error) {
	m := splitName.FindStringSubmatch(file)
	if m == nil {
		return []string{file}, nil
	}
	no, _ := strconv.Atoi(m[2]) // they are digits
	count, _ := strconv.Atoi(m[3])
	if no < 1 || no > count || count > maxParts {
		return nil, &SourceError{fmt.Errorf("file %.200q is part %d of %d: allowed are 1 to %d parts", file, no, count, maxParts)}
	}
	parts := make([]string, count)
	for i := range parts {
		parts[i] = fmt.Sprintf("%s-%05d-of-%s%s", m[1], i+1, m[3], m[4])
	}
	return parts, nil
}

// modelStem is the name of a model's file without folder, part and ending.
func modelStem(file string) string {
	file = file[strings.LastIndexByte(file, '/')+1:]
	if m := splitName.FindStringSubmatch(file); m != nil {
		return m[1]
	}
	return file
}

// SuggestName is what the store may call the model at a URL or path.
func SuggestName(text string) string {
	t, err := parseTarget(text, "")
	if err != nil {
		return modelStem(text)
	}
	return modelStem(t.url.Path)
}
