package wire

// The bounds of a typed request.
const (
	maxAttachments     = 32
	maxAttachmentBytes = 128 << 20
	// The rest bounds what a frame can be blown up to in memory.
	maxBlocks      = 1 << 16 // in all messages, at any depth
	maxBlockDepth  = 32      // of content inside content
	maxTools       = 1024
	maxSchemaBytes = 1 << 20 // of all schemas of a request
)

// BlockType says what a content block is.
type BlockType string

// The types of content blocks. BlockThinking is found in answers only.
const (
	BlockText       BlockType = "text"
	BlockImage      BlockType = "image"
	BlockAudio      BlockType = "audio"
	BlockVideo      BlockType = "video"
	BlockToolUse    BlockType = "tool_use"
	BlockToolResult BlockType = "tool_result"
	BlockThinking   BlockType = "thinking"
)

// Block is one piece of a message's content. Type decides which of the other
// fields it has; of a type that this version does not know it has none.
type Block struct {
	Type         BlockType
	Text         string // text
	AttachmentID string // image, audio, video
	ToolCallID   string // tool_use, tool_result
	Name         string // tool_use
	// Input is a tool_use's JSON object, without white space between tokens.
	Input   []byte
	Content []Block // tool_result
}

// V2Message is one turn of a conversation of typed content.
type V2Message struct {
	Role    Role
	Content []Block
}

// AttachmentKind says what an attachment is.
type AttachmentKind string

// The kinds of attachments.
const (
	AttachmentImage AttachmentKind = "image"
	AttachmentAudio AttachmentKind = "audio"
	AttachmentVideo AttachmentKind = "video"
)

// Attachment is a medium that blocks refer to by its id.
type Attachment struct {
	Kind          AttachmentKind
	ID            string
	Width, Height int64 // image, in pixels
	SampleRate    int64 // audio, in Hz
	// Bytes is the medium: interleaved RGB of an image, little-endian float32
	// mono PCM of audio.
	Bytes []byte
	// Undecoded is set where Bytes came as text that is not base64: how many
	// bytes a text of its length stands for.
	Undecoded int64
}

// Tool is a function that the model may call.
type Tool struct {
	Name, Description string
	// InputSchema is a JSON Schema, without white space between tokens.
	InputSchema []byte
}

// ToolChoice says whether the model has to call a tool.
type ToolChoice string

// The tool choices; none is ToolChoiceAuto.
const (
	ToolChoiceAuto     ToolChoice = "auto"
	ToolChoiceRequired ToolChoice = "required"
	ToolChoiceNone     ToolChoice = "none"
)

// FormatJSONSchema is the one type of ResponseFormat.
const FormatJSONSchema = "json_schema"

// ResponseFormat is what the answer's text has to be.
type ResponseFormat struct {
	Type string
	// Schema is a JSON Schema, without white space between tokens.
	Schema []byte
}

// V2Request asks for an answer on a typed surface, v2 or framed: both carry
// this message. A nil pointer is a field that was not sent: what applies then
// is the backend's to say.
type V2Request struct {
	ID string
	// Messages is cut by decoding once it has more blocks than are allowed,
	// Attachments and Tools to one more than are allowed.
	Messages    []V2Message
	Attachments []Attachment
	Tools       []Tool
	Sampling
	Stream         *bool
	ResponseFormat *ResponseFormat
	Thinking       *bool
	ToolChoice     *ToolChoice
	// Progress asks for V2Status frames.
	Progress bool
}

// Streaming reports whether text and thinking come in pieces.
func (r *V2Request) Streaming() bool { return valueOr(r.Stream, true) }

// V2Response is a frame from the daemon on a typed surface: *V2Frame, *V2Done,
// *V2Error or *V2Status.
type V2Response = V1Response

// V2Error ends a request that was not answered. It is the same on all surfaces.
type V2Error = V1Error

// V2Status tells a request that asked for progress where it is.
type V2Status = V1Status

// Piece is one piece of an answer: the next of the text or of the thinking, in
// Delta, or a whole tool call.
type Piece struct {
	Type             BlockType
	Delta            string // text, thinking
	ToolCallID, Name string // tool_use
	Input            []byte // tool_use: a JSON object
}

// V2Frame is the next piece of an answer.
type V2Frame struct {
	ID    string
	Block Piece
}

// V2Done ends a request that was answered. On the wire the counts of Usage
// are named input_tokens and output_tokens.
type V2Done struct {
	ID         string
	Usage      Usage
	StopReason StopReason
	// ToolChoiceUnsatisfied: a tool call was required, and there is none.
	ToolChoiceUnsatisfied bool
	Backend               string // for diagnosis only
	Timings               *Timings
	Seed                  *uint32
}
