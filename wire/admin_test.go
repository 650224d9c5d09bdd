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

// adminFrames has every status and phase with its exact bytes.
var adminFrames = []struct {
	name  string
	event AdminEvent
	want  string
}{
	{"starting", Starting{}, `{"id":"admin","type":"status","status":"starting"}`},
	{"checking_local", LoadingModel{PhaseCheckingLocal{Path: "/m/a.gguf"}},
		`{"id":"admin","type":"status","status":"loading_model","phase":"checking_local","path":"/m/a.gguf"}`},
	{"download", LoadingModel{PhaseDownload{DownloadedBytes: 33554432, TotalBytes: new(int64(5e9)), SourceURL: "https://example.com/a.gguf"}},
		`{"id":"admin","type":"status","status":"loading_model","phase":"download","downloaded_bytes":33554432,"total_bytes":5000000000,"source_url":"https://example.com/a.gguf"}`},
	{"download of unknown size", LoadingModel{PhaseDownload{SourceURL: "https://example.com/a.gguf"}},
		`{"id":"admin","type":"status","status":"loading_model","phase":"download","downloaded_bytes":0,"total_bytes":null,"source_url":"https://example.com/a.gguf"}`},
	{"verify", LoadingModel{PhaseVerify{Path: "/m/a.gguf"}},
		`{"id":"admin","type":"status","status":"loading_model","phase":"verify","path":"/m/a.gguf"}`},
	{"quarantine", LoadingModel{PhaseQuarantine{Path: "/m/a", ExpectedSHA256: "aa", ActualSHA256: "bb", QuarantinePath: "/m/q/a"}},
		`{"id":"admin","type":"status","status":"loading_model","phase":"quarantine","path":"/m/a","expected_sha256":"aa","actual_sha256":"bb","quarantine_path":"/m/q/a"}`},
	{"mmap", LoadingModel{PhaseMmap{Path: "/m/a.gguf"}},
		`{"id":"admin","type":"status","status":"loading_model","phase":"mmap","path":"/m/a.gguf"}`},
	{"load", LoadingModel{PhaseLoad{LoadedFraction: 0.25}},
		`{"id":"admin","type":"status","status":"loading_model","phase":"load","loaded_fraction":0.25}`},
	{"kv_cache", LoadingModel{PhaseKVCache{NCtx: 8192}},
		`{"id":"admin","type":"status","status":"loading_model","phase":"kv_cache","n_ctx":8192}`},
	{"capabilities, the least", Capabilities{Backend: "mock", Accelerator: AcceleratorCPU, WireVersion: 1},
		`{"id":"admin","type":"status","status":"capabilities","backend":"mock","v2":false,"vision":false,"audio":false,"tools":false,` +
			`"thinking":false,"embed":false,"accelerator":"cpu","gpu_layers":0,"wire_version":1}`},
	{"capabilities, everything", Capabilities{
		Backend: "local", V2: true, Vision: true, Audio: true, Tools: true, Thinking: true, Embed: true, Rerank: true, Accelerator: AcceleratorCUDA,
		GPULayers: 33, DeviceName: "GPU 0", VRAMTotalBytes: 1 << 34, AudioSampleRate: 16000, WireVersion: 1,
		Model: "m", NCtx: 4096, Slots: 4, StructuredOutput: true, Engine: "llama.cpp b1",
	}, `{"id":"admin","type":"status","status":"capabilities","backend":"local","v2":true,"vision":true,"audio":true,"tools":true,` +
		`"thinking":true,"embed":true,"rerank":true,"accelerator":"cuda","gpu_layers":33,"device_name":"GPU 0","vram_total_bytes":17179869184,` +
		`"audio_sample_rate":16000,"wire_version":1,"model":"m","n_ctx":4096,"slots":4,"structured_output":true,"engine":"llama.cpp b1"}`},
	{"ready", Ready{}, `{"id":"admin","type":"status","status":"ready"}`},
	{"restarting", Restarting{Phase: "engine_exit"}, `{"id":"admin","type":"status","status":"restarting","phase":"engine_exit"}`},
	{"draining", Draining{}, `{"id":"admin","type":"status","status":"draining"}`},
	{"failed", Failed{Reason: "no engine: run \"inferd engine install\""},
		`{"id":"admin","type":"status","status":"failed","reason":"no engine: run \"inferd engine install\""}`},
}

func TestAdminEvent_ExactFrames(t *testing.T) {
	for _, tt := range adminFrames {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tt.event.Append([]byte("before"))); got != "before"+tt.want+"\n" {
				t.Errorf("Append() =\n%s\nwant\n%s", got, tt.want)
			}
			got, err := DecodeAdminEvent([]byte(tt.want))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.event, got); diff != "" {
				t.Errorf("DecodeAdminEvent() (-want +got):\n%s", diff)
			}
			var std struct{ Status, Phase string }
			if err := json.Unmarshal([]byte(tt.want), &std); err != nil || std.Status != tt.event.Status() {
				t.Errorf("Status() = %q, the frame says %q, %v", tt.event.Status(), std.Status, err)
			}
			if e, ok := tt.event.(LoadingModel); ok && e.Phase.PhaseName() != std.Phase {
				t.Errorf("PhaseName() = %q, the frame says %q", e.Phase.PhaseName(), std.Phase)
			}
		})
	}
}

