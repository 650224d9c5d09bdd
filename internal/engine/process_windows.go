package engine

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/inferd/inferd/internal/engine/proto"
)

// inherited is a file as the worker has it: by its path. Between the opening here
// and the one there it could be replaced; the daemon looks at it again when it is
// loaded.
func inherited(f *os.File, _ int) proto.File { return proto.File{Name: f.Name()} }

// OpenFile is a file that the daemon has named.
func OpenFile(f proto.File) (*os.File, error) { return os.Open(f.Name) }

// attach gives the command a pair of pipes as its standard input and output.
func attach(cmd *exec.Cmd, _ []*os.File) (io.ReadWriteCloser, []*os.File, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, inR.Close(), inW.Close())
	}
	cmd.Stdin, cmd.Stdout = inR, outW
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW}
	return pipes{outR, inW}, []*os.File{inR, outW}, nil
}

// OpenLink is the worker's end of the link.
func OpenLink() (io.ReadWriteCloser, error) { return pipes{os.Stdin, os.Stdout}, nil }

type pipes struct{ r, w *os.File }

func (p pipes) Read(b []byte) (int, error)  { return p.r.Read(b) }
func (p pipes) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p pipes) Close() error                { return errors.Join(p.r.Close(), p.w.Close()) }

// job is a job object that takes its processes down with the last handle on
// it, which this process holds until it ends, however it ends.
var job = sync.OnceValues(func() (windows.Handle, error) {
	h, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(h, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return h, err
})

// bind puts the worker into the job. Where that fails the end of the link
// still ends it.
func bind(p *os.Process) {
	h, err := job()
	if err != nil {
		return
	}
	proc, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid))
	if err != nil {
		return
	}
	defer windows.CloseHandle(proc)
	_ = windows.AssignProcessToJobObject(h, proc)
}
