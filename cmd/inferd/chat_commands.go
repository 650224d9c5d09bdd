package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/inferd/inferd/internal/chatfile"
)

// chatCommand is a command of a chat.
type chatCommand struct {
	name, takes, does string
	run               func(c *chat, rest string) error
}

// errQuit ends a chat.
var errQuit = errors.New("the chat is over")

// chatCommands are all of them, in the order of /help.
func chatCommands() []chatCommand {
	return []chatCommand{
		{"help", "", "list the commands", (*chat).help},
		{"new", "", "forget what was said and begin a new conversation", (*chat).renew},
		{"undo", "", "take the last message and its answer back", (*chat).undo},
		{"system", "TEXT", "say what the model should be; without TEXT, show it", (*chat).system},
		{"save", "FILE", "write the conversation into a new file", (*chat).save},
		{"load", "FILE", "go on with the conversation of a file, in place of this one", (*chat).load},
		{"tools", "", "list the tools that the model may call", (*chat).listTools},
		{"think", "on|off", "let the model think before it answers, or not", (*chat).setThink},
		{"stats", "", "show the tokens of the last answer and of all", (*chat).stats},
		{"quit", "", "leave", func(*chat, string) error { return errQuit }},
	}
}

// command does what a line that begins with a slash says.
func (c *chat) command(text string) (quit bool, err error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(text[1:]), " ")
	all := chatCommands()
	at := slices.IndexFunc(all, func(one chatCommand) bool { return one.name == word })
	if at < 0 {
		return false, unknownChatCommand(word, all)
	}
	rest = strings.TrimSpace(rest)
	if takes := all[at].takes; takes == "" && rest != "" {
		return false, usageError("/help lists the commands", "/%s takes nothing, got %q", word, rest)
	}
	err = all[at].run(c, rest)
	if errors.Is(err, errQuit) {
		return true, nil
	}
	return false, err
}

func unknownChatCommand(word string, all []chatCommand) error {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = one.name
	}
	hint := "/help lists the commands; // sends a message that begins with a slash"
	if near := nearest(word, names); near != "" {
		hint = fmt.Sprintf("did you mean /%s? // sends a message that begins with a slash", near)
	}
	return usageError(hint, "unknown command %q", "/"+word)
}

// completions are the commands that a text could become.
func completions(text string) []string {
	var all []string
	for _, one := range chatCommands() {
		if full := "/" + one.name; strings.HasPrefix(full, text) && text != "" {
			if one.takes != "" {
				full += " "
			}
			all = append(all, full)
		}
	}
	return all
}

func (c *chat) tell(format string, args ...any) error {
	_, err := fmt.Fprintf(c.program.stdout, format+"\n", args...)
	return outputError(err)
}

func (c *chat) help(string) error {
	var lines []string
	for _, one := range chatCommands() {
		lines = append(lines, fmt.Sprintf("%-14s %s", "/"+one.name+" "+one.takes, one.does))
	}
	lines = append(lines, "", `A line goes on behind a backslash, and between """ and """. Ctrl-C cancels an answer.`)
	return c.tell("%s", strings.Join(lines, "\n"))
}

func (c *chat) renew(string) error {
	if err := c.file.New(); err != nil {
		return err
	}
	return c.tell("a new conversation")
}

func (c *chat) undo(string) error {
	said := c.file.UserTexts()
	had, err := c.file.Undo()
	switch {
	case err != nil:
		return err
	case !had:
		return c.tell("there is nothing to take back")
	}
	return c.tell("taken back: %s", oneLine(said[len(said)-1]))
}

func (c *chat) system(text string) error {
	if text == "" {
		if c.file.System == "" {
			return c.tell("no system text is set")
		}
		return c.tell("%s", visible(c.file.System))
	}
	if err := c.file.SetSystem(text); err != nil {
		return err
	}
	return c.tell("set; it counts from the next message on")
}

func (c *chat) save(path string) error {
	if path == "" {
		return usageError("as in /save talk.jsonl", "/save takes a file")
	}
	if err := chatfile.Save(path, &c.file.Conversation); err != nil {
		return &failure{err: err, hint: "name a file that is not there yet, in a folder that is"}
	}
	return c.tell("saved %s in %s", plural(len(c.file.Turns), "turn"), oneLine(path))
}

func (c *chat) load(path string) error {
	if path == "" {
		return usageError("as in /load talk.jsonl", "/load takes a file")
	}
	loaded, err := chatfile.Load(path)
	if err != nil {
		return &failure{err: err, hint: "name a file that /save or a chat has written"}
	}
	if err := c.file.Replace(loaded); err != nil {
		return err
	}
	return c.tell("going on after %s", plural(len(loaded.Turns), "turn"))
}

func (c *chat) listTools(string) error {
	if len(c.tools) == 0 {
		return c.tell("there are no tools; --tool gives some")
	}
	for _, t := range c.tools {
		if err := c.tell("%s  %s", t.Name, oneLine(t.Description)); err != nil {
			return err
		}
	}
	return nil
}

func (c *chat) setThink(text string) error {
	if text != "on" && text != "off" {
		return usageError("/think on, or /think off", "/think: %q is neither on nor off", text)
	}
	on := text == "on"
	c.think = &on
	return c.tell("thinking is %s", text)
}

func (c *chat) stats(string) error {
	if c.last == nil {
		return c.tell("there was no answer yet")
	}
	return c.tell("last: %s\nall: %d tokens of prompts (%d cached), %d of answers",
		c.last.figures(), c.total.PromptTokens, c.total.CachedTokens, c.total.CompletionTokens)
}
