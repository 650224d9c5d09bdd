package disk

import "io/fs"

// othersMayWrite: who may write is for the folder's access control list to say.
// Models of other tools lie in the user's own profile, where no other user may.
func othersMayWrite(fs.FileInfo) bool { return false }

func isOurs(fs.FileInfo) bool { return true }

func onlyOurs(fs.FileInfo) bool { return true }
