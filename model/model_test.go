package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"testing"
)

func TestGGUF_IsTheFileThatWasEvaluated(t *testing.T) {
	sum := sha256.Sum256(GGUF)
	if got := hex.EncodeToString(sum[:]); got != SHA256 {
		t.Errorf("sha256 is %s, want %s", got, SHA256)
	}
	if !bytes.HasPrefix(GGUF, []byte("GGUF\x03\x00\x00\x00")) {
		t.Errorf("the file starts with %q", GGUF[:min(8, len(GGUF))])
	}
}

// The template that was evaluated is the one that the engine will read.
func TestGGUF_HoldsTheChatTemplate(t *testing.T) {
	template, err := os.ReadFile("chat_template.jinja")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(GGUF, bytes.TrimRight(template, "\n")) {
		t.Error("chat_template.jinja is not what the model file holds")
	}
}
