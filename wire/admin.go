package wire

// AdminEvent is one lifecycle event: Starting, LoadingModel with one of its
// phases, Capabilities, Ready, Restarting, Draining or Failed, all of them
// values, or an *UnknownAdmin from a newer daemon.
type AdminEvent interface {
	// Status is the frame's `status` value.
	Status() string
	// Append writes the frame, newline included, to dst.
	Append(dst []byte) []byte
}

// Starting: the daemon is up and has bound its admin socket.
type Starting struct{}

// LoadingModel: a model is on its way into memory.
type LoadingModel struct{ Phase LoadPhase }

// LoadPhase is the stage of loading: one of the Phase types.
type LoadPhase interface {
	// PhaseName is the frame's `phase` value.
	PhaseName() string
	// details writes the phase's own fields.
	details(o *object)
}

// The phases of loading a model.
type (
	// PhaseCheckingLocal looks for the model on this machine.
	PhaseCheckingLocal struct{ Path string }
	// PhaseDownload fetches it. TotalBytes is nil while unknown.
	PhaseDownload struct {
		DownloadedBytes int64
		TotalBytes      *int64
		SourceURL       string
	}
	// PhaseVerify hashes it.
	PhaseVerify struct{ Path string }
	// PhaseQuarantine put it aside: it is not what it should be.
	PhaseQuarantine struct{ Path, ExpectedSHA256, ActualSHA256, QuarantinePath string }
	// PhaseMmap maps it.
	PhaseMmap struct{ Path string }
	// PhaseLoad reads the weights; LoadedFraction is 0 to 1.
	PhaseLoad struct{ LoadedFraction float64 }
	// PhaseKVCache makes room for NCtx tokens.
	PhaseKVCache struct{ NCtx int }
)

// Capabilities says what one backend can do. Backend is the config entry's name.
type Capabilities struct {
	Backend         string
	V2              bool
	Vision          bool
	Audio           bool
	Tools           bool
	Thinking        bool
	Embed           bool
	Rerank          bool // left out of the frame where false
	Accelerator     Accelerator
	GPULayers       int
	DeviceName      string // left out where empty
	VRAMTotalBytes  int64  // left out where 0
	AudioSampleRate int    // left out where 0
	WireVersion     int
	// The rest is this project's own; left out where zero.
	Model            string
	NCtx             int
	Slots            int
	StructuredOutput bool
	Engine           string
}

// Ready: the sockets are bound and accept.
type Ready struct{}

// Restarting: the engine is coming back; generation sockets are closed.
type Restarting struct{ Phase string }

// Draining: no new requests; the process exits when the running ones are done.
type Draining struct{}

// Failed: the daemon cannot become ready and exits after this frame.
type Failed struct{ Reason string }
