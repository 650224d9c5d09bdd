package store_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/disk/disktest"
	"github.com/inferd/inferd/internal/store"
)

var update = flag.Bool("update", false, "rewrite the expected output of the stories in testdata")

// A story is a text file of commands, each followed by a line "----" and what
// the store answers. Lines between the commands are prose. Digests and random
// names are written as <content>: the story knows all contents. Commands:
//
//	disk [clone] [link]         a new volume, and what it can do
//	file NAME CONTENT           another tool's file
//	import FILE NAME [replace]  adopt FILE NAME
//	list                        remove NAME
//	verify [repair]             gc [dry-run]
//	lease CONTENT               release
//	overwrite CONTENT CONTENT   the bytes of a blob, in place
//	wait HOURS                  files
//	operations                  what changed the disk, since the last time
func TestStore_Stories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			check(t, err)
			got := retell(t, string(want))
			if *update {
				check(t, os.WriteFile(file, []byte(got), 0o644))
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
		actor = &actor{contents: map[string]string{}}
		lines = strings.Split(strings.TrimRight(story, "\n"), "\n")
	)
	for i := 0; i < len(lines); i++ {
		fmt.Fprintln(&out, lines[i])
		if i+1 == len(lines) || lines[i+1] != "----" {
			continue
		}
		answer := actor.do(t, strings.Fields(lines[i]))
		fmt.Fprintf(&out, "----\n%s\n", actor.plain(answer))
		for i++; i+1 < len(lines) && lines[i+1] != ""; i++ {
		}
	}
	return out.String()
}

// actor plays a story.
type actor struct {
	*world
	contents map[string]string // by digest
	blob     *store.Blob
	told     int // operations
}

// plain writes digests as the contents that they are of, and leaves random
// names out.
func (a *actor) plain(answer string) string {
	for digest, content := range a.contents {
		answer = strings.ReplaceAll(answer, digest[:2]+"/"+digest, "<"+content+">")
		answer = strings.ReplaceAll(answer, digest, "<"+content+">")
		answer = strings.ReplaceAll(answer, "sha256/"+digest[:2], "sha256/<"+content+">[:2]")
	}
	if answer == "" {
		return "nothing"
	}
	lines := strings.Split(strings.TrimRight(answer, "\n"), "\n")
	for i, line := range lines {
		words := strings.Fields(line)
		for j, word := range words {
			dir, base := filepath.Split(word)
			switch {
			case disk.IsTemp(base):
				words[j] = dir + "(temp)"
			case strings.HasPrefix(base, "import-"):
				words[j] = dir + "(import)"
			case strings.HasPrefix(dir, "quarantine/") && strings.Contains(base, ">-"):
				digest, _, _ := strings.Cut(base, ">-")
				words[j] = dir + digest + ">-(random)" + filepath.Ext(base)
			}
		}
		lines[i] = strings.Join(words, " ")
	}
	return strings.Join(lines, "\n")
}

func (a *actor) do(t *testing.T, words []string) string {
	t.Helper()
	args := words[1:]
	switch words[0] {
	case "disk":
		a.world = newWorld(t, disktest.MemoryOptions{
			NoClone: !slices.Contains(args, "clone"),
			NoLink:  !slices.Contains(args, "link"),
		})
	case "file":
		a.know(args[1])
		a.write("files/"+args[0], args[1])
	case "import", "adopt":
		return a.bringIn(words)
	case "list":
		return a.list()
	case "remove":
		r, err := a.store.Remove(t.Context(), mustName(t, args[0]))
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("freed %d; kept: %q", r.Freed, r.Kept)
	case "verify":
		return a.verifyAll(len(args) > 0)
	case "gc":
		return a.gc(len(args) > 0)
	case "lease":
		var err error
		a.blob, err = a.store.Blob(t.Context(), mustDigest(t, sum(args[0])))
		check(t, err)
	case "release":
		check(t, a.blob.Close())
	case "overwrite":
		a.know(args[1])
		a.world.overwrite("store/"+dataPath(sum(args[0])), args[1])
	case "wait":
		hours, err := time.ParseDuration(args[0])
		check(t, err)
		*a.now = a.now.Add(hours)
	case "files":
		return strings.ReplaceAll(strings.Join(a.files("store"), "\n"), "store/", "")
	case "operations":
		return a.operations()
	default:
		t.Fatalf("unknown command %q", words)
	}
	return "ok"
}

// know lets answers name a content in place of its digest.
func (a *actor) know(content string) { a.contents[sum(content)] = content }

func (a *actor) bringIn(words []string) string {
	a.t.Helper()
	in := a.store.Import
	if words[0] == "adopt" {
		in = a.store.Adopt
	}
	done, err := in(a.context(), a.file(words[1]), mustName(a.t, words[2]), store.ImportOptions{Replace: slices.Contains(words, "replace")})
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s, saved %d", done.Method, done.Manifest.Blob, done.Saved)
}

func (a *actor) list() string {
	a.t.Helper()
	entries, err := a.store.List()
	check(a.t, err)
	out := ""
	for _, e := range entries {
		out += fmt.Sprintf("%s %s %d %s\n", e.Name, e.Manifest.Blob, e.Manifest.Size, e.State)
	}
	return out
}

func (a *actor) verifyAll(repair bool) string {
	a.t.Helper()
	checks, err := a.store.VerifyAll(a.context(), store.VerifyOptions{Repair: repair})
	check(a.t, err)
	var lines []string
	for _, c := range checks {
		line := fmt.Sprintf("%s %v %s", c.Blob, c.Names, c.State)
		if c.QuarantinePath != "" {
			line += " → " + c.QuarantinePath
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (a *actor) gc(dryRun bool) string {
	a.t.Helper()
	found, err := a.store.GC(a.context(), dryRun)
	check(a.t, err)
	out := ""
	for _, g := range found.Garbage {
		out += fmt.Sprintf("%s %s %d kept: %q\n", g.Kind, g.Path, g.Size, g.Kept)
	}
	return out + fmt.Sprintf("freed %d", found.Freed)
}

func (a *actor) operations() string {
	var lines []string
	ops := a.faulty.Ops()
	for _, op := range ops[a.told:] {
		if op.Changes() {
			lines = append(lines, string(op.Kind)+" "+op.Name)
		}
	}
	a.told = len(ops)
	return strings.Join(lines, "\n")
}
