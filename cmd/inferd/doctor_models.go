package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/store"
	"github.com/inferd/inferd/internal/weights"
)

// checkModels looks at the store, and at the model of each backend that has one.
func (p *program) checkModels(ctx context.Context, cfg config.Config) []check {
	root, err := store.DefaultRoot(cfg.ModelsHome, p.getenv, runtime.GOOS)
	if err != nil {
		return []check{notPassed("model store", err)}
	}
	checks := []check{system.checkStore(cfg, root)}
	for _, b := range cfg.Backends {
		if b.Kind != config.KindLlamaCPP {
			continue
		}
		name, model := "model "+b.Name, b.LlamaCPP
		if stored, err := store.ParseName(model.Model); err == nil && model.Model != config.BuiltinModel {
			checks = append(checks, checkStored(ctx, cfg, name, root, stored, model))
		} else {
			checks = append(checks, checkModel(name, model.Model))
		}
	}
	return checks
}

// checkStored looks for a model in the store. A store that is not there is not
// made for that.
func checkStored(ctx context.Context, cfg config.Config, name, root string, model store.Name, c config.LlamaCPP) check {
	if _, err := os.Stat(root); errors.Is(err, os.ErrNotExist) {
		return absentModel(cfg, name, model, fmt.Errorf("model %s: there is no store yet: %w", model, err))
	}
	s, err := store.Open(root, store.Options{})
	if err != nil {
		return notPassed(name, &failure{err: err, hint: hintForPlace(root, storeSetting)})
	}
	defer func() { _ = s.Close() }()
	e, err := s.Get(model)
	switch {
	case errors.Is(err, store.ErrNoModel):
		return absentModel(cfg, name, model, err)
	case err != nil:
		return notPassed(name, &failure{err: err, hint: repairHint(model)})
	case e.State == store.BlobMissing:
		return absentModel(cfg, name, model, fmt.Errorf("model %s: its file is missing", model))
	case e.State != store.BlobPresent:
		return notPassed(name, &failure{err: fmt.Errorf("model %s: its file is %s", model, e.State), hint: repairHint(model)})
	case c.SHA256 != "" && e.Manifest.Blob.Hex() != c.SHA256:
		return notPassed(name, &failure{
			err:  fmt.Errorf("model %s: the store has sha256 %s, the config wants %s", model, e.Manifest.Blob.Hex(), c.SHA256),
			hint: "import the right one with --replace, or correct sha256 in the config",
		})
	}
	return checkBytes(ctx, name, s, e, c)
}

// absentModel is the check of a model that the store lacks, and that the next
// start may fetch.
func absentModel(cfg config.Config, name string, model store.Name, err error) check {
	from := func(m config.Model) bool { return m.Name == model.String() && m.SourceURL != "" }
	switch known := slices.ContainsFunc(cfg.Models, from); {
	case known && cfg.AutoPull:
		return warned(name, fmt.Sprintf("nothing to do; `inferd pull %s` fetches it now", model), "%v; the next start fetches it", err)
	case known:
		return notPassed(name, &failure{err: err, hint: fmt.Sprintf("run `inferd pull %s`: auto_pull is false", model)})
	}
	return notPassed(name, &failure{
		err:  err,
		hint: "`inferd models` lists the models that are there, `inferd models import FILE` brings one in, `inferd pull` fetches one",
	})
}

func repairHint(model store.Name) string {
	return fmt.Sprintf("`inferd models verify %s --repair` corrects it or puts it aside; then import or pull the model again", model)
}

// readAtOnce is how large a model may be to be read for a check that takes a few
// seconds.
const readAtOnce = 2 << 30

// checkBytes looks whether the bytes of a model are what they should be: that
// was found out before, or a look at all of them tells, or the next start.
func checkBytes(ctx context.Context, name string, s *store.Store, e store.Entry, c config.LlamaCPP) check {
	what := fmt.Sprintf("%s in the store, %s", e.Name, sizeOf(e.Manifest.Size))
	m := weights.New(weights.Config{Model: c.Model, SHA256: c.SHA256, Verify: weights.Verify(c.Verify), StoreRoot: s.Root()})
	defer func() { _ = m.Close() }()
	if _, err := m.Look(ctx); err != nil {
		return notPassed(name, err)
	}
	if m.Verified() {
		return passed(name, "%s, verified", what)
	}
	if e.Manifest.Size > readAtOnce {
		return warned(name, fmt.Sprintf("`inferd models verify %s --repair` reads all of it", e.Name), "%s, not verified since it was written", what)
	}
	found, err := s.Verify(ctx, e.Name, store.VerifyOptions{})
	switch {
	case err != nil:
		return notPassed(name, err)
	case found.State == store.CheckCorrupt:
		return notPassed(name, &failure{
			err:  fmt.Errorf("model %s: %s has sha256 %s, it must be %s", e.Name, found.Path, found.Actual.Hex(), found.Blob.Hex()),
			hint: repairHint(e.Name),
		})
	case found.State != store.CheckGood:
		return notPassed(name, &failure{err: fmt.Errorf("model %s: its file is %s", e.Name, found.State), hint: repairHint(e.Name)})
	}
	return passed(name, "%s, read and good", what)
}

func checkModel(name, model string) check {
	if model == config.BuiltinModel {
		return passed(name, "built in")
	}
	const hint = "name the absolute path of a GGUF file that you may read in the config, or with --model"
	f, err := os.Open(model)
	if err != nil {
		return notPassed(name, &failure{err: err, hint: hint})
	}
	defer f.Close()
	magic := make([]byte, 4)
	if _, err := io.ReadFull(f, magic); err != nil || string(magic) != "GGUF" {
		return notPassed(name, &failure{err: fmt.Errorf("%s is not a GGUF file", model), hint: hint})
	}
	info, err := f.Stat()
	if err != nil {
		return notPassed(name, &failure{err: err, hint: hint})
	}
	return passed(name, "%s, %s", model, sizeOf(info.Size()))
}
