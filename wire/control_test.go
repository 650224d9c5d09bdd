package wire

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestControlRequest_ExactFrames(t *testing.T) {
	for cmd, want := range map[string]string{CmdStatus: `{"cmd":"status"}`, CmdDrain: `{"cmd":"drain"}`, CmdReload: `{"cmd":"reload"}`} {
		r := ControlRequest{Cmd: cmd}
		if got := string(r.Append([]byte("before"))); got != "before"+want+"\n" {
			t.Errorf("Append() = %s, want %s", got, want)
		}
		if got, err := DecodeControlRequest([]byte(want)); got != r || err != nil {
			t.Errorf("DecodeControlRequest(%s) = %v, %v", want, got, err)
		}
	}
	got, err := DecodeControlRequest([]byte(`{"verbose":true,"Cmd":"x","cmd":"drain","cmd":"status"}`))
	if got.Cmd != CmdStatus || err != nil {
		t.Errorf("with unknown and equal keys: %v, %v", got, err)
	}
}

func TestDecodeControlRequest_RefusesWhatIsNoCommand(t *testing.T) {
	field := []struct{ in, want string }{
		{`{"cmd":"reboot"}`, `cmd: "reboot" is not a command: allowed is one of status, drain, reload`},
		{`{"cmd":""}`, `cmd: "" is not a command: allowed is one of status, drain, reload`},
		{`{"cmd":"STATUS"}`, `cmd: "STATUS" is not a command: allowed is one of status, drain, reload`},
	}
	for _, tt := range field {
		_, err := DecodeControlRequest([]byte(tt.in))
		if _, ok := errors.AsType[*FieldError](err); !ok || err.Error() != tt.want {
			t.Errorf("%s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
	malformed := []struct{ in, want string }{
		{`{}`, `cmd: missing: a string is required`},
		{`{"cmd":null}`, `cmd: missing: a string is required`},
		{`{"cmd":["status"]}`, `cmd: expected a string, found an array at byte 7`},
		{`status`, `not JSON: a value expected, found 's' at byte 0`},
	}
	for _, tt := range malformed {
		_, err := DecodeControlRequest([]byte(tt.in))
		if _, ok := errors.AsType[*MalformedError](err); !ok || err.Error() != tt.want {
			t.Errorf("%s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
}

// controlReplies has every form of reply with its exact bytes.
var controlReplies = []struct {
	name  string
	reply ControlReply
	want  string
}{
	{"status, the least", ControlReply{Status: &ControlStatus{Version: "0.1.0", PID: 42, State: "starting"}, Final: true},
		`{"status":{"version":"0.1.0","pid":42,"uptime_seconds":0,"state":"starting","sockets":[],"backends":[],` +
			`"queue":{"active":0,"active_limit":0,"waiting":0,"wait_limit":0,"admitted_total":0,"refused_total":0}},"final":true}`},
	{"status, everything", ControlReply{Status: &ControlStatus{
		Version: "0.1.0", PID: 42, UptimeSeconds: 1.5, State: "loading_model", Phase: "mmap", Reason: "<r>", Sockets: []string{"/run/a.sock", "b"},
		Backends: []BackendStatus{
			{Name: "local", Ready: true, Model: "m", Engine: "e", Accelerator: AcceleratorCPU, DeviceName: "d", NCtx: 1, Slots: 2, PID: 3, Restarts: 4, Template: "t", Reason: "b"},
			{Name: "mock"},
		},
		Queue: QueueStatus{Active: 1, ActiveLimit: 2, Waiting: 3, WaitLimit: 4, Admitted: math.MaxUint64, Refused: 6},
	}, Final: true},
		`{"status":{"version":"0.1.0","pid":42,"uptime_seconds":1.5,"state":"loading_model","phase":"mmap","reason":"<r>","sockets":["/run/a.sock","b"],` +
			`"backends":[{"name":"local","ready":true,"model":"m","engine":"e","accelerator":"cpu","device_name":"d","n_ctx":1,"slots":2,"worker_pid":3,"restarts":4,"template":"t","reason":"b"},` +
			`{"name":"mock","ready":false,"restarts":0}],` +
			`"queue":{"active":1,"active_limit":2,"waiting":3,"wait_limit":4,"admitted_total":18446744073709551615,"refused_total":6}},"final":true}`},
	{"reload, the least", ControlReply{Reload: &ControlReload{}, Final: true},
		`{"reload":{"applied":[],"needs_restart":[],"problems":[]},"final":true}`},
	{"reload, everything", ControlReply{Reload: &ControlReload{
		Applied: []string{"log_level", "backends[a]"}, NeedsRestart: []ReloadPending{{"engine_dir", "why"}, {"listen.tcp", "<r>"}},
		Problems: []string{"config.json:1: x: no"},
	}, Final: true},
		`{"reload":{"applied":["log_level","backends[a]"],"needs_restart":[{"key":"engine_dir","reason":"why"},{"key":"listen.tcp","reason":"<r>"}],` +
			`"problems":["config.json:1: x: no"]},"final":true}`},
	{"ok", ControlReply{OK: true, Final: true}, `{"ok":true,"final":true}`},
	{"error", ControlReply{Error: &ControlError{Code: CodeInvalidRequest, Message: "no"}, Final: true},
		`{"error":{"code":"invalid_request","message":"no"},"final":true}`},
	{"nothing", ControlReply{Final: true}, `{"final":true}`},
}

func TestControlReply_ExactFrames(t *testing.T) {
	for _, tt := range controlReplies {
		t.Run(tt.name, func(t *testing.T) {
			unmarked := tt.reply
			unmarked.Final = false
			for _, r := range []ControlReply{tt.reply, unmarked} {
				if got := string(r.Append([]byte("before"))); got != "before"+tt.want+"\n" {
					t.Errorf("Append() =\n%s\nwant\n%s", got, tt.want)
				}
			}
			got, err := DecodeControlReply([]byte(tt.want))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.reply, got); diff != "" {
				t.Errorf("DecodeControlReply() (-want +got):\n%s", diff)
			}
		})
	}
}

// The struct tags are what a Go program prints a status with; they must name
// the same keys as the wire.
func TestControlStatus_TagsAgreeWithTheWire(t *testing.T) {
	for _, tt := range controlReplies {
		if tt.reply.Status == nil || len(tt.reply.Status.Sockets) == 0 {
			continue
		}
		var tagged strings.Builder
		enc := json.NewEncoder(&tagged)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(tt.reply.Status); err != nil {
			t.Fatal(err)
		}
		if got := string(tt.reply.Status.append(nil)) + "\n"; got != tagged.String() {
			t.Errorf("on the wire\n%sby its tags\n%s", got, tagged.String())
		}
	}
}

func TestDecodeControlReply_TakesOtherVersions(t *testing.T) {
	tests := []struct {
		in   string
		want ControlReply
	}{
		{`{}`, ControlReply{}},
		{`{"status":null,"error":null,"ok":null,"final":null}`, ControlReply{}},
		{`{"metrics":"x","ok":true,"final":false}`, ControlReply{OK: true}},
		{`{"status":{"state":"ready","sockets":null,"backends":null,"queue":null,"x":[]}}`, ControlReply{Status: &ControlStatus{State: "ready"}}},
	}
	for _, tt := range tests {
		got, err := DecodeControlReply([]byte(tt.in))
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
		} else if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestDecodeControlReply_RefusesWhatIsMalformed(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"status":{"backends":[{"name":"a"},{"ready":1}]}}`, `status.backends[1].ready: expected a boolean, found a number at byte 45`},
		{`{"status":{"sockets":["a",1]}}`, `status.sockets[1]: expected a string, found a number at byte 26`},
		{`{"status":{"queue":{"admitted_total":-1}}}`, `status.queue.admitted_total: -1 is out of range: allowed is 0 to 18446744073709551615`},
		{`{"reload":{"needs_restart":[{"key":1}]}}`, `reload.needs_restart[0].key: expected a string, found a number at byte 35`},
		{`{"error":"x"}`, `error: expected an object, found a string at byte 9`},
		{`{"final":true`, `not JSON: ',' or '}' expected, but the frame ends at byte 13`},
	}
	for _, tt := range tests {
		got, err := DecodeControlReply([]byte(tt.in))
		if _, ok := errors.AsType[*MalformedError](err); !ok || err.Error() != tt.want || got != (ControlReply{}) {
			t.Errorf("%s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
}

// anyControlStatus draws states that a daemon can be in.
func anyControlStatus() *rapid.Generator[*ControlStatus] {
	return rapid.Custom(func(t *rapid.T) *ControlStatus {
		text := rapid.String()
		count := rapid.IntRange(0, math.MaxInt)
		backend := rapid.Custom(func(t *rapid.T) BackendStatus {
			return BackendStatus{
				text.Draw(t, "name"), rapid.Bool().Draw(t, "ready"), text.Draw(t, "model"), text.Draw(t, "engine"),
				Accelerator(text.Draw(t, "accelerator")), text.Draw(t, "device"), count.Draw(t, "n_ctx"), count.Draw(t, "slots"),
				count.Draw(t, "pid"), count.Draw(t, "restarts"), text.Draw(t, "template"), text.Draw(t, "reason"),
			}
		})
		s := &ControlStatus{
			Version: text.Draw(t, "version"), PID: count.Draw(t, "pid"), UptimeSeconds: rapid.Float64Range(0, 1e12).Draw(t, "uptime"),
			State: text.Draw(t, "state"), Phase: text.Draw(t, "phase"), Reason: text.Draw(t, "reason"),
			Queue: QueueStatus{
				count.Draw(t, "active"), count.Draw(t, "limit"), count.Draw(t, "waiting"), count.Draw(t, "wait"),
				rapid.Uint64().Draw(t, "admitted"), rapid.Uint64().Draw(t, "refused"),
			},
		}
		if list := rapid.SliceOfN(text, 0, 3).Draw(t, "sockets"); len(list) > 0 {
			s.Sockets = list
		}
		if list := rapid.SliceOfN(backend, 0, 3).Draw(t, "backends"); len(list) > 0 {
			s.Backends = list
		}
		return s
	})
}

func TestControlReply_RoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := ControlReply{Status: anyControlStatus().Draw(t, "status"), Final: true}
		frame := want.Append(nil)
		got, err := DecodeControlReply(frame)
		if err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", frame, diff)
		}
	})
}

// FuzzDecodeControlRequest reads the input as both kinds of control frames.
func FuzzDecodeControlRequest(f *testing.F) {
	f.Add([]byte(`{"cmd":"status"}`))
	f.Add([]byte(`{"cmd":"drain","x":[{}]}`))
	f.Add([]byte(`{"cmd":"\u0000"}`))
	for _, tt := range controlReplies {
		f.Add([]byte(tt.want))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if r, err := DecodeControlRequest(in); err == nil {
			if again, err := DecodeControlRequest(r.Append(nil)); again != r || err != nil {
				t.Fatalf("%v was written and read as %v, %v", r, again, err)
			}
		} else if _, ok := errors.AsType[*FieldError](err); !ok {
			checkMalformed(t, err)
		}
		r, err := DecodeControlReply(in)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		once := r.Append(nil)
		again, err := DecodeControlReply(once)
		if err != nil {
			t.Fatalf("%s\nwas written as\n%s\nwhich is refused: %v", in, once, err)
		}
		if final, err := DecodeControlReply(again.Append(nil)); err != nil || !cmp.Equal(again, final) {
			t.Fatalf("%s\nchanges when written again: %v\n%s", once, err, cmp.Diff(again, final))
		}
	})
}
