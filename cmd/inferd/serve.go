package main

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/inferd/inferd/internal/config"
	"github.com/inferd/inferd/internal/daemon"
	"github.com/inferd/inferd/internal/store"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	config   string
	idleExit time.Duration
	mock     bool
	// settings are the flags that stand for a key of the config.
	settings map[string]*string
}

func newServeCommand(p *program) *cobra.Command {
	o := &serveOptions{settings: make(map[string]*string)}
	cmd := &cobra.Command{
		Use:     "serve",
		GroupID: groupDaemon,
		Short:   "Run the daemon",
		Long: `Run the daemon in the foreground, until it is told to stop. The log goes to
standard error.

The first SIGINT or SIGTERM stops it in order: no new requests, the running ones
finish within the drain timeout. A second one stops it at once. One daemon runs in
a runtime directory; a second ends with exit code 3.

A value comes from the last of these that names it: the default, the config file,
the environment, a flag. SIGHUP, or inferd reload, has the daemon read all of it
again and take over what it can; a config with a mistake is refused, and the old
one stays in force.

Exit codes:
` + exitCodes,
		Example: `  inferd serve
  inferd serve --model /models/qwen.gguf --n-ctx 8192 --slots 8
  inferd serve --mock`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), p, o, cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "", "config `FILE`; default: what INFERD_CONFIG names, else ~/.inferd/config.json")
	f.Var(durationValue{&o.idleExit}, "idle-exit", "stop after so long without a connection; 0, the default, is never")
	f.BoolVar(&o.mock, "mock", false, "answer from a script instead of a model, for tests of apps; a config file with a mock backend sets the script")
	for _, key := range config.Keys() {
		o.settings[key] = f.String(config.FlagName(key), "", settingHelp[key]+"; "+config.EnvName(key)+" in the environment")
	}
	for _, key := range config.ModelKeys() {
		o.settings[key] = f.String(config.FlagName(key), "", settingHelp[key])
	}
	return cmd
}

// settingHelp is the help of the flags that stand for a key of the config.
var settingHelp = map[string]string{
	"model":            "`MODEL` to run: builtin, a name from inferd models, or the path of a GGUF file; default builtin",
	"n_ctx":            "context size, `N` tokens from 0 to 16777216, or auto; default 0: the model's own",
	"n_gpu_layers":     "how many layers go to the GPU, `N` from -1 to 100000; -1 is all; default 0",
	"slots":            "how many requests run at once on the model, `N` from 1 to 32; default 4",
	"threads":          "how many threads compute, `N` from 0 to 1024; default 0: as the machine allows",
	"auto_pull":        "whether to fetch the configured model where the store lacks it, `BOOL` true or false; default true",
	"admin_addr":       "`PATH` of a second admin socket; on Windows the name of a pipe",
	"engine_dir":       "`DIR` with the installed engines, an absolute path",
	"models_home":      "`DIR` of the model store; default MODELS_HOME, else models in your data directory",
	"drain_timeout_ms": "`MS` milliseconds in which running requests may finish after a stop, 0 to 86400000; default 30000",
	"queue.active":     "how many requests run at once, `N` from 0 to 1024; default 0: as many as the first backend has slots",
	"queue.waiting":    "how many requests wait before others are refused, `N` from 0 to 65536; default 128",
	"log_level":        "log `LEVEL`: debug, info, warn or error; default info",
}

// sources are the flags and everything below them.
func (o *serveOptions) sources(p *program, cmd *cobra.Command) (config.Sources, error) {
	flags := config.Flags{Values: make(map[string]string), Mock: o.mock}
	for key, value := range o.settings {
		if cmd.Flags().Changed(config.FlagName(key)) {
			flags.Values[key] = *value
		}
	}
	if model, set := flags.Values["model"]; set {
		var err error
		if flags.Values["model"], err = modelPath(model); err != nil {
			return config.Sources{}, err
		}
	}
	return p.sources(o.config, flags), nil
}

// loadStartable loads a configuration, and refuses what this version could not
// run as it was meant.
func loadStartable(src config.Sources) (config.Config, error) {
	cfg, err := config.Load(src)
	if err == nil {
		err = cfg.Unbuilt()
	}
	return cfg, err
}

// load makes the daemon's configuration.
func (o *serveOptions) load(p *program, cmd *cobra.Command) (daemon.Config, error) {
	src, err := o.sources(p, cmd)
	if err != nil {
		return daemon.Config{}, err
	}
	cfg, err := loadStartable(src)
	if err != nil {
		return daemon.Config{}, err
	}
	models, err := store.DefaultRoot(cfg.ModelsHome, p.getenv, runtime.GOOS)
	if err != nil {
		return daemon.Config{}, err
	}
	level := &slog.LevelVar{}
	level.Set(cfg.LogLevel)
	return daemon.Config{
		Config:     cfg,
		Reload:     func() (config.Config, error) { return loadStartable(src) },
		ModelsRoot: models,
		Version:    buildVersion(),
		WorkerPath: p.workerPath(),
		EngineRoot: p.engineRoot(),
		IdleExit:   o.idleExit,
		Log:        slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level})),
		LogLevel:   level,
	}, nil
}

func runServe(ctx context.Context, p *program, o *serveOptions, cmd *cobra.Command) error {
	cfg, err := o.load(p, cmd)
	if err != nil {
		return err
	}
	d := daemon.New(cfg)
	ctx, stopNow := context.WithCancel(ctx)
	hangups := make(chan struct{}, 1)
	var following sync.WaitGroup
	following.Go(func() { p.followSignals(ctx, cfg.Log, hangups, d.Drain, stopNow) })
	following.Go(func() { followHangups(ctx, hangups, d) })
	err = d.Run(ctx)
	stopNow()
	following.Wait()
	return err
}

// followSignals drains at the first signal and stops at the second. It returns
// when ctx ends.
func (p *program) followSignals(ctx context.Context, log *slog.Logger, hangups chan<- struct{}, drain, stopNow func()) {
	first := true
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-p.signals:
			switch {
			case s == syscall.SIGHUP:
				select {
				case hangups <- struct{}{}:
				default: // the reload that is due will see what this one would
				}
			case first:
				first = false
				log.Info("draining", slog.String("signal", s.String()))
				drain()
			default:
				log.Info("stopping at once", slog.String("signal", s.String()))
				stopNow()
			}
		}
	}
}

// followHangups reloads the configuration at each SIGHUP, apart from the other
// signals: it may take as long as a model takes to load. The daemon logs what
// became of it.
func followHangups(ctx context.Context, hangups <-chan struct{}, d *daemon.Daemon) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			d.Reload(ctx)
		}
	}
}
