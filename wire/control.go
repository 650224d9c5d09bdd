package wire

// ControlRequest is one operator command.
type ControlRequest struct {
	Cmd string `json:"cmd"`
}

// The commands of the control surface.
const (
	CmdStatus = "status"
	CmdDrain  = "drain"
	CmdReload = "reload"
)

// ControlStatus answers CmdStatus.
type ControlStatus struct {
	Version       string  `json:"version"`
	PID           int     `json:"pid"`
	UptimeSeconds float64 `json:"uptime_seconds"`
	// State is the present admin status: starting, loading_model, ready, …
	State    string          `json:"state"`
	Phase    string          `json:"phase,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Sockets  []string        `json:"sockets"`
	Backends []BackendStatus `json:"backends"`
	Queue    QueueStatus     `json:"queue"`
}

// BackendStatus is one backend of a ControlStatus.
type BackendStatus struct {
	Name        string      `json:"name"`
	Ready       bool        `json:"ready"`
	Model       string      `json:"model,omitempty"`
	Engine      string      `json:"engine,omitempty"`
	Accelerator Accelerator `json:"accelerator,omitempty"`
	DeviceName  string      `json:"device_name,omitempty"`
	NCtx        int         `json:"n_ctx,omitempty"`
	Slots       int         `json:"slots,omitempty"`
	PID         int         `json:"worker_pid,omitempty"`
	Restarts    int         `json:"restarts"`
	// Template is the family of the model's chat template, if it has one.
	Template string `json:"template,omitempty"`
	// Reason is why the backend can't answer, where it never will as it is.
	Reason string `json:"reason,omitempty"`
}

// QueueStatus is the admission gate's state, in requests.
type QueueStatus struct {
	Active      int    `json:"active"`
	ActiveLimit int    `json:"active_limit"`
	Waiting     int    `json:"waiting"`
	WaitLimit   int    `json:"wait_limit"`
	Admitted    uint64 `json:"admitted_total"`
	Refused     uint64 `json:"refused_total"`
}

// ControlReload answers CmdReload: what became of a configuration that was read
// again. Where there are problems, what is not in Applied is as it was before.
type ControlReload struct {
	// Applied are the keys that are in force now, and the backends as
	// backends[name].
	Applied      []string        `json:"applied"`
	NeedsRestart []ReloadPending `json:"needs_restart"`
	// Problems has a line for each thing that is wrong.
	Problems []string `json:"problems"`
}

// ReloadPending is a key whose new value waits for a restart.
type ReloadPending struct {
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

// ControlError says why a command was not carried out.
type ControlError struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// ControlReply is one line of the answer to a command: what was asked for, an
// error, or OK.
type ControlReply struct {
	Status *ControlStatus
	Reload *ControlReload
	Error  *ControlError
	OK     bool
	// Final marks the last line of an answer. DecodeControlReply sets it;
	// Append always writes it, since every command is answered by one line.
	Final bool
}
