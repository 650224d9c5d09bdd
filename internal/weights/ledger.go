package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/inferd/inferd/internal/disk"
	"github.com/inferd/inferd/internal/store"
)

const (
	ledgerName    = "verified.json"
	ledgerVersion = 1
	// The ledger's bounds: more is no ledger of ours.
	maxLedger  = 1 << 20
	maxRecords = 256
)

// settled is how long a file must have been at rest to be remembered. Systems
// count time in steps, and a write in the same step as the one before would
// leave no trace.
const settled = time.Second

// ledger remembers which files were verified, in a file of the models' home. It
// counts only where nobody but this user and root can have written it: whoever
// could, could have any file loaded as verified. Its records are of one state of
// one file each, so that an old ledger that somebody brings back says nothing
// that was not so.
type ledger struct{ fs *disk.Real }

type ledgerFile struct {
	SchemaVersion int      `json:"schema_version"`
	Verified      []record `json:"verified"`
}

// record is one file in one state, and its digest.
type record struct {
	SHA256   string `json:"sha256"`
	Device   uint64 `json:"device"`
	Inode    uint64 `json:"inode"`
	Size     int64  `json:"size_bytes"`
	Modified int64  `json:"mtime_ns"`
	Changed  int64  `json:"ctime_ns"`
}

func recordOf(d store.Digest, id disk.Identity) record {
	return record{d.Hex(), id.Device, id.Inode, id.Size, id.Modified.UnixNano(), id.Changed.UnixNano()}
}

// state names the file and its state without its digest. A new name or mode is
// not in it.
func (r record) state() string {
	return fmt.Sprintf("%d:%d:%d:%d", r.Device, r.Inode, r.Size, r.Modified)
}

func openLedger(root string) (*ledger, error) {
	fs, err := disk.MakeReal(root)
	if err != nil {
		return nil, err
	}
	return &ledger{fs}, nil
}

func (l *ledger) close() { _ = l.fs.Close() }

// has reports whether a file was verified in this state.
func (l *ledger) has(d store.Digest, id disk.Identity) bool {
	records, err := l.read()
	return err == nil && slices.Contains(records, recordOf(d, id))
}

// add remembers a file, and forgets what it was before.
func (l *ledger) add(d store.Digest, id disk.Identity) error {
	records, err := l.read()
	if err != nil {
		records = nil // it counts for nothing, and is replaced
	}
	r := recordOf(d, id)
	records = slices.DeleteFunc(records, func(old record) bool { return old.Device == r.Device && old.Inode == r.Inode })
	records = append(records, r)
	b, err := json.MarshalIndent(ledgerFile{ledgerVersion, records[max(0, len(records)-maxRecords):]}, "", "  ")
	if err != nil {
		return err
	}
	return disk.AtomicWrite(l.fs, ledgerName, func(w io.Writer) error {
		if err := disk.Private(w); err != nil {
			return err
		}
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

var errForeign = errors.New("others may have written it")

func (l *ledger) read() ([]record, error) {
	f, err := l.fs.Open(ledgerName)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !disk.OnlyOurs(info) {
		return nil, fmt.Errorf("read %s: %w", l.fs.Path(ledgerName), errForeign)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxLedger+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxLedger {
		return nil, fmt.Errorf("read %s: more than %d bytes", l.fs.Path(ledgerName), maxLedger)
	}
	var file ledgerFile
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", l.fs.Path(ledgerName), err)
	}
	if file.SchemaVersion != ledgerVersion {
		return nil, fmt.Errorf("read %s: schema version %d, known is %d", l.fs.Path(ledgerName), file.SchemaVersion, ledgerVersion)
	}
	return file.Verified, nil
}
