package disk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNearest_IsWhereAFolderWouldBeMade(t *testing.T) {
	top := t.TempDir()
	file := filepath.Join(top, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{top: top, filepath.Join(top, "a", "b"): top} {
		if got, err := Nearest(dir); got != want || err != nil {
			t.Errorf("%s: %s, %v", dir, got, err)
		}
	}
	for name, err := range map[string]error{"Writable": Writable(file), "Nearest": second(Nearest(file)), "Room": second(Room(file))} {
		if err == nil || !strings.Contains(err.Error(), "not a directory") {
			t.Errorf("%s of a file: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestWritableAndRoom_OfAFolderOfOurs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := Writable(dir); err != nil {
		t.Error(err)
	}
	if n, err := Room(dir); n <= 0 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("looking has made the folder")
	}
}
