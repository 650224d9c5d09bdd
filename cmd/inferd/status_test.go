package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inferd/inferd/wire"
)

func TestPrintStatus_IsATable(t *testing.T) {
	var b bytes.Buffer
	err := printStatus(&b, &wire.ControlStatus{
		Version: "v1.2.3", PID: 42, UptimeSeconds: 3725.4, State: "restarting", Phase: "engine_down",
		Sockets: []string{"/run/admin.sock", "/run/control.sock"},
		Backends: []wire.BackendStatus{
			{
				Name: "a", Ready: true, Model: "m", Engine: "llama.cpp v0.5.0", Accelerator: wire.AcceleratorCUDA,
				DeviceName: "Card", NCtx: 4096, Slots: 4, PID: 43, Restarts: 2,
			},
			{Name: "mock", Reason: "no script"},
		},
		Queue: wire.QueueStatus{Active: 1, ActiveLimit: 4, Waiting: 2, WaitLimit: 128, Admitted: 17, Refused: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `state    restarting (engine_down)
daemon   inferd v1.2.3, pid 42, up 1h2m5s
queue    1 of 4 running, 2 of 128 waiting; 17 admitted, 3 refused
sockets  /run/admin.sock
         /run/control.sock

BACKEND  READY  MODEL  ON           CONTEXT  SLOTS  ENGINE            WORKER  RESTARTS
a        yes    m      cuda (Card)  4096     4      llama.cpp v0.5.0  43      2
mock     no     -      -            -        -      -                 -       0
mock answers nothing: no script
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestStateOf_SaysWhy(t *testing.T) {
	got := stateOf(&wire.ControlStatus{State: "failed", Reason: "no engine"})
	if want := "failed: no engine"; got != want {
		t.Errorf("state is %q, want %q", got, want)
	}
}
