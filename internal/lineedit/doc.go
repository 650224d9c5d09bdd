// Package lineedit reads messages from a person at a terminal: lines that can
// be edited, of any height, with a history, pasted text and wide characters. It
// draws on what it is given to write to and knows no system; that the terminal
// is in raw mode while it reads is for the caller to see to.
//
// Input is also what reads lines where there is no terminal.
package lineedit
