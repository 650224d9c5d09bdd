package queue

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected output of the stories in testdata")

// A story is a text file of commands, each followed by a line "----" and what
// the core answers: the outcome, who runs and who waits. Lines between the
// commands are prose. Commands:
//
//	new active=N waiting=N
//	offer NAME [user=UID]
//	cancel NAME
//	release NAME
//	active N
func TestCore_Stories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := retell(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
			}
		})
	}
}

// retell runs a story and returns it with the answers as they are now.
func retell(t *testing.T, story string) string {
	t.Helper()
	var (
		out   strings.Builder
		actor = &actor{t: t, ids: make(map[string]ticket)}
		lines = strings.Split(strings.TrimRight(story, "\n"), "\n")
	)
	for i := 0; i < len(lines); i++ {
		fmt.Fprintln(&out, lines[i])
		if i+1 == len(lines) || lines[i+1] != "----" {
			continue
		}
		fmt.Fprintf(&out, "----\n%s\n", actor.do(strings.Fields(lines[i])))
		for i++; i+1 < len(lines) && lines[i+1] != ""; i++ {
		}
	}
	return out.String()
}

// actor plays a story against a core, with names for tickets.
type actor struct {
	t     *testing.T
	core  *fifo
	ids   map[string]ticket
	names []string // by ticket
}

func (a *actor) do(words []string) string {
	a.t.Helper()
	var outcome string
	switch words[0] {
	case "new":
		a.core = newFIFO(Limits{Active: a.option(words, "active"), Waiting: a.option(words, "waiting")})
		outcome = "ok"
	case "offer":
		id := ticket(len(a.names))
		a.names = append(a.names, words[1])
		a.ids[words[1]] = id
		outcome = a.offer(id, Caller{UID: uint32(a.option(words, "user"))})
	case "cancel":
		a.core.cancel(a.ids[words[1]])
		outcome = "ok"
	case "release":
		outcome = "admitted " + a.list(a.core.release(a.ids[words[1]]))
	case "active":
		n, err := strconv.Atoi(words[1])
		if err != nil {
			a.t.Fatal(err)
		}
		outcome = "admitted " + a.list(a.core.setActive(n))
	default:
		a.t.Fatalf("unknown command %q", words)
	}
	return fmt.Sprintf("%s\nruns %s\nwaits %s", outcome, a.running(), a.list(slices.Collect(a.core.order())))
}

func (a *actor) offer(id ticket, c Caller) string {
	switch a.core.offer(id, c) {
	case admitted:
		return "admitted"
	case queued:
		return fmt.Sprintf("queued at %d", 1+slices.Index(slices.Collect(a.core.order()), id))
	}
	return "full"
}

func (a *actor) option(words []string, key string) int {
	a.t.Helper()
	for _, word := range words {
		if value, ok := strings.CutPrefix(word, key+"="); ok {
			n, err := strconv.Atoi(value)
			if err != nil {
				a.t.Fatalf("%q: %v", word, err)
			}
			return n
		}
	}
	return 0
}

func (a *actor) running() string {
	ids := make([]ticket, 0, len(a.core.running))
	for id := range a.core.running {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return a.list(ids)
}

func (a *actor) list(ids []ticket) string {
	if len(ids) == 0 {
		return "nobody"
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = a.names[id]
	}
	return strings.Join(names, " ")
}
