package wire

// DecodeControlReply reads one line of an answer on the control surface. The
// error is a *MalformedError.
func DecodeControlReply(frame []byte) (ControlReply, error) {
	var r ControlReply
	err := decodeObject(frame,
		field{"status", optionalInner(&r.Status, (*ControlStatus).fields)},
		field{"reload", optionalInner(&r.Reload, (*ControlReload).fields)},
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

// storeText decodes one string of a list.
func storeText(s *scanner, to *string) error { return s.store(to) }

func (c *ControlReload) fields() []field {
	pending := func(s *scanner, to *ReloadPending) error {
		return s.fields(field{"key", &to.Key}, field{"reason", &to.Reason})
	}
	return []field{
		{"applied", list(&c.Applied, storeText)},
		{"needs_restart", list(&c.NeedsRestart, pending)},
		{"problems", list(&c.Problems, storeText)},
	}
}

func (c *ControlStatus) fields() []field {
	backend := func(s *scanner, to *BackendStatus) error { return s.fields(to.fields()...) }
	return []field{
		{"version", &c.Version},
		{"pid", &c.PID},
		{"uptime_seconds", &c.UptimeSeconds},
		{"state", &c.State},
		{"phase", &c.Phase},
		{"reason", &c.Reason},
		{"sockets", list(&c.Sockets, storeText)},
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
		{"template", &b.Template},
		{"reason", &b.Reason},
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
