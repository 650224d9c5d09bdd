package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/inferd/inferd/internal/engine/host"
	"github.com/inferd/inferd/model"
)

// benchRaw measures the bare library: the yardstick for the whole system.
func benchRaw(args []string, out io.Writer) error {
	f := flag.NewFlagSet("inferd-engine bench-raw", flag.ContinueOnError)
	o := host.RawOptions{Builtin: host.Builtin{Name: model.Name, GGUF: model.GGUF}}
	f.StringVar(&o.EngineRoot, "engine", "", "`DIR` that holds the engine library (required)")
	f.StringVar(&o.Model, "model", "", "GGUF `FILE`; default the built-in model")
	f.IntVar(&o.Threads, "threads", 0, "threads that compute; 0 is as many as there are processors")
	f.IntVar(&o.Prompt, "prompt", 100, "tokens that each sequence reads first")
	f.IntVar(&o.Tokens, "tokens", 100, "tokens that each sequence writes")
	f.BoolVar(&o.Unified, "unified", false, "one pool of cells for all sequences instead of a share for each")
	f.BoolVar(&o.Flash, "flash", false, "attention with the fused kernel")
	f.StringVar(&o.KeyType, "key-type", "", "`TYPE` that the cache keeps keys in; default f16")
	f.StringVar(&o.ValueType, "value-type", "", "the same for values")
	sequences := f.String("sequences", "1", "`LIST` of how many sequences to run at once, such as 1,4,16: one result each")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if o.EngineRoot == "" || o.Prompt < 1 || o.Tokens < 1 || f.NArg() > 0 {
		return fmt.Errorf("%w: bench-raw needs --engine, and a prompt and an answer of one token or more", errUsage)
	}
	var settings []host.RawOptions
	for s := range strings.SplitSeq(*sequences, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 256 {
			return fmt.Errorf("%w: --sequences %q: each must be a number from 1 to 256", errUsage, s)
		}
		o.Sequences = n
		settings = append(settings, o)
	}
	var err error
	if o.EngineRoot, err = filepath.Abs(o.EngineRoot); err != nil {
		return err
	}
	results, err := host.RawBench(settings)
	if err != nil {
		return err
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(results)
}
