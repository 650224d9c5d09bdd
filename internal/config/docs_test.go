package config

import (
	"os"
	"strings"
	"testing"
)

// The page for people has every key, with its variable, its flag and what a
// change of it takes.
func TestConfigurationPage_HasEveryKey(t *testing.T) {
	text, err := os.ReadFile("../../docs/CONFIGURATION.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	changes := map[change]string{live: "live", restart: "restart", backends: "as the backends"}
	for _, s := range settings {
		row := ""
		for line := range strings.Lines(page) {
			if row == "" && strings.HasPrefix(line, "| `"+s.key+"`") {
				row = line
			}
		}
		wants := []string{"| " + changes[s.change] + " |\n"}
		if !s.fileOnly {
			wants = append(wants, "`"+EnvName(s.key)+"`", "`--"+FlagName(s.key)+"`")
		}
		for _, want := range wants {
			if !strings.Contains(row, want) {
				t.Errorf("the row of %s has no %s: %s", s.key, want, row)
			}
		}
	}
	for _, kind := range kinds {
		b := newBackend(Kind(kind))
		if !strings.Contains(page, `"kind": "`+kind+`"`) {
			t.Errorf("the page does not have the kind %s", kind)
		}
		for _, f := range b.fields() {
			if !strings.Contains(page, "`"+f.name+"`") {
				t.Errorf("the page does not have %s of %s", f.name, kind)
			}
		}
	}
	for _, f := range (&Model{}).fields() {
		if !strings.Contains(page, "| `"+f.name+"` |") {
			t.Errorf("the page does not have model.%s", f.name)
		}
	}
}
