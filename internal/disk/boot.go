package disk

// BootID names the run of the system since it was started: what a process wrote
// to a file without syncing it is there as long as the name is the same. It is
// empty where the system has no such name.
func BootID() string { return bootID() }
