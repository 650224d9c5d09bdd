package wire

import "bytes"

// UnknownAdmin is an event of a newer daemon. Clients ignore it, or show it.
type UnknownAdmin struct {
	StatusName string
	// PhaseName is the frame's phase, where it has one.
	PhaseName string
	// Raw is the frame without its newline.
	Raw []byte
}

// Status is the frame's status, which this version does not know.
func (u *UnknownAdmin) Status() string { return u.StatusName }

// Append writes the frame as it came, newline included, to dst.
func (u *UnknownAdmin) Append(dst []byte) []byte {
	if len(u.Raw) > 0 {
		return append(append(dst, u.Raw...), '\n')
	}
	o := openEvent(dst, u.StatusName)
	o.textIf("phase", u.PhaseName)
	return o.line()
}

// DecodeAdminEvent reads an event. Statuses and phases of newer daemons come
// back as *UnknownAdmin; all others are values, like Ready{}. The error is a
// *MalformedError.
func DecodeAdminEvent(frame []byte) (AdminEvent, error) {
	var kind, status *string
	if err := decodeObject(frame, field{"type", &kind}, field{"status", &status}); err != nil {
		return nil, err
	}
	if kind != nil && *kind != "status" {
		return decodeUnknown(frame)
	}
	if status == nil {
		return nil, &MalformedError{Field: "status", Problem: "missing: a string is required"}
	}
	switch *status {
	case Starting{}.Status():
		return Starting{}, nil
	case LoadingModel{}.Status():
		return decodeLoadingModel(frame)
	case Capabilities{}.Status():
		return decodeEvent(frame, (*Capabilities).fields)
	case Ready{}.Status():
		return Ready{}, nil
	case Restarting{}.Status():
		return decodeEvent(frame, (*Restarting).fields)
	case Draining{}.Status():
		return Draining{}, nil
	case Failed{}.Status():
		return decodeEvent(frame, (*Failed).fields)
	}
	return decodeUnknown(frame)
}

// decodeLoadingModel reads a loading_model frame: its phase decides which
// other fields it has.
func decodeLoadingModel(frame []byte) (AdminEvent, error) {
	var phase string
	if err := decodeObject(frame, field{"phase", &phase}); err != nil {
		return nil, err
	}
	switch phase {
	case PhaseCheckingLocal{}.PhaseName():
		return decodePhase(frame, (*PhaseCheckingLocal).fields)
	case PhaseDownload{}.PhaseName():
		return decodePhase(frame, (*PhaseDownload).fields)
	case PhaseVerify{}.PhaseName():
		return decodePhase(frame, (*PhaseVerify).fields)
	case PhaseQuarantine{}.PhaseName():
		return decodePhase(frame, (*PhaseQuarantine).fields)
	case PhaseMmap{}.PhaseName():
		return decodePhase(frame, (*PhaseMmap).fields)
	case PhaseLoad{}.PhaseName():
		return decodePhase(frame, (*PhaseLoad).fields)
	case PhaseKVCache{}.PhaseName():
		return decodePhase(frame, (*PhaseKVCache).fields)
	}
	return decodeUnknown(frame)
}

// decodeEvent reads an event from the whole of its frame.
func decodeEvent[E AdminEvent](frame []byte, fields func(*E) []field) (AdminEvent, error) {
	var e E
	if err := decodeObject(frame, fields(&e)...); err != nil {
		return nil, err
	}
	return e, nil
}

// decodePhase reads a phase of loading from the whole of its frame.
func decodePhase[P LoadPhase](frame []byte, fields func(*P) []field) (AdminEvent, error) {
	var p P
	if err := decodeObject(frame, fields(&p)...); err != nil {
		return nil, err
	}
	return LoadingModel{Phase: p}, nil
}

// decodeUnknown keeps a frame for whoever knows it. Nothing is known about the
// types of its fields. It is kept as one line: a newline between two tokens
// would cut it in two.
func decodeUnknown(frame []byte) (AdminEvent, error) {
	u := &UnknownAdmin{Raw: bytes.ReplaceAll(bytes.TrimSpace(frame), []byte{'\n'}, []byte{' '})}
	err := decodeObject(frame,
		field{"status", func(s *scanner) error { return s.textIfAny(&u.StatusName) }},
		field{"phase", func(s *scanner) error { return s.textIfAny(&u.PhaseName) }},
	)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// textIfAny consumes a value of any type and keeps it if it is a string.
func (s *scanner) textIfAny(to *string) (err error) {
	if s.peek() != '"' {
		return s.skip()
	}
	*to, err = s.text()
	return err
}

func (e *Restarting) fields() []field { return []field{{"phase", &e.Phase}} }

func (e *Failed) fields() []field { return []field{{"reason", &e.Reason}} }

func (c *Capabilities) fields() []field {
	return []field{
		{"backend", &c.Backend},
		{"v2", &c.V2},
		{"vision", &c.Vision},
		{"audio", &c.Audio},
		{"tools", &c.Tools},
		{"thinking", &c.Thinking},
		{"embed", &c.Embed},
		{"rerank", &c.Rerank},
		{"accelerator", (*string)(&c.Accelerator)},
		{"gpu_layers", &c.GPULayers},
		{"device_name", &c.DeviceName},
		{"vram_total_bytes", &c.VRAMTotalBytes},
		{"audio_sample_rate", &c.AudioSampleRate},
		{"wire_version", &c.WireVersion},
		{"model", &c.Model},
		{"n_ctx", &c.NCtx},
		{"slots", &c.Slots},
		{"structured_output", &c.StructuredOutput},
		{"engine", &c.Engine},
	}
}

func (p *PhaseCheckingLocal) fields() []field { return []field{{"path", &p.Path}} }

func (p *PhaseDownload) fields() []field {
	return []field{
		{"downloaded_bytes", &p.DownloadedBytes},
		{"total_bytes", &p.TotalBytes},
		{"source_url", &p.SourceURL},
	}
}

func (p *PhaseVerify) fields() []field { return []field{{"path", &p.Path}} }

func (p *PhaseQuarantine) fields() []field {
	return []field{
		{"path", &p.Path},
		{"expected_sha256", &p.ExpectedSHA256},
		{"actual_sha256", &p.ActualSHA256},
		{"quarantine_path", &p.QuarantinePath},
	}
}

func (p *PhaseMmap) fields() []field { return []field{{"path", &p.Path}} }

func (p *PhaseLoad) fields() []field { return []field{{"loaded_fraction", &p.LoadedFraction}} }

func (p *PhaseKVCache) fields() []field { return []field{{"n_ctx", &p.NCtx}} }
