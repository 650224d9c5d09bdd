package adopt

import "path/filepath"

// Place is a folder in which a tool keeps models.
type Place struct {
	Tool Tool
	Dir  string
}

// Places returns where the tools keep their models: where the environment says
// so, else in their usual folders, which need not be there.
func Places(getenv func(string) string, goos string) []Place {
	e := environment{getenv, goos}
	var places []Place
	for _, p := range []Place{
		{Ollama, e.first(getenv("OLLAMA_MODELS"), e.home(".ollama", "models"))},
		{Ollama, e.systemOllama()},
		{HuggingFace, e.first(getenv("HF_HUB_CACHE"), join(getenv("HF_HOME"), "hub"), join(e.xdgCache(), "huggingface", "hub"))},
		{LMStudio, e.home(".lmstudio", "models")},
		{LMStudio, e.home(".cache", "lm-studio", "models")},
		{Docker, e.home(".docker", "models")},
		{LlamaCpp, e.first(getenv("LLAMA_CACHE"), join(e.cache(), "llama.cpp"))},
	} {
		if filepath.IsAbs(p.Dir) || goos == "windows" && p.Dir != "" {
			places = append(places, p)
		}
	}
	return places
}

type environment struct {
	getenv func(string) string
	goos   string
}

// first returns the first folder that is named.
func (environment) first(dirs ...string) string {
	for _, dir := range dirs {
		if dir != "" {
			return dir
		}
	}
	return ""
}

// join returns a folder below dir; no folder is below none.
func join(dir string, elements ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, elements...)...)
}

func (e environment) home(elements ...string) string {
	home := e.getenv("HOME")
	if e.goos == "windows" {
		home = e.getenv("USERPROFILE")
	}
	return join(home, elements...)
}

// xdgCache is the cache folder of tools that look the same on all systems.
func (e environment) xdgCache() string { return e.first(e.getenv("XDG_CACHE_HOME"), e.home(".cache")) }

// cache is the system's own cache folder.
func (e environment) cache() string {
	switch e.goos {
	case "windows":
		return e.getenv("LOCALAPPDATA")
	case "darwin":
		return e.home("Library", "Caches")
	default:
		return e.xdgCache()
	}
}

// systemOllama is where the service that its installer sets up on Linux keeps
// models, as a user of its own.
func (e environment) systemOllama() string {
	if e.goos != "linux" {
		return ""
	}
	return "/usr/share/ollama/.ollama/models"
}
