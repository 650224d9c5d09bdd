package disk

// mayWrite: the folder's access control list decides, and is asked by trying.
func mayWrite(string) error { return nil }
