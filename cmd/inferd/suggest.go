package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknown is the error for a word that names nothing, with the nearest one
// that does.
func unknown(cmd *cobra.Command, what, word string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	hint := seeHelp(cmd)
	if near := nearest(word, names); near != "" {
		hint = fmt.Sprintf("did you mean `%s %s`?", cmd.CommandPath(), near)
	}
	return &failure{err: fmt.Errorf("unknown %s %q", what, word), hint: hint, code: exitUsage}
}

// badFlag is the error for a flag that does not exist, or whose value can't
// be read.
func badFlag(cmd *cobra.Command, err error) error {
	hint := seeHelp(cmd)
	if absent, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest(absent.GetSpecifiedName(), names); near != "" {
			hint = fmt.Sprintf("did you mean --%s?", near)
		}
	}
	return &failure{err: err, hint: hint, code: exitUsage}
}

// nearest is the name that word was most likely meant to be, or "" if none is
// close.
func nearest(word string, names []string) string {
	// Two changes are always a slip: swapped letters count as two.
	best, bestDistance := "", max(len(word)/2+1, 3)
	for _, name := range names {
		if d := distance(word, name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// maxWord bounds the work for a word from the command line.
const maxWord = 64

// distance is how many letters must be added, dropped or changed to make one
// word of the other.
func distance(a, b string) int {
	if len(a) > maxWord {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