func TestDecodeAdminEvent_IgnoresUnknownKeys(t *testing.T) {
	tests := []struct {
		in   string
		want AdminEvent
	}{
		{`{"id":"admin","type":"status","status":"ready","path":7,"phase":[],"x":{}}`, Ready{}},
		{`{"status":"ready"}`, Ready{}},
		{`{"status":"ready","type":null}`, Ready{}},
		{`{"status":"starting","status":"draining"}`, Draining{}},
		{`{"status":"restarting"}`, Restarting{}},
		{`{"status":"failed","reason":null}`, Failed{}},
		{`{"status":"capabilities","backend":"b","rerank":null,"gpus":[1],"n_ctx":null}`, Capabilities{Backend: "b"}},
		{`{"status":"loading_model","phase":"mmap","path":"p","n_ctx":"unknown here"}`, LoadingModel{PhaseMmap{"p"}}},
		{`{"status":"loading_model","phase":"download","downloaded_bytes":1,"total_bytes":null,"source_url":"u"}`,
			LoadingModel{PhaseDownload{DownloadedBytes: 1, SourceURL: "u"}}},
	}
	for _, tt := range tests {
		got, err := DecodeAdminEvent([]byte(tt.in))
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestDecodeAdminEvent_KeepsWhatItDoesNotKnow(t *testing.T) {
	tests := []struct {
		name, in      string
		status, phase string
		out           string // as it is written again
	}{
		{"status", `{"id":"admin","type":"status","status":"paused","path":7}`, "paused", "", ""},
		{"phase", `{"type":"status","status":"loading_model","phase":"decrypt","path":7}`, "loading_model", "decrypt", ""},
		{"no phase", `{"status":"loading_model"}`, "loading_model", "", ""},
		{"phase of another type", `{"status":"paused","phase":{"n":1}}`, "paused", "", ""},
		{"type", `{"type":"notice","status":"ready","text":"x"}`, "ready", "", ""},
		{"type without status", `{"type":"notice"}`, "", "", ""},
		{"newlines between tokens", "\n{\"status\":\"paused\",\n\"x\":1\n}\r\n", "paused", "", `{"status":"paused", "x":1 }`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frame := []byte(tt.in)
			got, err := DecodeAdminEvent(frame)
			if err != nil {
				t.Fatal(err)
			}
			clear(frame) // the event must not depend on the caller's buffer
			out := tt.in
			if tt.out != "" {
				out = tt.out
			}
			want := &UnknownAdmin{StatusName: tt.status, PhaseName: tt.phase, Raw: []byte(out)}
			if diff := cmp.Diff(AdminEvent(want), got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
			if got.Status() != tt.status {
				t.Errorf("Status() = %q, want %q", got.Status(), tt.status)
			}
			if frame := string(got.Append(nil)); frame != out+"\n" {
				t.Errorf("Append() = %q, want %q", frame, out+"\n")
			}
		})
	}
}

func TestUnknownAdmin_AppendWithoutRaw(t *testing.T) {
	got := string((&UnknownAdmin{StatusName: "paused", PhaseName: "p"}).Append(nil))
	if want := `{"id":"admin","type":"status","status":"paused","phase":"p"}` + "\n"; got != want {
		t.Errorf("Append() = %s, want %s", got, want)
	}
}

func TestDecodeAdminEvent_RefusesWhatIsMalformed(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"id":"admin","type":"status"}`, `status: missing: a string is required`},
		{`{"status":null}`, `status: missing: a string is required`},
		{`{"status":3}`, `status: expected a string, found a number at byte 10`},
		{`{"type":3,"status":"ready"}`, `type: expected a string, found a number at byte 8`},
		{`{"status":"loading_model","phase":3}`, `phase: expected a string, found a number at byte 34`},
		{`{"status":"loading_model","phase":"download","total_bytes":"many"}`, `total_bytes: expected a number, found a string at byte 59`},
		{`{"status":"capabilities","v2":1}`, `v2: expected a boolean, found a number at byte 30`},
		{`{"status":"ready"`, `not JSON: ',' or '}' expected, but the frame ends at byte 17`},
		{`{"type":"notice","status":"\ud800"}`, `status: half of a UTF-16 surrogate pair in the string at byte 26`},
		{`{"type":"notice","phase":"\ud800"}`, `phase: half of a UTF-16 surrogate pair in the string at byte 25`},
		{`"ready"`, `not a JSON object`},
	}
	for _, tt := range tests {
		got, err := DecodeAdminEvent([]byte(tt.in))
		if _, ok := errors.AsType[*MalformedError](err); !ok || err.Error() != tt.want || got != nil {
			t.Errorf("%s\n got %T %v\nwant %s", tt.in, err, err, tt.want)
		}
	}
}

func TestPublicURL_DropsWhatMayBeSecret(t *testing.T) {
	tests := []struct{ in, want string }{
		{"https://example.com/m/a.gguf", "https://example.com/m/a.gguf"},
		{"https://user:pass@example.com:8443/a%20b?token=secret&x=1#frag", "https://example.com:8443/a%20b"},
		{"https://token@example.com/a", "https://example.com/a"},
		{"https://example.com/a?X-Signature=s", "https://example.com/a"},
		{"https://example.com/a#access_token=s", "https://example.com/a"},
		{"https://example.com/@scope/a", "https://example.com/@scope/a"},
		{"https://example.com/a%2Fb", "https://example.com/a%2Fb"},
		{"file:///models/a.gguf", "file:///models/a.gguf"},
		{"https://user:pa/ss@example.com/a", ""},
		{"user:pass@example.com/a", ""},
		{"mailto:user:pass@example.com", ""},
		{"example.com/a?token=s", ""},
		{"https://exa mple.com/", ""},
		{"://", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := PublicURL(tt.in); got != tt.want {
			t.Errorf("PublicURL(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if again := PublicURL(tt.want); again != tt.want {
			t.Errorf("PublicURL(%q) = %q, want no change", tt.want, again)
		}
	}
}

func TestPhaseDownload_NeverWritesASecret(t *testing.T) {
	frame := LoadingModel{PhaseDownload{SourceURL: "https://me:hunter2@example.com/a.gguf?key=hunter2#hunter2"}}.Append(nil)
	if strings.Contains(string(frame), "hunter2") || !strings.Contains(string(frame), `"source_url":"https://example.com/a.gguf"`) {
		t.Errorf("Append() = %s", frame)
	}
}

// anyAdminEvent draws events that a daemon can send.
func anyAdminEvent() *rapid.Generator[AdminEvent] {
	return rapid.Custom(func(t *rapid.T) AdminEvent {
		text := func(name string) string { return rapid.String().Draw(t, name) }
		flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
		count := func(name string) int { return rapid.IntRange(0, math.MaxInt).Draw(t, name) }
		switch rapid.IntRange(0, 12).Draw(t, "event") {
		case 0:
			return Starting{}
		case 1:
			return Ready{}
		case 2:
			return Draining{}
		case 3:
			return Restarting{text("phase")}
		case 4:
			return Failed{text("reason")}
		case 5:
			return LoadingModel{PhaseCheckingLocal{text("path")}}
		case 6:
			return LoadingModel{PhaseDownload{int64(count("n")), rapid.Ptr(rapid.Int64(), true).Draw(t, "total"), PublicURL(text("url"))}}
		case 7:
			return LoadingModel{PhaseVerify{text("path")}}
		case 8:
			return LoadingModel{PhaseQuarantine{text("path"), text("expected"), text("actual"), text("to")}}
		case 9:
			return LoadingModel{PhaseMmap{text("path")}}
		case 10:
			return LoadingModel{PhaseLoad{rapid.Float64Range(0, 1).Draw(t, "fraction")}}
		case 11:
			return LoadingModel{PhaseKVCache{count("n_ctx")}}
		}
		return Capabilities{
			text("backend"), flag("v2"), flag("vision"), flag("audio"), flag("tools"), flag("thinking"), flag("embed"), flag("rerank"),
			Accelerator(text("accelerator")), count("layers"), text("device"), int64(count("vram")), count("rate"), count("version"),
			text("model"), count("n_ctx"), count("slots"), flag("structured"), text("engine"),
		}
	})
}

func TestAdminEvent_RoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyAdminEvent().Draw(t, "event")
		frame := want.Append(nil)
		if !json.Valid(frame) || strings.Count(string(frame), "\n") != 1 {
			t.Fatalf("not one line of JSON: %q", frame)
		}
		got, err := DecodeAdminEvent(frame)
		if err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", frame, diff)
		}
	})
}

// FuzzDecodeAdminEvent checks that what decodes is written as one line that
// decodes to an event of the same status, and then no longer changes.
func FuzzDecodeAdminEvent(f *testing.F) {
	for _, tt := range adminFrames {
		f.Add([]byte(tt.want))
	}
	f.Add([]byte("{\"type\":\"x\",\n\"status\":[]}"))
	f.Add([]byte(`{"type":""}`))
	f.Add([]byte(`{"status":"loading_model","phase":"load","loaded_fraction":1e999}`))
	f.Add([]byte(`{"status":"loading_model","phase":"download","source_url":"https://a:b@c/d?e#f"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := DecodeAdminEvent(in)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		once := e.Append(nil)
		if strings.Count(string(once), "\n") != 1 {
			t.Fatalf("not one line: %q", once)
		}
		again, err := DecodeAdminEvent(once)
		if err != nil {
			t.Fatalf("%s\nwas written as\n%s\nwhich is refused: %v", in, once, err)
		}
		if again.Status() != e.Status() {
			t.Fatalf("status %q was written as %q", e.Status(), again.Status())
		}
		final, err := DecodeAdminEvent(again.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again, final); diff != "" {
			t.Fatalf("%s\n(-before +after):\n%s", once, diff)
		}
	})
}
