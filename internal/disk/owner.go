package disk

import "io/fs"

// OthersMayWrite reports whether a user other than this one may write to a file
// as it is. It knows nothing of access control lists.
func OthersMayWrite(info fs.FileInfo) bool { return othersMayWrite(info) }
