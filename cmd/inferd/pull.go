package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/preflight"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/store/fetch"
)

type pullOptions struct {
	name    string
	sha256  string
	license string
	caFile  string
	replace bool
	timeout time.Duration
}

func newPullCommand(p *program) *cobra.Command {
	var o pullOptions
	cmd := &cobra.Command{
		Use:     "pull [WHAT]",
		GroupID: groupSetup,
		Short:   "Fetch a model into the store, checked against its digest",
		Long: `Fetch a model into the store. WHAT is one of

  NAME                             a model that the config describes
  https://HOST/PATH                a file, with its digest in --sha256
  hf:OWNER/REPO/FILE[@REVISION]    a file of the Hugging Face hub, which knows the
                                   digest; all parts of a model that is split

Without WHAT it fetches every model that the config describes with a source_url.

Bytes are hashed as they land, and nothing that has another digest can be loaded:
it is put into quarantine. A pull that was stopped, by whatever, goes on where it
was when it is started again. What is there already is not fetched.

Environment:
  HF_TOKEN       is sent to the hub, and to no other host
  HF_ENDPOINT    another hub than https://huggingface.co
  HTTPS_PROXY    the proxy to go over; NO_PROXY has the exceptions
  SSL_CERT_FILE  on Linux, the certificates to trust in place of the system's;
                 --ca-file adds some everywhere

Exit codes:
` + exitCodes,
		Example: `  inferd pull hf:bartowski/Llama-3.2-1B-Instruct-GGUF/Llama-3.2-1B-Instruct-Q8_0.gguf --name llama
  inferd pull https://example.com/model.gguf --sha256 9f86d081…`,
		Args: atMostOneArg("WHAT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.interruptible(cmd.Context(), 0, func(ctx context.Context) error {
				return runPulls(ctx, p, args, o)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "`NAME` in the store, 1 to 128 of A-Za-z0-9._-; default the file's")
	f.StringVar(&o.sha256, "sha256", "", "`DIGEST` of the file, 64 hexadecimal digits; needed for a URL")
	f.StringVar(&o.license, "license", "", "SPDX `ID` of the model's licence, for the manifest")
	f.StringVar(&o.caFile, "ca-file", "", "trust the certificates in this `FILE` (PEM), too")
	f.BoolVar(&o.replace, "replace", false, "let a name that is there stand for this model")
	f.Var(durationValue{&o.timeout}, "timeout", "give up after `DURATION`, like 90m; default 24h")
	return cmd
}

// runPulls fetches what is named, or all that the config describes.
func runPulls(ctx context.Context, p *program, names []string, o pullOptions) error {
	if len(names) == 0 {
		var err error
		if names, err = o.configured(p); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := runPull(ctx, p, name, o); err != nil {
			return err
		}
	}
	return nil
}

func runPull(ctx context.Context, p *program, what string, o pullOptions) error {
	roots, err := trustedRoots(o.caFile)
	if err != nil {
		return err
	}
	client := fetch.New(fetch.Config{Roots: roots, Timeout: o.timeout})
	defer func() { _ = client.Close() }()
	line := &pullLine{progress: progress{out: p.stderr}, now: time.Now}
	defer line.clear()
	src, err := (&o).source(ctx, p, client, what, line.retrying)
	if err != nil {
		return pullFailure(ctx, err)
	}
	s, err := p.openStore(store.Listener{Waiting: func(w store.Waiting) { line.say(waitingFor(w)) }})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	r, err := client.Ensure(ctx, s, src, fetch.Options{
		Replace: o.replace, Asked: true, Accept: acceptGGUF,
		Advance: line.advance, Progress: line.report, Retrying: line.retrying,
	})
	line.clear()
	if err != nil {
		if is[interrupted](err) {
			line.say("stopped; what has arrived is kept, and the same command goes on from there")
		}
		return pullFailure(ctx, err)
	}
	how := "present"
	if !r.Present {
		how = sizeOf(r.Fetched) + " fetched"
	}
	_, err = fmt.Fprintf(p.stdout, "%s is %s (%s, %s)\n", r.Manifest.Name, r.Manifest.Blob, sizeOf(r.Manifest.TotalSize()), how)
	return err
}

// waitingFor says why a command stands still.
func waitingFor(w store.Waiting) string {
	if w.Name == (store.Name{}) {
		return "waiting for another process, which fetches the same file"
	}
	if w.PID == 0 {
		return fmt.Sprintf("waiting for another process, which writes %s", w.Name)
	}
	return fmt.Sprintf("waiting for process %d, which writes %s", w.PID, w.Name)
}

// acceptGGUF refuses files that no engine should see. They stay in the store
// without a name, until gc.
func acceptGGUF(blobs []*store.Blob) error {
	if err := preflight.Accept(blobs); err != nil {
		return &failure{err: err, hint: "choose another file; models are in GGUF, version 2 or 3", code: exitEngine}
	}
	return nil
}
