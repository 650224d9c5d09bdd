package disk

import "io/fs"

// OthersMayWrite reports whether a user other than this one may write to a file
// as it is. It knows nothing of access control lists.
func OthersMayWrite(info fs.FileInfo) bool { return othersMayWrite(info) }

// Ours reports whether a file belongs to the user that this process acts as.
func Ours(info fs.FileInfo) bool { return isOurs(info) }

// OnlyOurs reports whether nobody but this user and root may write to a file,
// and one of them owns it: what stands in it was written by one of the two.
func OnlyOurs(info fs.FileInfo) bool { return onlyOurs(info) }
