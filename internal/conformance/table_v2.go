package conformance

// oneTool is a tool that a request may offer.
var oneTool = tool("get_weather", objectSchema)

var objectSchema = request{"type": "object", "properties": request{"city": request{"type": "string"}}, "required": []any{"city"}}

func tool(name string, schema any) request {
	return request{"name": name, "description": "The weather of a city, now.", "input_schema": schema}
}

func image(id string, width, height int, bytes any) request {
	return request{"kind": "image", "id": id, "width": width, "height": height, "bytes": bytes}
}

func audio(id string, rate int, bytes any) request {
	return request{"kind": "audio", "id": id, "sample_rate": rate, "bytes": bytes}
}

// pixel is a good image of one pixel.
func pixel(id string) request { return image(id, 1, 1, []byte("RGB")) }

func media(list ...request) request { return request{"attachments": list} }

// shown is a request in which the user refers to attachments.
func shown(blocks []any, list ...request) request {
	return request{"messages": []any{user(blocks...)}, "attachments": list}
}

func reference(kind, id string) request { return request{"type": kind, "attachment_id": id} }

func called(id string) any {
	return message("assistant", []any{request{"type": "tool_use", "tool_call_id": id, "name": "get_weather", "input": request{"city": "Paris"}}})
}

func resulted(id string, content ...any) any {
	return user(request{"type": "tool_result", "tool_call_id": id, "content": content})
}

func talk(messages ...any) request { return request{"messages": messages} }

func many(n int) []request {
	list := make([]request, n)
	for i := range list {
		list[i] = pixel(string(rune('A' + i)))
	}
	return list
}

var notTaken = []string{"attachment_unsupported"}

// refusedMedia are the codes for media that are wrong in a way that only a
// server of such media can tell.
var refusedMedia = []string{"invalid_request", "attachment_unsupported"}

