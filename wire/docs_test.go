package wire

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// protocol is the public description of this package.
func protocol(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestProtocolPage_ExamplesAreFrames reads every example with the decoder of
// its surface; written again, it is the same line.
func TestProtocolPage_ExamplesAreFrames(t *testing.T) {
	type message interface{ Append([]byte) []byte }
	decoders := map[string]func([]byte) (message, error){
		"v1-request": func(line []byte) (message, error) {
			r, err := DecodeV1Request(line)
			if err == nil {
				err = r.Validate()
			}
			return r, err
		},
		"v2-request": func(line []byte) (message, error) {
			r, err := DecodeV2Request(line)
			if err == nil {
				err = r.Validate(everything, nil)
			}
			return r, err
		},
		"framed": func(line []byte) (message, error) {
			if bytes.Contains(line, []byte(typeBlob)) {
				return verbatim(line) + "\n", nil
			}
			r, err := NewFramedReader(bytes.NewReader(framedStream(string(line), announce("pic", 3), "RGB"))).Request()
			if err == nil {
				err = r.Validate(everything, nil)
			}
			return verbatim(line) + "\n", err
		},
		"embed-request": func(line []byte) (message, error) {
			r, err := DecodeEmbedRequest(line)
			if err == nil {
				err = r.Validate(0, nil)
			}
			return r, err
		},
		"rerank-request": func(line []byte) (message, error) {
			r, err := DecodeRerankRequest(line)
			if err == nil {
				err = r.Validate()
			}
			return r, err
		},
		"v2-response":     func(line []byte) (message, error) { return DecodeV2Response(line) },
		"embed-response":  func(line []byte) (message, error) { return DecodeEmbedResponse(line) },
		"rerank-response": func(line []byte) (message, error) { return DecodeRerankResponse(line) },
		"v1-response":     func(line []byte) (message, error) { return DecodeV1Response(line) },
		"admin":           func(line []byte) (message, error) { return DecodeAdminEvent(line) },
		"control-request": func(line []byte) (message, error) { return DecodeControlRequest(line) },
		"control-reply":   func(line []byte) (message, error) { return DecodeControlReply(line) },
	}
	blocks := regexp.MustCompile("(?s)```json (\\S+)\n(.*?)```").FindAllStringSubmatch(protocol(t), -1)
	seen := make(map[string]int)
	for _, block := range blocks {
		decode := decoders[block[1]]
		if decode == nil {
			t.Fatalf("no decoder for examples of %s", block[1])
		}
		for line := range strings.Lines(block[2]) {
			seen[block[1]]++
			m, err := decode([]byte(strings.TrimSuffix(line, "\n")))
			if err != nil {
				t.Errorf("%s%v", line, err)
				continue
			}
			if _, unknown := m.(*UnknownAdmin); unknown {
				t.Errorf("unknown to this version: %s", line)
			}
			// Requests are written in the order of the table, so only
			// what the daemon sends has one form.
			if got := string(m.Append(nil)); !strings.HasSuffix(block[1], "-request") && got != line {
				t.Errorf("the page says\n%sthe package writes\n%s", line, got)
			}
		}
	}
	for kind := range decoders {
		if seen[kind] == 0 {
			t.Errorf("no example of %s", kind)
		}
	}
}

// TestProtocolPage_NamesEverything checks that each field, code and value has
// its place on the page.
func TestProtocolPage_NamesEverything(t *testing.T) {
	page := protocol(t)
	names := []string{
		"`" + string(CodeQueueFull) + "`", "`" + string(CodeBackendUnavailable) + "`", "`" + string(CodeInvalidRequest) + "`",
		"`" + string(CodeFrameTooLarge) + "`", "`" + string(CodeInternal) + "`",
		"`" + MsgQueueFull + "`", "`" + MsgNoBackend + "`", "`" + MsgBackendNotReady + "`", "`" + MsgNoTerminalFrame + "`",
		"`" + string(StopEnd) + "`", "`" + string(StopLength) + "`", "`" + string(StopCancelled) + "`", "`" + string(StopError) + "`",
		"`" + string(AcceleratorCPU) + "`", "`" + string(AcceleratorCUDA) + "`", "`" + string(AcceleratorMetal) + "`",
		"`" + string(AcceleratorVulkan) + "`", "`" + string(AcceleratorROCm) + "`",
		"`" + string(CodeAttachmentUnsupported) + "`", "`" + string(CodeToolCallMalformed) + "`", "`" + string(CodeWireVersionUnsupported) + "`",
		"`" + string(CodeEmbedUnsupported) + "`", "`" + string(CodeRerankUnsupported) + "`",
		"`" + string(StopEndTurn) + "`", "`" + string(StopMaxTokens) + "`", "`" + string(StopToolUse) + "`", "`" + string(StopSequence) + "`",
		thousands(maxAttachments) + ", of " + thousands(maxAttachmentBytes) + " bytes", thousands(maxBlocks) + ", " + thousands(maxBlockDepth) + " levels deep",
		thousands(maxTools) + "; " + thousands(maxSchemaBytes) + " bytes", "| texts to embed | " + thousands(maxInputs),
		"| " + thousands(maxDocuments) + "; with the query " + thousands(maxRerankBytes), "`wire_version`",
		thousands(MaxFrame) + " bytes (64 MiB)", thousands(maxDepth) + " levels", thousands(maxStops) + " strings",
		"1 to " + thousands(maxStopBytes) + " bytes", thousands(maxShown) + " bytes",
		"| " + thousands(maxGrammarBytes) + " bytes |", "| " + thousands(maxGrammarAlternations) + " |", "| " + thousands(maxGrammarNesting) + " |",
		"| " + thousands(maxGrammarRepetition) + " |", "| " + thousands(maxGrammarElements) + " |", "| " + thousands(maxGrammarStarts) + " |",
		"| " + thousands(maxGrammarChain) + " |",
	}
	for _, cmd := range controlCommands {
		names = append(names, "| `"+cmd+"` |")
	}
	// The keys of the fullest frames, and every status and phase.
	key := regexp.MustCompile(`"([a-z0-9_]+)":`)
	request := requestWith(func(r *V1Request) {
		*r = V1Request{
			ID: "x", Temperature: new(1.0), TopP: new(1.0), TopK: new(int64(1)), MaxTokens: new(int64(1)), Stream: new(true),
			ImageTokenBudget: new(int64(70)), Grammar: new("g"), Seed: new(int64(1)), Stop: []string{"s"}, MinP: new(1.0),
			PresencePenalty: new(1.0), FrequencyPenalty: new(1.0), RepeatPenalty: new(1.0), DeadlineMS: new(int64(1)), Progress: true,
		}
	})
	for _, k := range key.FindAllStringSubmatch(string(request.Append(nil)), -1) {
		names = append(names, "| `"+k[1]+"` |")
	}
	names = append(names, typedNames(key)...)
	for _, tt := range adminFrames {
		names = append(names, "| `"+tt.event.Status()+"` |")
		if e, ok := tt.event.(LoadingModel); ok {
			names = append(names, "| `"+e.Phase.PhaseName()+"` |")
		}
		for _, k := range key.FindAllStringSubmatch(tt.want, -1) {
			if k[1] != "id" && k[1] != "type" {
				names = append(names, "`"+k[1]+"`")
			}
		}
	}
	for _, name := range names {
		if !strings.Contains(page, name) {
			t.Errorf("the page does not have %s", name)
		}
	}
}

// typedNames are the keys of the fullest messages of the other surfaces.
func typedNames(key *regexp.Regexp) (names []string) {
	for _, task := range embedTasks {
		names = append(names, "`"+string(task)+"`")
	}
	request := &V2Request{
		ID: "x", Attachments: []Attachment{{}}, Tools: []Tool{{}}, Stream: new(true), ResponseFormat: &ResponseFormat{}, Thinking: new(true),
		ToolChoice: new(ToolChoiceAuto), Progress: true,
	}
	for _, m := range []interface{ Append([]byte) []byte }{
		request, &EmbedRequest{ID: "x", Dimensions: new(int64(1)), Task: &embedTasks[0]}, &RerankRequest{ID: "x", TopN: new(int64(1))},
	} {
		for _, k := range key.FindAllStringSubmatch(string(m.Append(nil)), -1) {
			if k[1] != "kind" && k[1] != "bytes" && k[1] != "name" && k[1] != "description" && k[1] != "input_schema" && k[1] != "type" && k[1] != "schema" {
				names = append(names, "| `"+k[1]+"` |")
			}
		}
	}
	return names
}

// thousands writes n with commas.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

func TestProtocolPage_GrammarIsOne(t *testing.T) {
	block := regexp.MustCompile("(?s)```\n(root .*?)```").FindStringSubmatch(protocol(t))
	if block == nil {
		t.Fatal("the page has no grammar")
	}
	if err := CheckGrammar(block[1]); err != nil {
		t.Error(err)
	}
}
