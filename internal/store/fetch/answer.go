package fetch

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// errStartOver is an answer that does not go on where the bytes that are there
// end. All of them are asked for instead.
var errStartOver = &ProtocolError{"the server does not go on where the download stopped"}

// answer is what a response means for a download.
type answer struct {
	restart bool   // the bytes are from the first one on
	tag     string // of their version
	size    int64  // of the whole file; -1 is unknown
	length  int64  // of this answer; -1 is unknown
}

// judge reads an answer to a question for the bytes from offset on, of the
// version tag, of a file with a size; 0 is unknown.
func judge(resp *http.Response, offset int64, tag string, size int64) (answer, error) {
	a := answer{tag: validator(resp.Header), size: -1, length: resp.ContentLength}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		a.restart, a.size = true, resp.ContentLength
	case code == http.StatusPartialContent && offset > 0:
		from, to, total, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || from != offset || a.length >= 0 && a.length != to-from+1 || a.tag != "" && tag != "" && a.tag != tag {
			return answer{}, errStartOver
		}
		a.size, a.length = total, to-from+1
	case code == http.StatusPartialContent:
		return answer{}, &ProtocolError{fmt.Sprintf("%s sends a part of the file where all of it was asked for", resp.Request.URL.Host)}
	case code == http.StatusRequestedRangeNotSatisfiable && offset > 0:
		return answer{}, errStartOver
	default:
		return answer{}, statusOf(resp)
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return answer{}, &ProtocolError{fmt.Sprintf("%s sends the file encoded as %.40q, which was not asked for", resp.Request.URL.Host, e)}
	}
	switch {
	case a.size == 0:
		return answer{}, &ProtocolError{fmt.Sprintf("%s has an empty file there", resp.Request.URL.Host)}
	case a.size < 0 && size <= 0:
		return answer{}, &ProtocolError{fmt.Sprintf("%s does not say how large the file is", resp.Request.URL.Host)}
	case a.size < 0:
		a.size = size
	case size > 0 && a.size != size:
		return answer{}, &SizeError{Want: size, Got: a.size}
	}
	return a, nil
}

// validator is what If-Range can name a version by: a strong ETag, else the
// time of the last change.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); len(tag) >= 2 && tag[0] == '"' && tag[len(tag)-1] == '"' {
		return tag
	}
	if at, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		return at.UTC().Format(http.TimeFormat)
	}
	return ""
}

// contentRange reads "bytes 5-9/10"; a total of "*" is -1.
func contentRange(header string) (from, to, total int64, ok bool) {
	rest, found := strings.CutPrefix(header, "bytes ")
	span, of, found2 := strings.Cut(rest, "/")
	first, last, found3 := strings.Cut(span, "-")
	if !found || !found2 || !found3 {
		return 0, 0, 0, false
	}
	total = -1
	for _, n := range []struct {
		text string
		to   *int64
	}{{first, &from}, {last, &to}, {of, &total}} {
		if n.text == "*" && n.to == &total {
			continue
		}
		v, err := strconv.ParseUint(n.text, 10, 63)
		if err != nil {
			return 0, 0, 0, false
		}
		*n.to = int64(v)
	}
	return from, to, total, from <= to && (total < 0 || to < total)
}
