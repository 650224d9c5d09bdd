"""Write the trained model as GGUF (version 3), with no dependency but numpy and torch.

  python3 export_gguf.py --model model.pt --type f16  --out inferd-demo-f16.gguf
  python3 export_gguf.py --model model.pt --type q8_0 --out inferd-demo-q8_0.gguf
"""
import argparse
import struct

import numpy as np
import torch

from chatml import CONTROL, USER_DEFINED
from tokenizer import Tokenizer

U32, F32, BOOL, STR, ARR, I32 = 4, 6, 7, 8, 9, 5          # metadata value types
GGML_F32, GGML_F16, GGML_Q8_0 = 0, 1, 8                   # tensor types
NORMAL, CONTROL_TOKEN, USER_TOKEN = 1, 3, 4               # token types
ALIGN = 32


def string(text):
    b = text.encode("utf-8")
    return struct.pack("<Q", len(b)) + b


def value(typ, v):
    if typ == U32:
        return struct.pack("<I", v)
    if typ == I32:
        return struct.pack("<i", v)
    if typ == F32:
        return struct.pack("<f", v)
    if typ == BOOL:
        return struct.pack("<?", v)
    if typ == STR:
        return string(v)
    raise ValueError(typ)


def kv(key, typ, v, elem=None):
    """One metadata entry; elem is the type of an array's elements."""
    out = string(key) + struct.pack("<I", typ)
    if typ == ARR:
        return out + struct.pack("<IQ", elem, len(v)) + b"".join(value(elem, x) for x in v)
    return out + value(typ, v)


def q8_0(a):
    """Blocks of 32 along the rows: a float16 scale and 32 int8."""
    b = a.astype(np.float32).reshape(-1, 32)
    d = np.abs(b).max(axis=1, keepdims=True) / 127.0
    inv = np.divide(1.0, d, out=np.zeros_like(d), where=d > 0)
    x = b * inv
    q = (np.sign(x) * np.floor(np.abs(x) + 0.5)).astype(np.int8)     # roundf, as ggml does
    out = np.empty((len(b), 34), np.uint8)
    out[:, :2] = d.astype("<f2").view(np.uint8)
    out[:, 2:] = q.view(np.uint8)
    return out.tobytes()


def encode(a, typ):
    if typ == GGML_F32:
        return a.astype("<f4").tobytes()
    if typ == GGML_F16:
        return a.astype("<f2").tobytes()
    return q8_0(a)


def tensors(cfg, weights):
    """(name, array) in llama.cpp's naming; fused matrices are split by rows."""
    w = {k: v.float().numpy() for k, v in weights.items()}
    ones = np.ones(cfg["d_model"], np.float32)
    hd = cfg["d_model"] // cfg["n_head"]
    nq = cfg["n_head"] * hd
    yield "token_embd.weight", w["tok"]
    for i in range(cfg["n_layer"]):
        p, b = f"blocks.{i}.", f"blk.{i}."
        yield b + "attn_norm.weight", ones
        yield b + "attn_q.weight", w[p + "wqk"][:nq]
        yield b + "attn_k.weight", w[p + "wqk"][nq:]
        yield b + "attn_v.weight", w[p + "wv"]
        yield b + "attn_output.weight", w[p + "wo"]
        yield b + "ffn_norm.weight", ones
        yield b + "ffn_gate.weight", w[p + "w_gate"]
        yield b + "ffn_up.weight", w[p + "w_up"]
        yield b + "ffn_down.weight", w[p + "w_down"]
    yield "output_norm.weight", w["norm"]
    yield "output.weight", w["out"]


