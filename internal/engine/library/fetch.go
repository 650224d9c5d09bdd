package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// npmGrace is how long npm's own children may hold its output open after it
// has ended.
const npmGrace = 2 * time.Second

// npmPack has the npm client put the pinned package into the empty directory
// dir, and returns the path of its tarball.
func npmPack(ctx context.Context, npm string, pin Pin, dir string) (string, error) {
	fail := func(code, detail string, err error) (string, error) {
		return "", &NPMError{Package: pin.String(), Code: code, Detail: detail, Err: err}
	}
	program, err := exec.LookPath(npm)
	if err != nil {
		return fail("", fmt.Sprintf("the npm client is not installed (%q is not in PATH)", npm), err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "pack", pin.String(),
		"--pack-destination", dir, "--ignore-scripts", "--loglevel=error")
	cmd.Dir = dir
	cmd.Env = npmEnvironment(os.Environ())
	cmd.Stderr = &stderr
	cmd.WaitDelay = npmGrace
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		code, detail := explainNPM(stderr.String(), err)
		return fail(code, detail, err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return fail("", fmt.Sprintf("npm made %d packages instead of one", len(found)), err)
	}
	return found[0], nil
}

// keptVariables are what npm needs to find itself, its settings and the way
// out of this network. Everything else, secrets of other programs above all,
// is none of its business.
var keptVariables = []string{
	"PATH", "HOME", "TMPDIR", "TMP", "TEMP",
	"USERPROFILE", "APPDATA", "LOCALAPPDATA", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT",
	"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
	"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR",
}

func npmEnvironment(environ []string) []string {
	var kept []string
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		name = strings.ToUpper(name)
		// NPM_ covers npm's configuration and the tokens that an .npmrc may name.
		if slices.Contains(keptVariables, name) || strings.HasPrefix(name, "NPM_") {
			kept = append(kept, v)
		}
	}
	return kept
}

var (
	npmCode = regexp.MustCompile(`(?m)^npm (?:error|ERR!) code (\w+)`)
	npmLine = regexp.MustCompile(`(?m)^npm (?:error|ERR!) (.+)$`)

	// unreachable are the codes of a machine that is offline, or of a registry
	// that is.
	unreachable = []string{
		"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH",
		"ENOTCACHED", "ERR_SOCKET_TIMEOUT",
	}
)

// explainNPM makes one sentence of what npm printed.
func explainNPM(stderr string, err error) (code, detail string) {
	if m := npmCode.FindStringSubmatch(stderr); m != nil {
		code = m[1]
	}
	switch {
	case slices.Contains(unreachable, code):
		return code, "npm cannot reach its registry (" + code + "): is this machine offline?"
	case code == "E404" || code == "ETARGET":
		return code, "the registry that npm is configured for does not have it (" + code + ")"
	}
	for _, m := range npmLine.FindAllStringSubmatch(stderr, -1) {
		if !strings.HasPrefix(m[1], "code ") {
			return code, strings.TrimSpace("npm: " + m[1] + " " + code)
		}
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return code, "npm ended with " + exit.String()
	}
	return code, err.Error()
}