// typedExchanges are what may be wrong with typed requests.
var typedExchanges = []exchange{
	{section: "3", name: "a message without a block", on: typed, change: talk(user()), says: "content"},
	{section: "3", name: "a block without type", on: typed, change: talk(user(request{"text": "x"})), noID: true, after: closed, says: "type"},
	{section: "3", name: "a block of unknown type", on: typed, change: talk(user(request{"type": "smell", "text": 7})), says: "smell"},
	{section: "3", name: "an attachment of unknown kind", on: typed, change: media(request{"kind": "smell", "id": "a", "bytes": []byte("x")}), says: "kind"},
	{section: "3", name: "an attachment with an empty id", on: typed, change: media(pixel("")), says: "id"},
	{section: "3", name: "two attachments of one id", on: typed, change: media(pixel("a"), pixel("a")), says: "id"},
	{section: "3", name: "an image of no size", on: typed, change: media(image("a", 0, 1, []byte("RGB"))), says: "width"},
	{section: "3", name: "an image with too few bytes", on: typed, change: media(image("a", 1, 1, []byte("RG"))), says: "bytes"},
	{section: "3", name: "an image without bytes", on: typed, change: media(image("a", 1, 1, []byte{})), says: "bytes"},
	{section: "3", name: "an image whose size overflows", on: typed, change: media(image("a", 1<<31, 1<<31, []byte("RGB")))},
	{section: "3", name: "bytes that are not base64", on: v2, change: media(image("a", 1, 1, "UkdC!")), says: "bytes"},
	{section: "3", name: "base64 without padding", on: v2, change: media(audio("a", 16000, "AAAAAA")), says: "bytes"},
	{section: "3", name: "audio that is not whole samples", on: typed, change: media(audio("a", 16000, make([]byte, 7))), codes: refusedMedia, says: "attachments"},
	{section: "3", name: "audio of a rate that nobody has", on: typed, change: media(audio("a", 1, make([]byte, 8))), codes: refusedMedia, says: "attachments"},
	{section: "3", name: "video is reserved", on: typed, change: media(request{"kind": "video", "id": "a", "bytes": []byte("x")}), codes: notTaken},
	{section: "3", name: "33 attachments", on: v2, change: request{"attachments": many(33)}, says: "attachments"},
	{section: "3", name: "32 attachments are no wrong number", on: typed, change: request{"attachments": many(32)}, codes: []string{"", "attachment_unsupported"}},
	{section: "3", name: "two tools of one name", on: typed, change: request{"tools": []any{oneTool, oneTool}}, says: "name"},
	{section: "3", name: "a tool's name with a space", on: typed, change: request{"tools": []any{tool("get weather", objectSchema)}}, says: "name"},
	{section: "3", name: "a tool without a name", on: typed, change: request{"tools": []any{tool("", objectSchema)}}, says: "name"},
	{section: "3", name: "a tool's name of 65 bytes", on: typed,
		change: request{"tools": []any{tool("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", objectSchema)}}, says: "name"},
	{section: "3", name: "a schema that is no object", on: typed, change: request{"tools": []any{tool("f", []any{})}}, says: "input_schema"},
	{section: "3", name: "a schema that does not compile", on: typed, change: request{"tools": []any{tool("f", request{"type": "nonsense"})}}, says: "input_schema"},
	{section: "3", name: "a tool without description", on: typed, change: request{"tools": []any{request{"name": "f", "input_schema": objectSchema}}}, anyID: true, after: either, says: "description"},
	{section: "3", name: "a reference to no attachment", on: typed, change: talk(user(reference("image", "gone"))), says: "attachment_id"},
	{section: "3", name: "a reference of the wrong kind", on: typed, change: shown([]any{reference("audio", "a")}, pixel("a")), says: "attachment_id"},
	{section: "3", name: "a reference to no attachment, inside a result", on: typed,
		change: talk(called("c"), resulted("c", reference("image", "gone"))), says: "attachment_id"},
	{section: "3", name: "a result of no call", on: typed, change: talk(resulted("c", words("x"))), says: "tool_call_id"},
	{section: "3", name: "a result before its call", on: typed, change: talk(resulted("c", words("x")), called("c")), says: "tool_call_id"},
	{section: "3", name: "a call whose input is no object", on: typed, after: either, anyID: true, says: "input",
		change: talk(message("assistant", []any{request{"type": "tool_use", "tool_call_id": "c", "name": "f", "input": "x"}}))},
	{section: "3", name: "tool_choice without tools", on: typed, change: request{"tool_choice": "auto"}, says: "tool_choice"},
	{section: "3", name: "an unknown tool_choice", on: typed, change: request{"tools": []any{oneTool}, "tool_choice": "maybe"}, says: "tool_choice"},
	{section: "3", name: "tool_choice beside response_format", on: typed, says: "tool_choice",
		change: request{"tools": []any{oneTool}, "tool_choice": "auto", "response_format": request{"type": "json_schema", "schema": objectSchema}}},
	{section: "3", name: "messages are checked before attachments", on: typed,
		change: request{"messages": []any{}, "attachments": []request{pixel("")}}, says: "messages"},
	{section: "3", name: "attachments are checked before tools", on: typed,
		change: request{"attachments": []request{pixel("")}, "tools": []any{tool("", objectSchema)}}, says: "attachments"},
	{section: "3", name: "tools are checked before blocks", on: typed,
		change: request{"tools": []any{tool("", objectSchema)}, "messages": []any{user(reference("image", "gone"))}}, says: "tools"},
	{section: "3", name: "blocks are checked before tool_choice", on: typed,
		change: request{"tool_choice": "maybe", "messages": []any{user(reference("image", "gone"))}}, says: "attachment_id"},
	{section: "3", name: "an image is taken or unsupported", on: typed, codes: []string{"", "attachment_unsupported"},
		change: shown([]any{words("What is this?"), reference("image", "a")}, pixel("a"))},
	{section: "3", name: "a response_format of unknown type", on: typed, change: request{"response_format": request{"type": "haiku"}}, says: "response_format"},
}
