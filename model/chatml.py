"""The chat format: ChatML with Hermes/Qwen-style tool calls.

`render` is the Python twin of chat_template.jinja (which goes into the GGUF);
evaluate.py checks that the two agree.
"""
import json

# Token ids 0..255 are bytes; these follow, in this order.
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
USER_DEFINED = ["<tool_call>", "</tool_call>", "<think>", "</think>",
                "<tool_response>", "</tool_response>", "<tools>", "</tools>"]
SPECIALS = CONTROL + USER_DEFINED

TOOLS_HEAD = ("# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
              "You are provided with function signatures within <tools></tools> XML tags:\n<tools>")
TOOLS_TAIL = ("\n</tools>\n\nFor each function call, return a json object with function name and "
              "arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n"
              '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>')


def dumps(x):
    """JSON as Python writes it, with its spaces and without \\u escapes."""
    return json.dumps(x, ensure_ascii=False)


def tool_call_text(call):
    return ('<tool_call>\n{"name": "' + call["name"] + '", "arguments": '
            + dumps(call["arguments"]) + "}\n</tool_call>")


def render_parts(messages, tools=None, tool_json=dumps):
    """List of (text, is_answer): is_answer marks what the model has to produce.

    An answer part includes the closing <|im_end|>. Messages are dicts with
    role, content, and for the assistant optionally tool_calls and train=False.
    """
    parts = []
    msgs = list(messages)
    system = msgs.pop(0)["content"] if msgs and msgs[0]["role"] == "system" else None
    if tools:
        head = "<|im_start|>system\n" + (system + "\n\n" if system else "")
        parts.append((head + TOOLS_HEAD + "".join("\n" + tool_json(t) for t in tools)
                      + TOOLS_TAIL + "<|im_end|>\n", False))
    elif system is not None:
        parts.append(("<|im_start|>system\n" + system + "<|im_end|>\n", False))
    for i, m in enumerate(msgs):
        role, text = m["role"], m.get("content") or ""
        if role == "tool":
            if i == 0 or msgs[i - 1]["role"] != "tool":
                parts.append(("<|im_start|>user", False))
            parts.append(("\n<tool_response>\n" + text + "\n</tool_response>", False))
            if i + 1 == len(msgs) or msgs[i + 1]["role"] != "tool":
                parts.append(("<|im_end|>\n", False))
        elif role == "assistant":
            if "</think>" in text and i + 1 < len(msgs):   # past reasoning is dropped
                text = text.split("</think>")[-1].lstrip("\n")
            calls = "\n".join(tool_call_text(c) for c in m.get("tool_calls", []))
            body = text + ("\n" if text and calls else "") + calls
            parts.append(("<|im_start|>assistant\n", False))
            parts.append((body + "<|im_end|>", m.get("train", True)))
            parts.append(("\n", False))
        else:
            parts.append(("<|im_start|>" + role + "\n" + text + "<|im_end|>\n", False))
    return parts


def render(messages, tools=None, add_generation_prompt=True, tool_json=dumps):
    text = "".join(t for t, _ in render_parts(messages, tools, tool_json))
    return text + ("<|im_start|>assistant\n" if add_generation_prompt else "")
