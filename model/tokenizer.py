"""Byte-level BPE in the GPT-2 style, as llama.cpp's tokenizer.ggml.model "gpt2"
with the pre-tokenizer "gpt-2" implements it.

  python3 tokenizer.py --out new.json        # learn the merges

Ids: 0..255 bytes, then the special tokens, then one token per merge.
Digits are never merged with each other, so numbers are sequences of digits.
"""
import argparse
import collections
import heapq
import json
import re

from chatml import SPECIALS

# GPT-2's pattern; [^\W\d_] is \p{L} and \d is \p{N} for the text used here.
PRE = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def byte_chars():
    """GPT-2's printable stand-ins for the 256 bytes."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, n = {}, 0
    for b in range(256):
        if b in keep:
            table[b] = chr(b)
        else:
            table[b] = chr(256 + n)
            n += 1
    return table


BYTE = byte_chars()
UNBYTE = {c: b for b, c in BYTE.items()}
SPLIT = re.compile("(" + "|".join(re.escape(s) for s in SPECIALS) + ")")


def to_chars(s):
    """A string as one printable character for each of its UTF-8 bytes."""
    return "".join(BYTE[b] for b in s.encode("utf-8"))


def mergeable(a, b):
    """Keep digits apart, except that a space may join one digit."""
    if any(c.isdigit() for c in a):
        return False
    return not any(c.isdigit() for c in b) or a == BYTE[32]


def learn(texts, vocab_size):
    """The merges that a vocabulary of this size has room for, best first."""
    counts = collections.Counter()
    for t in texts:
        for piece in SPLIT.split(t):
            if piece not in SPECIALS:
                counts.update(to_chars(w) for w in PRE.findall(piece))
    words = [(list(w), c) for w, c in counts.items()]
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for i, (w, c) in enumerate(words):
        for p in zip(w, w[1:]):
            if mergeable(*p):
                pairs[p] += c
                where[p].add(i)
    # Counts change with every merge: the heap gets a new entry for each change,
    # and the old ones are recognised when they come up.
    heap = [(-c, p) for p, c in pairs.items()]
    heapq.heapify(heap)
    merges = []
    while len(merges) < vocab_size - 256 - len(SPECIALS):
        c, p = heapq.heappop(heap)
        if pairs.get(p, 0) != -c:
            continue
        merges.append(p)
        changed = set()
        for i in list(where[p]):
            w, n = words[i]
            for q in zip(w, w[1:]):
                if q in pairs:
                    pairs[q] -= n
                    changed.add(q)
            out, j = [], 0
            while j < len(w):
                if j + 1 < len(w) and (w[j], w[j + 1]) == p:
                    out.append(w[j] + w[j + 1])
                    j += 2
                else:
                    out.append(w[j])
                    j += 1
            words[i] = (out, n)
            for q in zip(out, out[1:]):
                if mergeable(*q):
                    pairs[q] += n
                    where[q].add(i)
                    changed.add(q)
        del pairs[p]
        changed.discard(p)
        for q in changed:
            if pairs[q] > 0:
                heapq.heappush(heap, (-pairs[q], q))
    return merges


class Tokenizer:
    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        self.tokens = [BYTE[b] for b in range(256)] + SPECIALS + [a + b for a, b in self.merges]
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        assert len(self.ids) == len(self.tokens)
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self.cache = {}

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as f:
            return cls(json.load(f)["merges"])

    def save(self, path):
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"merges": self.merges}, f, ensure_ascii=False)

    def word(self, w):
        """The ids of one pre-token."""
        ids = self.cache.get(w)
        if ids is None:
            parts = list(to_chars(w))
            while len(parts) > 1:
                r, i = min((self.rank.get(p, 1 << 30), i) for i, p in enumerate(zip(parts, parts[1:])))
                if r == 1 << 30:
                    break
                parts[i:i + 2] = [parts[i] + parts[i + 1]]
            ids = self.cache[w] = [self.ids[p] for p in parts]
        return ids

    def encode(self, text):
        out = []
        for piece in SPLIT.split(text):
            if piece in SPECIALS:
                out.append(self.ids[piece])
            elif piece:
                for w in PRE.findall(piece):
                    out += self.word(w)
        return out

    def decode(self, ids):
        b = bytearray()
        for i in ids:
            t = self.tokens[i]
            b += t.encode() if t in SPECIALS else bytes(UNBYTE[c] for c in t)
        return b.decode("utf-8", "replace")


if __name__ == "__main__":
    from corpus import document_text, documents
    ap = argparse.ArgumentParser()
    ap.add_argument("--docs", type=int, default=15000)
    ap.add_argument("--vocab", type=int, default=1536)
    ap.add_argument("--seed", type=int, default=7)
    ap.add_argument("--out", default="tokenizer.json")
    args = ap.parse_args()
    texts = [document_text(d) for d in documents(args.seed, args.docs)]
    tok = Tokenizer(learn(texts, args.vocab))
    tok.save(args.out)
    n = sum(len(tok.encode(t)) for t in texts)
    chars = sum(map(len, texts))
    assert all(tok.decode(tok.encode(t)) == t for t in texts[:2000])
    print(f"{len(tok.tokens)} tokens; {chars / n:.2f} characters a token; {n / len(texts):.0f} tokens a document")
