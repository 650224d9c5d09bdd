package wire

// openEvent begins the frame of an event.
func openEvent(dst []byte, status string) object {
	o := openObject(dst)
	o.text("id", "admin")
	o.text("type", "status")
	o.text("status", status)
	return o
}

// Status is "starting".
func (Starting) Status() string { return "starting" }

// Status is "loading_model".
func (LoadingModel) Status() string { return "loading_model" }

// Status is "capabilities".
func (Capabilities) Status() string { return "capabilities" }

// Status is "ready".
func (Ready) Status() string { return "ready" }

// Status is "restarting".
func (Restarting) Status() string { return "restarting" }

// Status is "draining".
func (Draining) Status() string { return "draining" }

// Status is "failed".
func (Failed) Status() string { return "failed" }

// Append writes the frame, newline included, to dst.
func (e Starting) Append(dst []byte) []byte { return appendBare(dst, e) }

// Append writes the frame, newline included, to dst.
func (e Ready) Append(dst []byte) []byte { return appendBare(dst, e) }

// Append writes the frame, newline included, to dst.
func (e Draining) Append(dst []byte) []byte { return appendBare(dst, e) }

// appendBare writes the frame of an event without details.
func appendBare(dst []byte, e AdminEvent) []byte {
	o := openEvent(dst, e.Status())
	return o.line()
}

// Append writes the frame, newline included, to dst.
func (e Restarting) Append(dst []byte) []byte {
	o := openEvent(dst, e.Status())
	o.text("phase", e.Phase)
	return o.line()
}

// Append writes the frame, newline included, to dst.
func (e Failed) Append(dst []byte) []byte {
	o := openEvent(dst, e.Status())
	o.text("reason", e.Reason)
	return o.line()
}

// Append writes the frame, newline included, to dst.
func (c Capabilities) Append(dst []byte) []byte {
	o := openEvent(dst, c.Status())
	o.text("backend", c.Backend)
	o.bool("v2", c.V2)
	o.bool("vision", c.Vision)
	o.bool("audio", c.Audio)
	o.bool("tools", c.Tools)
	o.bool("thinking", c.Thinking)
	o.bool("embed", c.Embed)
	o.boolIf("rerank", c.Rerank)
	o.text("accelerator", string(c.Accelerator))
	o.int("gpu_layers", int64(c.GPULayers))
	o.textIf("device_name", c.DeviceName)
	o.intIf("vram_total_bytes", c.VRAMTotalBytes)
	o.intIf("audio_sample_rate", int64(c.AudioSampleRate))
	o.int("wire_version", int64(c.WireVersion))
	o.textIf("model", c.Model)
	o.intIf("n_ctx", int64(c.NCtx))
	o.intIf("slots", int64(c.Slots))
	o.boolIf("structured_output", c.StructuredOutput)
	o.textIf("engine", c.Engine)
	return o.line()
}

// Append writes the frame, newline included, to dst.
func (e LoadingModel) Append(dst []byte) []byte {
	o := openEvent(dst, e.Status())
	if e.Phase != nil {
		o.text("phase", e.Phase.PhaseName())
		e.Phase.details(&o)
	}
	return o.line()
}
