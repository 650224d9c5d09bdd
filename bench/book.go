package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/inferd/inferd/internal/disk"
)

// book is what is known of all rows: of this run, and of earlier ones where
// this one leaves rows out.
type book struct {
	Runs    []Run    `json:"runs"`
	Results []Result `json:"results"`

	dir string
}

// Run is when, where and how results were measured.
type Run struct {
	Date      string `json:"date"`
	Commit    string `json:"commit"`
	Command   string `json:"command"`
	Quick     bool   `json:"quick"`
	Threads   int    `json:"threads"`
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	MemoryMiB int    `json:"memory_mib"`
	Kernel    string `json:"kernel"`
}

const (
	jsonName     = "results.json"
	markdownName = "RESULTS.md"
)

// openBook reads the results that are in dir.
func openBook(dir string) (*book, error) {
	b := &book{dir: dir}
	data, err := os.ReadFile(filepath.Join(dir, jsonName))
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		err = json.Unmarshal(data, b)
	}
	if err != nil {
		return nil, fmt.Errorf("read earlier results: %w", err)
	}
	for _, r := range b.Results {
		if r.Run < 0 || r.Run >= len(b.Runs) {
			return nil, fmt.Errorf("read earlier results: %s is of run %d, and there are %d", r.Row, r.Run, len(b.Runs))
		}
	}
	return b, nil
}

// put replaces a row's results by those of the last run.
func (b *book) put(r row, results []Result) {
	b.Results = slices.DeleteFunc(b.Results, func(old Result) bool { return old.Row == r.id })
	for _, result := range results {
		result.Row, result.What, result.Run = r.id, r.what, len(b.Runs)-1
		b.Results = append(b.Results, result)
	}
	order := rowIDs(rows)
	slices.SortStableFunc(b.Results, func(a, c Result) int {
		return slices.Index(order, a.Row) - slices.Index(order, c.Row)
	})
}

// write writes both files.
func (b *book) write() error {
	b.forgetRuns()
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	old, err := os.ReadFile(filepath.Join(b.dir, markdownName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write results: %w", err)
	}
	text, err := replaceGenerated(string(old), b.markdown())
	if err != nil {
		return err
	}
	dir, err := disk.MakeReal(b.dir)
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	defer func() { _ = dir.Close() }()
	for name, content := range map[string]string{jsonName: string(data) + "\n", markdownName: text} {
		err := disk.AtomicWrite(dir, name, func(w io.Writer) error {
			_, err := io.WriteString(w, content)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forgetRuns drops the runs that no result is of any more, but for the last,
// which may be under way.
func (b *book) forgetRuns() {
	var kept []Run
	renamed := map[int]int{}
	for i, run := range b.Runs {
		if i == len(b.Runs)-1 || slices.ContainsFunc(b.Results, func(r Result) bool { return r.Run == i }) {
			renamed[i] = len(kept)
			kept = append(kept, run)
		}
	}
	b.Runs = kept
	for i := range b.Results {
		b.Results[i].Run = renamed[b.Results[i].Run]
	}
}

// The generated part of RESULTS.md is between these lines; the rest is
// somebody's own words.
const (
	beginMark = "<!-- make bench writes this part: begin -->"
	endMark   = "<!-- make bench writes this part: end -->"
)

const freshPage = `# Benchmark results

What is measured, and how: [docs/BENCHMARKS.md](../docs/BENCHMARKS.md).

` + beginMark + "\n" + endMark + "\n"

// replaceGenerated puts the generated part into a page and leaves all else as
// it is.
func replaceGenerated(page, generated string) (string, error) {
	if strings.TrimSpace(page) == "" {
		page = freshPage
	}
	before, rest, begun := strings.Cut(page, beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !begun || !ended || strings.Contains(after, beginMark) || strings.Contains(after, endMark) {
		return "", fmt.Errorf("write %s: it must have one line %q and one line %q after it, between which the results go", markdownName, beginMark, endMark)
	}
	return before + beginMark + "\n" + generated + endMark + after, nil
}

// markdown is the generated part.
func (b *book) markdown() string {
	var s strings.Builder
	last := len(b.Runs) - 1
	if last >= 0 {
		s.WriteString("\n" + b.Runs[last].text() + "\n\n")
	}
	s.WriteString("| row | what | target | seen | met | n | spread | note |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range b.Results {
		what, note := r.What, r.Note
		if r.Case != "" {
			what += ": " + r.Case
		}
		if r.Run != last {
			note = strings.TrimPrefix(note+"; ", "; ") + "run of " + b.Runs[r.Run].Date + ", commit " + b.Runs[r.Run].Commit
		}
		cells := []string{r.Row, what, r.Target.text(r.Unit), r.seen(), string(r.Verdict), r.count(), r.spread(), note}
		for i, c := range cells {
			cells[i] = cell(c)
		}
		s.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	s.WriteString("\n")
	return s.String()
}

// cell is text that does not end a cell of a table.
func cell(text string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text) }

func (r Run) text() string {
	size := "full run"
	if r.Quick {
		size = "quick run"
	}
	processor := r.Processor
	if processor == "" {
		processor = "processor not known"
	}
	return fmt.Sprintf("Last run: %s, %s, commit %s, `%s`.\nMachine: %s, %d processors, %d MiB, %s; %d threads compute.",
		r.Date, size, r.Commit, r.Command, processor, r.Cores, r.MemoryMiB, r.Kernel, r.Threads)
}

// table prints the results of some rows.
func (b *book) table(w io.Writer, ids []string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROW\tCASE\tTARGET\tSEEN\tMET\tN\tSPREAD\tNOTE")
	for _, r := range b.Results {
		if slices.Contains(ids, r.Row) {
			fmt.Fprintln(t, strings.Join([]string{
				r.Row, r.Case, r.Target.text(r.Unit), r.seen(), string(r.Verdict), r.count(), r.spread(), r.Note,
			}, "\t"))
		}
	}
	return t.Flush()
}
