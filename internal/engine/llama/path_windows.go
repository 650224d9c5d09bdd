package llama

import "os"

// filePath is the file's path: the system has no names for handles.
func filePath(f *os.File) string { return f.Name() }
