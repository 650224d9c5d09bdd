package transport

import "fmt"

// PrepareDir makes dir ready to hold the sockets and the lock: it creates what
// is missing of it with mode 0700, and takes from an existing directory of ours
// whatever it grants to group and others. What its owner may do is left as it
// is. A symbolic link, anything that is not a directory, and another user's
// directory are refused; elements before the last one are taken as they are.
//
// On Windows it only creates the directory: the ACL is inherited from the
// user's profile.
func PrepareDir(dir string) error {
	if err := prepareDir(dir); err != nil {
		return fmt.Errorf("prepare runtime directory %s: %w", dir, err)
	}
	return nil
}
