package fetch

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/inferd/inferd/internal/store"
)

// DefaultHub is the hub that names of models are looked up in.
const DefaultHub = "https://huggingface.co"

// HubRef is a file of a hub: hf:OWNER/REPO/FILE[@REVISION].
type HubRef struct {
	Repo     string // OWNER/REPO
	File     string // may be in a folder
	Revision string
}

const (
	hubScheme       = "hf:"
	defaultRevision = "main"
)

// ParseHub reads a reference to a file of a hub. ok is whether text is meant as
// one.
func ParseHub(text string) (ref HubRef, ok bool, err error) {
	rest, ok := strings.CutPrefix(text, hubScheme)
	if !ok {
		return HubRef{}, false, nil
	}
	ref.Revision = defaultRevision
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest, ref.Revision = rest[:at], rest[at+1:]
	}
	elements := strings.Split(rest, "/")
	if len(elements) < 3 {
		return HubRef{}, true, badRef(text, "it must be hf:OWNER/REPO/FILE, with @REVISION if you like")
	}
	for _, e := range append(strings.Split(ref.Revision, "/"), elements...) {
		if e == "" || e == "." || e == ".." || strings.ContainsFunc(e, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
			return HubRef{}, true, badRef(text, "a part of it is empty, a dot, or has a character that no name has")
		}
	}
	ref.Repo, ref.File = path.Join(elements[:2]...), path.Join(elements[2:]...)
	return ref, true, nil
}

func badRef(text, why string) error {
	return &SourceError{fmt.Errorf("reference %.200q: %s", text, why)}
}

// HubConfig says which hub is asked, and as whom.
type HubConfig struct {
	// Endpoint is the hub's address; empty means DefaultHub.
	Endpoint string
	// Token is sent to the hub alone.
	Token Secret
	// Retrying, which may be nil, is told of every question that failed and is
	// repeated.
	Retrying func(Retry)
}

// Resolve asks a hub what a reference stands for now: the digests and sizes of
// its files, and the commit, to which the source is pinned. A part of a split
// model stands for all of its parts. The name is made of the file's.
func (c *Client) Resolve(ctx context.Context, ref HubRef, h HubConfig) (Source, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.Timeout, errTimeout)
	defer cancel()
	parts, err := splitParts(ref.File)
	if err != nil {
		return Source{}, err
	}
	hub, err := parseTarget(cmp.Or(h.Endpoint, DefaultHub), h.Token)
	if err != nil {
		return Source{}, &SourceError{fmt.Errorf("endpoint of the hub: %w", err)}
	}
	src := Source{Token: h.Token, Origin: store.Origin{
		Registry: hub.url.Host, Repo: ref.Repo, Revision: ref.Revision, Filename: path.Base(parts[0]),
	}}
	name, err := store.SuggestName(modelStem(parts[0]))
	if err != nil {
		return Source{}, &SourceError{err}
	}
	src.Name = name.String()
	for i, file := range parts {
		p, commit, err := c.look(ctx, hub, HubRef{ref.Repo, file, src.Origin.Revision}, h.Retrying)
		if err != nil {
			return Source{}, fmt.Errorf("look up hf:%s/%s@%s: %w", ref.Repo, file, ref.Revision, err)
		}
		src.Origin.Revision = commit // the other parts are of the same
		if i == 0 {
			src.URL, src.SHA256, src.Size = p.URL, p.SHA256, p.Size
		} else {
			src.Parts = append(src.Parts, p)
		}
	}
	return src, nil
}

// look asks the hub for one file, with patience.
func (c *Client) look(ctx context.Context, hub target, ref HubRef, retrying func(Retry)) (Part, string, error) {
	p := c.patience()
	for {
		part, commit, err := c.lookOnce(ctx, hub, ref)
		if ctx.Err() != nil {
			return Part{}, "", context.Cause(ctx)
		}
		if err == nil {
			return part, commit, nil
		}
		wait, again := p.next(err, 0)
		if !again {
			return Part{}, "", err
		}
		if retrying != nil {
			retrying(Retry{err, wait})
		}
		if err := sleep(ctx, wait); err != nil {
			return Part{}, "", err
		}
	}
}

func (c *Client) lookOnce(ctx context.Context, hub target, ref HubRef) (Part, string, error) {
	var w watch
	watched, stop := w.start(ctx, c.config.Stall)
	defer stop()
	resp, err := c.wires.ask(watched, question{
		method: http.MethodHead, to: ref.at(hub), header: http.Header{}, near: true,
		// The hub's own word comes with the redirect to where the bytes are.
		enough: func(r *http.Response) bool { return r.Header.Get(headerDigest) != "" },
	})
	if err != nil {
		return Part{}, "", stalled(watched, err)
	}
	_ = resp.Body.Close()
	return ref.read(hub, resp)
}

// What the hub says of a file.
const (
	headerDigest = "X-Linked-Etag"
	headerSize   = "X-Linked-Size"
	headerCommit = "X-Repo-Commit"
)

// at is where the hub has the file.
func (r HubRef) at(hub target) target {
	escaped := make([]string, 0, 4)
	for e := range strings.SplitSeq(r.Repo+"/resolve", "/") {
		escaped = append(escaped, url.PathEscape(e))
	}
	escaped = append(escaped, url.PathEscape(r.Revision))
	for e := range strings.SplitSeq(r.File, "/") {
		escaped = append(escaped, url.PathEscape(e))
	}
	return target{hub.url.JoinPath(escaped...), hub.auth}
}

// read takes the digest, the size and the commit out of an answer.
func (r HubRef) read(hub target, resp *http.Response) (Part, string, error) {
	if code := resp.StatusCode; code >= 400 {
		return Part{}, "", statusOf(resp)
	}
	digest := strings.Trim(strings.TrimPrefix(resp.Header.Get(headerDigest), "W/"), `"`)
	if _, err := store.ParseDigest(digest); err != nil {
		return Part{}, "", &ProtocolError{"the hub has no SHA-256 of this file, as it has of large ones; give its URL, and its digest with --sha256"}
	}
	size, err := strconv.ParseInt(resp.Header.Get(headerSize), 10, 64)
	if err != nil || size <= 0 {
		return Part{}, "", &ProtocolError{"the hub does not say how large the file is"}
	}
	commit := resp.Header.Get(headerCommit)
	if len(commit) < 7 || len(commit) > 64 || strings.Trim(commit, "0123456789abcdef") != "" {
		return Part{}, "", &ProtocolError{"the hub does not say which commit the file is of"}
	}
	r.Revision = commit
	return Part{URL: r.at(hub).url.String(), SHA256: digest, Size: size}, commit, nil
}
