package wire

import "net/url"

// PhaseName is "checking_local".
func (PhaseCheckingLocal) PhaseName() string { return "checking_local" }

// PhaseName is "download".
func (PhaseDownload) PhaseName() string { return "download" }

// PhaseName is "verify".
func (PhaseVerify) PhaseName() string { return "verify" }

// PhaseName is "quarantine".
func (PhaseQuarantine) PhaseName() string { return "quarantine" }

// PhaseName is "mmap".
func (PhaseMmap) PhaseName() string { return "mmap" }

// PhaseName is "load".
func (PhaseLoad) PhaseName() string { return "load" }

// PhaseName is "kv_cache".
func (PhaseKVCache) PhaseName() string { return "kv_cache" }

func (p PhaseCheckingLocal) details(o *object) { o.text("path", p.Path) }

func (p PhaseDownload) details(o *object) {
	o.int("downloaded_bytes", p.DownloadedBytes)
	if p.TotalBytes != nil {
		o.int("total_bytes", *p.TotalBytes)
	} else {
		o.null("total_bytes")
	}
	o.text("source_url", PublicURL(p.SourceURL))
}

func (p PhaseVerify) details(o *object) { o.text("path", p.Path) }

func (p PhaseQuarantine) details(o *object) {
	o.text("path", p.Path)
	o.text("expected_sha256", p.ExpectedSHA256)
	o.text("actual_sha256", p.ActualSHA256)
	o.text("quarantine_path", p.QuarantinePath)
}

func (p PhaseMmap) details(o *object) { o.text("path", p.Path) }

func (p PhaseLoad) details(o *object) { o.float("loaded_fraction", p.LoadedFraction) }

func (p PhaseKVCache) details(o *object) { o.int("n_ctx", int64(p.NCtx)) }

// PublicURL is raw without what may be secret in it: user info, query and
// fragment. What is not an absolute URL with a clear structure could hold a
// secret anywhere, so nothing of it is kept.
func PublicURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return ""
	}
	public := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return public.String()
}
