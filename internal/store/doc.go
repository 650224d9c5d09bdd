// Package store keeps models on disk in the content-addressed layout that
// several tools share by convention:
//
//	blobs/sha256/<2 hex>/<64 hex>/data   the bytes, under their own digest
//	manifests/<name>.json                what a name stands for; see Manifest
//	locks/<name>.lock                    held by who writes that name
//	partial/                             bytes on their way in
//	quarantine/                          bytes that were not what they should be
//
// The first three are the convention's, the last two are this package's own.
//
// A name appears only when all it stands for is durable: bytes are synced
// before they get a blob's path, and a manifest is written last. So whatever
// fails, and whenever the power goes, a manifest that is there points to a
// whole blob, and what is at a blob's path had its digest when it came there.
//
// Readers take no lock that could make anyone wait. Who writes a name holds the
// exclusive lock on its lock file. Who uses a blob's bytes holds a shared lock
// on the data file itself, a lease: it lasts exactly as long as any process has
// that descriptor, and GC removes only what it can lock exclusively. An import
// has the lease from before its bytes get their path until its manifest is
// there, so nothing is collected in between.
//
// The store knows nothing of what the bytes mean, and nothing of networks.
package store
