package wire

import (
	"slices"
	"strings"
)

// controlCommands are the commands that this version knows.
var controlCommands = []string{CmdStatus, CmdDrain, CmdReload}

// DecodeControlRequest reads a command. An unknown one is a *FieldError that
// lists those that are allowed; any other error is a *MalformedError.
func DecodeControlRequest(frame []byte) (ControlRequest, error) {
	var cmd *string
	if err := decodeObject(frame, field{"cmd", &cmd}); err != nil {
		return ControlRequest{}, err
	}
	if cmd == nil {
		return ControlRequest{}, &MalformedError{Field: "cmd", Problem: "missing: a string is required"}
	}
	if !slices.Contains(controlCommands, *cmd) {
		return ControlRequest{}, &FieldError{
			Field: "cmd", Value: quoted(*cmd), Problem: "is not a command", Allowed: "one of " + strings.Join(controlCommands, ", "),
		}
	}
	return ControlRequest{Cmd: *cmd}, nil
}

// Append writes the frame, newline included, to dst.
func (r ControlRequest) Append(dst []byte) []byte {
	o := openObject(dst)
	o.text("cmd", r.Cmd)
	return o.line()
}

// Append writes the frame, newline included, to dst.
func (r ControlReply) Append(dst []byte) []byte {
	o := openObject(dst)
	switch {
	case r.Error != nil:
		o.key("error")
		inner := openObject(o.dst)
		inner.text("code", string(r.Error.Code))
		inner.text("message", r.Error.Message)
		o.dst = inner.close()
	case r.Status != nil:
		o.key("status")
		o.dst = r.Status.append(o.dst)
	case r.Reload != nil:
		o.key("reload")
		o.dst = r.Reload.append(o.dst)
	case r.OK:
		o.bool("ok", true)
	}
	o.bool("final", true)
	return o.line()
}

func (s *ControlStatus) append(dst []byte) []byte {
	o := openObject(dst)
	o.text("version", s.Version)
	o.int("pid", int64(s.PID))
	o.float("uptime_seconds", s.UptimeSeconds)
	o.text("state", s.State)
	o.textIf("phase", s.Phase)
	o.textIf("reason", s.Reason)
	o.texts("sockets", s.Sockets)
	o.key("backends")
	o.dst = append(o.dst, '[')
	for i := range s.Backends {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = s.Backends[i].append(o.dst)
	}
	o.dst = append(o.dst, ']')
	o.key("queue")
	o.dst = s.Queue.append(o.dst)
	return o.close()
}

func (b *BackendStatus) append(dst []byte) []byte {
	o := openObject(dst)
	o.text("name", b.Name)
	o.bool("ready", b.Ready)
	o.textIf("model", b.Model)
	o.textIf("engine", b.Engine)
	o.textIf("accelerator", string(b.Accelerator))
	o.textIf("device_name", b.DeviceName)
	o.intIf("n_ctx", int64(b.NCtx))
	o.intIf("slots", int64(b.Slots))
	o.intIf("worker_pid", int64(b.PID))
	o.int("restarts", int64(b.Restarts))
	o.textIf("template", b.Template)
	o.textIf("reason", b.Reason)
	return o.close()
}

func (c *ControlReload) append(dst []byte) []byte {
	o := openObject(dst)
	o.texts("applied", c.Applied)
	o.key("needs_restart")
	o.dst = append(o.dst, '[')
	for i, p := range c.NeedsRestart {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		inner := openObject(o.dst)
		inner.text("key", p.Key)
		inner.text("reason", p.Reason)
		o.dst = inner.close()
	}
	o.dst = append(o.dst, ']')
	o.texts("problems", c.Problems)
	return o.close()
}

func (q *QueueStatus) append(dst []byte) []byte {
	o := openObject(dst)
	o.int("active", int64(q.Active))
	o.int("active_limit", int64(q.ActiveLimit))
	o.int("waiting", int64(q.Waiting))
	o.int("wait_limit", int64(q.WaitLimit))
	o.uint("admitted_total", q.Admitted)
	o.uint("refused_total", q.Refused)
	return o.close()
}
