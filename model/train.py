"""Train the model on the synthetic corpus.

  python3 train.py --docs 220000 --steps 8000 --out model.pt

The loss is taken on the assistant's answers and the plain stories, and with a
small weight on a sample of the prompt tokens. The reported loss is that of the
answers alone. Documents of similar length share a batch and are padded on the
right, so with causal attention no other mask is needed and every document
starts at position 0, as it does at inference.
"""
import argparse
import math
import os
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

from chatml import render_parts
from corpus import documents
from model import Config, TinyLlama
from tokenizer import Tokenizer


def encode_doc(tok, doc, n_ctx):
    """(ids, mask): mask[i] says whether ids[i] is to be predicted."""
    if doc[0] == "text":
        ids = tok.encode(doc[1] + "<|endoftext|>")
        mask = [1] * len(ids)
    else:
        ids, mask = [], []
        # Parts meet at special tokens, or at newlines next to them, so that
        # encoding them one by one gives the tokens of the whole text.
        for text, answer in render_parts(doc[1], doc[2], doc[3]):
            t = tok.encode(text)
            ids += t
            mask += [int(answer)] * len(t)
    return np.array(ids[:n_ctx], np.int16), np.array(mask[:n_ctx], np.uint8)


def make_batches(docs, tokens_per_batch, seed):
    """Batches of documents of similar length, in random order."""
    rng = random.Random(seed)
    order = list(range(len(docs)))
    rng.shuffle(order)
    batches = []
    for start in range(0, len(order), 8192):     # sort within large random chunks
        chunk = sorted(order[start:start + 8192], key=lambda i: len(docs[i][0]))
        cur, longest = [], 0
        for i in chunk:
            n = max(longest, len(docs[i][0]))
            if cur and n * (len(cur) + 1) > tokens_per_batch:
                batches.append(cur)
                cur, n = [], len(docs[i][0])
            cur.append(i)
            longest = n
        batches.append(cur)
    rng.shuffle(batches)
    return batches


def to_tensors(docs, batch):
    T = max(len(docs[i][0]) for i in batch)
    ids = torch.zeros(len(batch), T, dtype=torch.long)
    mask = torch.zeros(len(batch), T, dtype=torch.bool)
    for r, i in enumerate(batch):
        a, m = docs[i]
        ids[r, :len(a)] = torch.from_numpy(a.astype(np.int64))
        mask[r, :len(a)] = torch.from_numpy(m.astype(bool))
    length = torch.tensor([len(docs[i][0]) for i in batch])
    real = torch.arange(T)[None, :] < length[:, None]
    return ids[:, :-1], ids[:, 1:], mask[:, 1:], real[:, 1:]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--tokenizer", default="tokenizer.json")
    ap.add_argument("--docs", type=int, default=220000)
    ap.add_argument("--steps", type=int, default=8000)
    ap.add_argument("--batch-tokens", type=int, default=4096)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--min-lr", type=float, default=2e-5)
    ap.add_argument("--warmup", type=int, default=100)
    ap.add_argument("--weight-decay", type=float, default=0.05)
    ap.add_argument("--prompt-share", type=float, default=0.4, help="share of the prompt tokens in the loss")
    ap.add_argument("--prompt-weight", type=float, default=0.4, help="their weight")
    ap.add_argument("--seed", type=int, default=1234)
    ap.add_argument("--threads", type=int, default=os.cpu_count())
    ap.add_argument("--dtype", choices=["bf16", "fp32"], default="bf16")
    ap.add_argument("--minutes", type=float, default=0,
                    help="wall-clock limit: the cosine is shortened to end by then (0 = none)")
    ap.add_argument("--stop-at", type=int, default=0, help="stop early, in the middle of the cosine")
    ap.add_argument("--init", default="", help="start from these weights")
    ap.add_argument("--out", default="model.pt")
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    tok = Tokenizer.load(args.tokenizer)
    cfg = Config(vocab_size=len(tok.tokens))
    t0 = time.time()
    docs = [encode_doc(tok, d, cfg.n_ctx) for d in documents(args.seed, args.docs)]
    total = sum(len(a) for a, _ in docs)
    answer = sum(int(m.sum()) for _, m in docs)
    print(f"{len(docs)} documents, {total / 1e6:.2f}M tokens, {answer / 1e6:.2f}M of them answers "
          f"({time.time() - t0:.0f} s)", flush=True)

    model = TinyLlama(cfg)
    if args.init:
        model.load_state_dict(torch.load(args.init)["model"])
    model.compute_dtype = torch.bfloat16 if args.dtype == "bf16" else torch.float32
    decay = [p for n, p in model.named_parameters() if p.dim() == 2 and n != "tok"]
    rest = [p for n, p in model.named_parameters() if not (p.dim() == 2 and n != "tok")]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": args.weight_decay},
                             {"params": rest, "weight_decay": 0.0}],
                            lr=args.lr, betas=(0.9, 0.98), eps=1e-8, foreach=True)
    print(f"{model.n_params() / 1e6:.2f}M parameters: {cfg.to_dict()}", flush=True)

    t0, seen, step, epoch, avg = time.time(), 0, 0, 0, None
    queue = []
    while True:
        done = step / args.steps
        if args.minutes:
            done = max(done, (time.time() - t0) / (60 * args.minutes))
        if done >= 1 or (args.stop_at and step >= args.stop_at):
            break
        if not queue:
            queue = make_batches(docs, args.batch_tokens, args.seed + epoch)
            print(f"epoch {epoch}: {len(queue)} batches", flush=True)
            epoch += 1
        lr = args.min_lr + 0.5 * (args.lr - args.min_lr) * (1 + math.cos(math.pi * done))
        lr *= min(1.0, (step + 1) / args.warmup)
        for g in opt.param_groups:
            g["lr"] = lr
        x, y, m, real = to_tensors(docs, queue.pop())
        # All answer tokens count fully; a sample of the prompt tokens counts a little,
        # which teaches the model the words and the habit of copying much sooner.
        use = m | (real & (torch.rand(m.shape) < args.prompt_share))
        ce = F.cross_entropy(model.head(model.hidden(x)[use]), y[use], reduction="none")
        w = torch.where(m[use], 1.0, args.prompt_weight)
        loss = (ce * w).sum() / w.sum()
        answer_loss = ce.detach()[m[use]].mean().item()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        seen += x.numel()
        step += 1
        avg = answer_loss if avg is None else 0.98 * avg + 0.02 * answer_loss
        if step % 50 == 0:
            dt = time.time() - t0
            print(f"step {step} loss {avg:.4f} lr {lr:.2e} {seen / dt:.0f} tok/s {dt / 60:.1f} min", flush=True)
        if step % 500 == 0:
            torch.save({"model": model.state_dict(), "config": cfg.to_dict()}, args.out + ".partial")
    torch.save({"model": model.state_dict(), "config": cfg.to_dict(),
                "steps": step, "tokens": seen, "loss": avg, "args": vars(args)}, args.out)
    print(f"done: {step} steps, {seen / 1e6:.1f}M tokens, loss {avg:.4f}, "
          f"{(time.time() - t0) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
