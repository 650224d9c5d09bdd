package engine

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/internal/memory"
)

// openModel opens the model and says in the load message where its files are.
func (e *Engine) openModel(ctx context.Context) (proto.Load, []*os.File, error) {
	load := e.cfg.Load
	load.Memory = memory.Read().Bytes // anew for each life
	if e.cfg.Model == nil {
		return load, nil, nil
	}
	files, err := e.cfg.Model.Open(ctx)
	if err != nil {
		return load, nil, modelError(err)
	}
	for i, f := range files.Parts {
		load.Parts = append(load.Parts, inherited(f, i))
	}
	load.Adapters = make([]proto.Adapter, len(files.Adapters))
	for i, f := range files.Adapters {
		load.Adapters[i] = proto.Adapter{File: inherited(f, len(files.Parts)+i), Scale: e.cfg.Load.Adapters[i].Scale}
	}
	return load, slices.Concat(files.Parts, files.Adapters), nil
}

// checkModel makes sure that what was loaded is what was opened.
func (e *Engine) checkModel(ctx context.Context) error {
	if e.cfg.Model == nil {
		return nil
	}
	if err := e.cfg.Model.Check(ctx); err != nil {
		return modelError(err)
	}
	return nil
}

// modelError is the StartError of a model that can't be had.
func modelError(err error) error {
	if _, ok := errors.AsType[*StartError](err); ok {
		return err
	}
	s := &StartError{Kind: proto.FailModel, Message: err.Error(), Err: err}
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		s.Advice = h.Hint()
	}
	return s
}
