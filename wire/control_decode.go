package wire

// DecodeControlReply reads one line of an answer on the control surface. The
// error is a *MalformedError.
func DecodeControlReply(frame []byte) (ControlReply, error) {
	var r ControlReply
	err := decodeObject(frame,
		field{"status", optionalInner(&r.Status, (*ControlStatus).fields)},
		field{"error", optionalInner(&r.Error, (*ControlError).fields)},
		field{"ok", &r.OK},
		field{"final", &r.Final},
	)
	if err != nil {
		return ControlReply{}, err
	}
	return r, nil
}

func (e *ControlError) fields() []field {
	return []field{{"code", (*string)(&e.Code)}, {"message", &e.Message}}
}

func (c *ControlStatus) fields() []field {
	socket := func(s *scanner, to *string) error { return s.store(to) }
	backend := func(s *scanner, to *BackendStatus) error { return s.fields(to.fields()...) }
	return []field{
		{"version", &c.Version},
		{"pid", &c.PID},
		{"uptime_seconds", &c.UptimeSeconds},
		{"state", &c.State},
		{"phase", &c.Phase},
		{"reason", &c.Reason},
		{"sockets", list(&c.Sockets, socket)},
		{"backends", list(&c.Backends, backend)},
		{"queue", inner(&c.Queue, (*QueueStatus).fields)},
	}
}

func (b *BackendStatus) fields() []field {
	return []field{
		{"name", &b.Name},
		{"ready", &b.Ready},
		{"model", &b.Model},
		{"engine", &b.Engine},
		{"accelerator", (*string)(&b.Accelerator)},
		{"device_name", &b.DeviceName},
		{"n_ctx", &b.NCtx},
		{"slots", &b.Slots},
		{"worker_pid", &b.PID},
		{"restarts", &b.Restarts},
	}
}

func (q *QueueStatus) fields() []field {
	return []field{
		{"active", &q.Active},
		{"active_limit", &q.ActiveLimit},
		{"waiting", &q.Waiting},
		{"wait_limit", &q.WaitLimit},
		{"admitted_total", &q.Admitted},
		{"refused_total", &q.Refused},
	}
}