def metadata(cfg, tok, template, file_type, args):
    token_types = [NORMAL] * len(tok.tokens)
    for t in CONTROL:
        token_types[tok.ids[t]] = CONTROL_TOKEN
    for t in USER_DEFINED:
        token_types[tok.ids[t]] = USER_TOKEN
    end, eot = tok.ids["<|im_end|>"], tok.ids["<|endoftext|>"]
    merges = [a + " " + b for a, b in tok.merges]
    hd = cfg["d_model"] // cfg["n_head"]
    return [
        kv("general.architecture", STR, "llama"),
        kv("general.type", STR, "model"),
        kv("general.name", STR, args.name),
        kv("general.description", STR, args.description),
        kv("general.license", STR, args.license),
        kv("general.size_label", STR, args.size_label),
        kv("general.languages", ARR, ["en"], STR),
        kv("general.file_type", U32, file_type),
        kv("general.quantization_version", U32, 2),
        kv("llama.vocab_size", U32, cfg["vocab_size"]),
        kv("llama.context_length", U32, cfg["n_ctx"]),
        kv("llama.embedding_length", U32, cfg["d_model"]),
        kv("llama.block_count", U32, cfg["n_layer"]),
        kv("llama.feed_forward_length", U32, cfg["d_ff"]),
        kv("llama.attention.head_count", U32, cfg["n_head"]),
        kv("llama.attention.head_count_kv", U32, cfg["n_kv_head"]),
        kv("llama.attention.layer_norm_rms_epsilon", F32, cfg["norm_eps"]),
        kv("llama.rope.dimension_count", U32, hd),
        kv("llama.rope.freq_base", F32, cfg["rope_base"]),
        kv("tokenizer.ggml.model", STR, "gpt2"),
        kv("tokenizer.ggml.pre", STR, "gpt-2"),
        kv("tokenizer.ggml.tokens", ARR, tok.tokens, STR),
        kv("tokenizer.ggml.token_type", ARR, token_types, I32),
        kv("tokenizer.ggml.merges", ARR, merges, STR),
        kv("tokenizer.ggml.bos_token_id", U32, eot),
        kv("tokenizer.ggml.eos_token_id", U32, end),
        kv("tokenizer.ggml.eot_token_id", U32, end),
        kv("tokenizer.ggml.padding_token_id", U32, eot),
        kv("tokenizer.ggml.add_bos_token", BOOL, False),
        kv("tokenizer.ggml.add_eos_token", BOOL, False),
        kv("tokenizer.ggml.add_space_prefix", BOOL, False),
        kv("tokenizer.chat_template", STR, template),
    ]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", default="model.pt")
    ap.add_argument("--tokenizer", default="tokenizer.json")
    ap.add_argument("--template", default="chat_template.jinja")
    ap.add_argument("--type", choices=["f32", "f16", "q8_0"], default="q8_0")
    ap.add_argument("--name", default="inferd demo")
    ap.add_argument("--license", default="mit")
    ap.add_argument("--size-label", default="4M")
    ap.add_argument("--description", default="Built-in demo model of inferd, trained from scratch on "
                                             "synthetic text made by the project's own scripts.")
    ap.add_argument("--out", required=True)
    args = ap.parse_args()

    ck = torch.load(args.model, map_location="cpu")
    tok = Tokenizer.load(args.tokenizer)
    with open(args.template, encoding="utf-8") as f:
        template = f.read().rstrip("\n")
    wtype, file_type = {"f32": (GGML_F32, 0), "f16": (GGML_F16, 1), "q8_0": (GGML_Q8_0, 7)}[args.type]

    meta = metadata(ck["config"], tok, template, file_type, args)
    infos, blobs, offset = [], [], 0
    for name, a in tensors(ck["config"], ck["model"]):
        typ = wtype if a.ndim == 2 else GGML_F32          # norms stay in float32
        blob = encode(np.ascontiguousarray(a), typ)
        dims = a.shape[::-1]                              # GGUF puts the fastest axis first
        infos.append(string(name) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims)
                     + struct.pack("<IQ", typ, offset))
        blob += b"\0" * (-len(blob) % ALIGN)
        blobs.append(blob)
        offset += len(blob)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(meta)) + b"".join(meta) + b"".join(infos)
    head += b"\0" * (-len(head) % ALIGN)
    with open(args.out, "wb") as f:
        f.write(head)
        for b in blobs:
            f.write(b)
    print(f"{args.out}: {(len(head) + offset) / 1e6:.2f} MB, {len(infos)} tensors")


if __name__ == "__main__":
    main()
