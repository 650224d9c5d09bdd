package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

// The environment variables of the hub's own tools.
const (
	envHubToken    = "HF_TOKEN"
	envHubEndpoint = "HF_ENDPOINT"
)

// source is what a person asks for. Retrying is told of questions to a hub that
// are repeated.
func (o *pullOptions) source(ctx context.Context, p *program, c *fetch.Client, what string, retrying func(fetch.Retry)) (fetch.Source, error) {
	ref, isHub, err := fetch.ParseHub(what)
	if err != nil {
		return fetch.Source{}, err
	}
	var src fetch.Source
	switch {
	case isHub:
		src, err = c.Resolve(ctx, ref, fetch.HubConfig{
			Endpoint: p.getenv(envHubEndpoint), Token: fetch.Secret(p.getenv(envHubToken)), Retrying: retrying,
		})
		if err == nil && o.sha256 != "" && !strings.EqualFold(o.sha256, src.SHA256) {
			err = &failure{err: fmt.Errorf("the hub has SHA-256 %s for this file, and --sha256 is %s", src.SHA256, o.sha256),
				hint: "the file was changed, or the digest is of another one", code: exitEngine}
		}
	case strings.Contains(what, "://"):
		src, err = o.fromURL(what)
	default:
		src, err = o.fromConfig(p, what)
	}
	if err != nil {
		return fetch.Source{}, err
	}
	src.License = cmp.Or(o.license, src.License)
	if o.name != "" {
		src.Name = o.name
	}
	_, err = modelName(src.Name)
	return src, err
}

// fromConfig finds a model that the config describes. Its name stands for what
// the config says, whatever it stood for before.
func (o *pullOptions) fromConfig(p *program, name string) (fetch.Source, error) {
	cfg, err := p.config("", config.Flags{})
	if err != nil {
		return fetch.Source{}, err
	}
	for _, m := range cfg.Models {
		if m.Name != name {
			continue
		}
		if m.SourceURL == "" {
			return fetch.Source{}, usageError("add source_url and sha256 to it, or give a URL or an hf: reference",
				"the config describes model %s, but not where it is from (%s)", name, m.Key)
		}
		if o.sha256 != "" && !strings.EqualFold(o.sha256, m.SHA256) {
			return fetch.Source{}, usageError("leave --sha256 out, or change the config",
				"the config has SHA-256 %s for model %s, and --sha256 is %s", m.SHA256, name, o.sha256)
		}
		o.replace = o.replace || o.name == ""
		return daemon.Source(m), nil
	}
	return fetch.Source{}, usageError("`inferd config show` shows what the config describes, `inferd models` what is there",
		"%q is no model of the config, no https:// URL, and no hf:OWNER/REPO/FILE", name)
}

// configured are the names of all models that the config says the origin of.
func (o *pullOptions) configured(p *program) ([]string, error) {
	if o.name+o.sha256+o.license != "" {
		return nil, usageError("name the model, or leave them out", "--name, --sha256 and --license are about one model")
	}
	cfg, err := p.config("", config.Flags{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range cfg.Models {
		if m.SourceURL != "" && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return nil, usageError("`inferd pull --help` shows what else it takes", "the config says of no model where it is from")
	}
	return names, nil
}

func (o *pullOptions) fromURL(url string) (fetch.Source, error) {
	if o.sha256 == "" {
		return fetch.Source{}, usageError("the publisher of the file tells it, or who has the file: it is what sha256sum prints",
			"a URL needs --sha256 DIGEST: nothing else says that the right bytes came")
	}
	stem := fetch.SuggestName(url)
	if fetch.IsPart(url) {
		return fetch.Source{}, usageError("a hub knows the digests of all parts: hf:OWNER/REPO/FILE",
			"the file at the URL is one part of a split model, and --sha256 is the digest of one file")
	}
	name, err := store.SuggestName(stem)
	if err != nil && o.name == "" {
		return fetch.Source{}, usageError("choose one with --name", "%w", err)
	}
	return fetch.Source{Name: name.String(), URL: url, SHA256: o.sha256}, nil
}

// trustedRoots are the system's certificates and those of a file; nil are the
// system's.
func trustedRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without any
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, usageError("it must have certificates in PEM, from BEGIN CERTIFICATE to END CERTIFICATE",
			"--ca-file %s: there is no certificate in it", file)
	}
	return roots, nil
}

// pullFailure adds what to do about an error.
func pullFailure(ctx context.Context, err error) error {
	if is[*failure](err) || is[interrupted](err) {
		return err
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	f := &failure{err: err, hint: "the same command goes on where it stopped", code: exitFailure}
	if status, ok := errors.AsType[*fetch.StatusError](err); ok {
		switch {
		case status.Denied():
			f.hint = "the file needs credentials: for the hub, set " + envHubToken + " and accept the model's terms there"
		case status.Missing():
			f.hint = "check owner, repository, file and revision, or the URL"
		}
		return f
	}
	switch {
	case is[*fetch.SourceError](err):
		f.hint, f.code = "`inferd pull --help` shows what it takes", exitUsage
	case is[*store.MismatchError](err), is[*fetch.SizeError](err):
		f.hint, f.code = "the file at its source is not the one that is asked for; ask its publisher for the digest of the present one", exitEngine
	case is[*fetch.PolicyError](err):
		f.hint = "docs/SECURITY.md says where a download may lead; ask for the last address itself if you trust it"
	case is[*fetch.ProtocolError](err):
		f.hint = "fetch the file in another way, and `inferd models import FILE --expect-sha256 DIGEST`"
	case is[*tls.CertificateVerificationError](err):
		f.hint = "--ca-file, or SSL_CERT_FILE, names the certificates of a network that looks into connections"
	case is[*store.SpaceError](err):
		f.hint = "`inferd models gc` and `inferd models rm` make room; MODELS_HOME puts the store elsewhere"
	case errors.Is(err, os.ErrPermission):
		f.hint = hintFor(err)
	case is[*store.ExistsError](err):
		f.hint = "--replace lets the name stand for the new model, --name chooses another"
	}
	return f
}
