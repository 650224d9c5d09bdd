"""Check the exported model in the real engine (llama.cpp) at temperature 0.

  (cd engine && npm install --ignore-scripts)
  python3 evaluate.py --gguf inferd-demo-q8_0.gguf --what all

 tokenize  the engine's tokenizer against tokenizer.py on 200 documents
 template  chat_template.jinja against chatml.render on 300 documents (needs jinja2)
 parity    greedy answers: PyTorch float32 against the engine, 20 prompts
 quant     greedy answers of two GGUF files (Q8_0 and F16), 100 prompts
 accuracy  held-out questions by category, exact match
 free      hand-written wordings that no template produces
 samples   a few transcripts
"""
import argparse
import json
import random
import re
import subprocess

from chatml import dumps, render
from corpus import (FACTUAL, GENERIC_SYSTEM, SMALLTALK, STYLE_SYSTEM, document, document_text, documents,
                    json_extract, json_request, persona, qa_echo, qa_unknown, recall_doc, sample_qa,
                    story_request, styled, tool_doc, vary)
from tokenizer import Tokenizer


class Engine:
    """The engine in a process of its own, asked one line at a time."""

    def __init__(self, gguf, tok, script="engine/engine.mjs"):
        self.tok = tok
        self.p = subprocess.Popen(["node", script, gguf], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.p.stdout.readline()               # it is ready
        self.tokens = self.ms = 0

    def ask(self, **req):
        self.p.stdin.write(json.dumps(req) + "\n")
        self.p.stdin.flush()
        return json.loads(self.p.stdout.readline())

    def generate_ids(self, ids, max_new=300):
        r = self.ask(op="generate", ids=ids, max=max_new)
        self.tokens += max(0, len(r["ids"]) - 1)
        self.ms += r["ms"] - r["firstMs"]
        return r["ids"]

    def chat(self, messages, tools=None, tool_json=dumps, max_new=300):
        ids = self.tok.encode(render(messages, tools, True, tool_json))
        return self.tok.decode(self.generate_ids(ids, max_new))

    def close(self):
        self.p.stdin.close()
        self.p.wait()


def check_tokenizer(eng, tok, n=200):
    odd = ["Hello, wörld! Ünïcödé.", "  two  spaces\n\n\nlines\t tabs ", "日本語 and emoji 🙂 ok",
           "It's Bob's, they're 12345 I'll we've", "a_b-c/d\\e {\"x\": [1, 2.50, -3e4]}", "",
           "<think>\n</think>\n\nx", "don't  stop\n  indented\n\tTab 007"]
    texts = [document_text(d) for d in documents(4242, n - len(odd))] + odd
    bad = [t for t in texts if eng.ask(op="tokenize", text=t)["ids"] != tok.encode(t)]
    print(f"tokenize: {len(texts) - len(bad)} of {len(texts)} samples agree", [b[:80] for b in bad[:3]])


def as_openai(m):
    """A message with its tool calls in the form that hosts pass to a template."""
    if "tool_calls" not in m:
        return m
    return {**m, "content": None, "tool_calls": [{"type": "function", "function": c} for c in m["tool_calls"]]}


def check_template(n=300):
    import jinja2
    env = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    env.filters["tojson"] = lambda x: json.dumps(x, ensure_ascii=False)
    with open("chat_template.jinja", encoding="utf-8") as f:
        template = env.from_string(f.read().rstrip("\n"))
    ok = total = 0
    for d in documents(777, n):
        if d[0] == "text":
            continue
        for gen in (False, True):
            msgs = [as_openai(m) for m in d[1]]
            total += 1
            text = template.render(messages=msgs, tools=d[2], add_generation_prompt=gen)
            ok += text == render(d[1], d[2], gen)
    print(f"template: {ok} of {total} renderings agree")


def check_parity(eng, tok, path, n=20):
    import torch
    from model import Config, TinyLlama, greedy
    ck = torch.load(path, map_location="cpu")
    model = TinyLlama(Config(**ck["config"]))
    model.load_state_dict(ck["model"])
    model.eval()
    stop = {tok.ids["<|im_end|>"], tok.ids["<|endoftext|>"]}
    rng, same, done = random.Random(31), 0, 0
    while done < n:
        d = document(rng)
        if d[0] == "text":
            continue
        ids = tok.encode(render(d[1][:-1], d[2], True, d[3]))
        if len(ids) > 400 or d[1][-1]["role"] != "assistant":
            continue
        a, b = greedy(model, ids, stop, 120), eng.generate_ids(ids, 120)
        same += a == b
        done += 1
        if a != b:
            print("  differs:", repr(tok.decode(a)), "|", repr(tok.decode(b)))
    print(f"parity: {same} of {n} greedy answers are the same in PyTorch (float32) and the engine")


def check_same(eng, other, n=100):
    """Greedy answers of two files (say Q8_0 and F16) on the same prompts."""
    rng, same, done = random.Random(77), 0, 0
    while done < n:
        d = document(rng)
        if d[0] == "text":
            continue
        ids = eng.tok.encode(render(d[1][:-1], d[2], True, d[3]))
        if len(ids) < 700:
            same += eng.generate_ids(ids) == other.generate_ids(ids)
            done += 1
    print(f"quantisation: {same} of {n} greedy answers are the same in the two files")


def as_calls(text):
    """The tool calls in a text, or None if one is malformed."""
    calls = re.findall(r"<tool_call>\n(.*?)\n</tool_call>", text, re.S)
    try:
        return [json.loads(c) for c in calls]
    except ValueError:
        return None


def story_ok(hero, length, a):
    n = len(re.findall(r'[.!?]"?(?:\s|$)', a))
    word = hero[1] if hero[0] in ("girl", "boy") else (hero[2] or hero[1])
    lo, hi = (6, 16) if length == "long" else (3, 8)
    return word.lower() in a.lower() and lo <= n <= hi and a.endswith((".", "!", '"'))


class Score:
    """Right and asked, by category, and the wrong answers."""

    def __init__(self):
        self.counts = {}
        self.wrong = []

    def note(self, category, good, prompt, want, got):
        right, asked = self.counts.get(category, (0, 0))
        self.counts[category] = (right + bool(good), asked + 1)
        if not good:
            self.wrong.append((category, prompt, want, got))

    def print_table(self):
        print("\n| category | right | asked | % |\n| --- | ---: | ---: | ---: |")
        rows = list(self.counts.items())
        rows.append(("**all**", tuple(map(sum, zip(*self.counts.values())))))
        for category, (right, asked) in rows:
            print(f"| {category} | {right} | {asked} | {100 * right / asked:.1f} |")


def user(text):
    return {"role": "user", "content": text}


def system(text):
    return {"role": "system", "content": text}


def ask_facts(eng, rng, score, per):
    """Held-out questions in plain wording, then the closed list of small talk, all of it trained on,
    then held-out questions in varied wording under a generic system prompt."""
    for f in list(FACTUAL) + [qa_unknown, qa_echo]:
        for _ in range(per):
            qa = sample_qa(rng, {f: 1}, True)
            a = eng.chat([user(qa.q)])
            score.note(qa.cat, a == qa.long, qa.q, qa.long, a)
    for questions, want, _ in SMALLTALK:
        for q in questions:
            a = eng.chat([user(q)])
            score.note("smalltalk (trained)", a == want, q, want, a)
    for _ in range(2 * per):
        qa = sample_qa(rng, FACTUAL, True)
        q = vary(rng, qa)
        a = eng.chat([system(rng.choice(GENERIC_SYSTEM)), user(q)])
        score.note("facts, varied wording + system prompt", a == qa.long, q, qa.long, a)


def ask_styles(eng, rng, score, per):
    """Styles and names that the system prompt sets."""
    for style in STYLE_SYSTEM:
        n = 0
        while n < per:
            qa = sample_qa(rng, FACTUAL, True)
            want = styled(qa, style)
            if want is None:
                continue
            n += 1
            a = eng.chat([system(rng.choice(STYLE_SYSTEM[style])), user(qa.q)])
            score.note(f"style: {style}", a == want, qa.q, want, a)
    for _ in range(per):
        prompt, questions, want = persona(rng)
        q = rng.choice(questions)
        a = eng.chat([system(prompt), user(q)])
        score.note("style: persona name", a == want, prompt + " / " + q, want, a)


def ask_json(eng, rng, score, per):
    n = 0
    while n < per:
        qa = sample_qa(rng, FACTUAL, True)
        request = json_request(rng, qa) if qa.subj and qa.cat != "yesno" else None
        if request:
            n += 1
            q, want = request
            a = eng.chat([user(q)])
            score.note("json: keys named in the request", a == want, q, want, a)
    for _ in range(per):
        q, want = json_extract(rng)
        a = eng.chat([user(q)])
        score.note("json: extraction", a == want, q, want, a)


def ask_recall(eng, rng, score, n):
    for _ in range(n):
        msgs = recall_doc(rng)
        want = msgs[-1]["content"]
        a = eng.chat(msgs[:-1])
        score.note("recall", a == want, [m["content"] for m in msgs[:-1]], want, a)


def ask_tools(eng, rng, score, n):
    """The last answer of conversations with tools and, where that follows a result, the call before it."""
    for _ in range(n):
        msgs, tools, tool_json = tool_doc(rng)

        def ask(k, category):
            want = msgs[k].get("tool_calls")
            a = eng.chat(msgs[:k], tools, tool_json)
            good = as_calls(a) == want if want else a == msgs[k]["content"]
            score.note(category, good, msgs[k - 1]["content"], want or msgs[k]["content"], a)

        last = len(msgs) - 1
        if msgs[last].get("tool_calls"):
            ask(last, "tools: call")
        elif msgs[last - 1]["role"] == "tool":
            ask(max(i for i in range(last) if msgs[i].get("tool_calls")), "tools: call")
            ask(last, "tools: final sentence")
        else:
            ask(last, "tools: no call needed")


def ask_stories(eng, rng, score, n):
    """Stories: on topic, of the right length, properly ended."""
    for _ in range(n):
        q, hero, length = story_request(rng)
        if " about " not in q:
            continue
        a = eng.chat([user(q)], max_new=500)
        score.note("story (checks)", story_ok(hero, length, a), q, "-", a)


def accuracy(eng, per, verbose):
    # One generator for all of them: the order of the calls decides what is asked.
    rng, score = random.Random(20240), Score()
    ask_facts(eng, rng, score, per)
    ask_styles(eng, rng, score, per)
    ask_json(eng, rng, score, per)
    ask_recall(eng, rng, score, 2 * per)
    ask_tools(eng, rng, score, 4 * per)
    ask_stories(eng, rng, score, per)
    score.print_table()
    print(f"\n{1000 * eng.tokens / max(1, eng.ms):.0f} tokens/s while generating")
    if verbose:
        for w in score.wrong:
            print(w)


# Wordings that the templates do not produce; right if the answer contains the text.
FREE = [
    ("Which city do you get if you ask for the capital of Japan?", "Tokyo"),
    ("I forgot the capital of Norway, what was it?", "Oslo"), ("So what's Peru's capital called?", "Lima"),
    ("France has what capital?", "Paris"), ("Kenya capital city", "Nairobi"),
    ("Help me: capital of Cuba", "Havana"), ("My homework asks for the capital of Egypt.", "Cairo"),
    ("Tell me please what is the capital of Italy", "Rome"), ("Madrid is the capital of", "Spain"),
    ("Say, what is the capital city of Sweden called?", "Stockholm"),
    ("What colour would you say grass is?", "green"), ("Which colour has a banana?", "yellow"),
    ("Blood is what colour?", "red"), ("The sky, what colour is it?", "blue"),
    ("Describe the colour of snow.", "white"), ("I need the opposite of hot.", "cold"),
    ("What would be the opposite of big?", "small"), ("hot is the opposite of what?", "cold"),
    ("Please give the opposite of happy", "sad"), ("the opposite of left?", "right"),
    ("After Monday comes which day?", "Tuesday"), ("Which day do we have after Friday?", "Saturday"),
    ("June is followed by which month?", "July"), ("How many days in April?", "30"),
    ("A week has how many days?", "7"), ("How many hours make a day?", "24"),
    ("Cats say what?", "meow"), ("What sound do you hear from a cow?", "moo"),
    ("What's the word for a baby dog?", "puppy"), ("A spider has how many legs?", "8"),
    ("Legs of a bee?", "6"), ("Please add 2 and 2", "4"), ("what is 7 plus 5", "12"), ("10 minus 4 equals?", "6"),
    ("How much do 3 and 6 make together?", "9"), ("3 times 3?", "9"), ("Give me the result of 8 + 8", "16"),
    ("Count up from 2 to 6", "2, 3, 4, 5, 6"), ("1 to 5, please count", "1, 2, 3, 4, 5"),
    ("How is the word house spelled?", "H-O-U-S-E"), ("spell dog please", "D-O-G"),
    ("Do birds fly?", "Yes"), ("Is it true that fish can swim?", "Yes"), ("Could a cow fly?", "No"),
    ("Is ice a cold thing?", "Yes"), ("Is a carrot an animal or not?", "No"),
    ("Give me some fruits", "apple"), ("What sort of thing is a hammer?", "tool"),
    ("Hello my friend", "Hello"), ("hi there, who are you?", "inferd"), ("May I ask who you are?", "inferd"),
    ("Who is the president of France?", "I do not know"), ("Explain how a rocket works", "I do not know"),
    ("Which team won yesterday?", "I do not know"), ("How do I cook rice?", "I do not know"),
    ("Could you tell a story about a dragon?", "dragon"), ("I'd love a story about a cat.", "cat"),
    ("Please repeat the word banana", "banana"), ("Say hello world", "hello world"),
]


def free(eng):
    good = 0
    for q, want in FREE:
        a = eng.chat([user(q)])
        ok = want.lower() in a.lower()
        good += ok
        if not ok:
            print(f"  {q!r} -> {a!r} (wanted {want!r})")
    print(f"free wordings: {good} of {len(FREE)}")


WEATHER_TOOL = {"type": "function", "function": {
    "name": "get_weather", "description": "Get the current weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
ADD_TOOL = {"type": "function", "function": {
    "name": "add", "description": "Add two numbers",
    "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
                   "required": ["a", "b"]}}}


def samples(eng):
    cases = [
        [user("Hello!")], [user("Who are you?")], [user("What is the capital of France?")],
        [system("Answer in one word."), user("What is the capital of Japan?")],
        [system("You are a pirate."), user("What colour is the sky?")],
        [system("Think first."), user("What is 7 + 8?")],
        [user("What is the capital of Italy? Answer in JSON with the keys city and country.")],
        [user("Tell me a story about a fox.")], [user("Write a story about a girl named Ada.")],
        [user("Who won the world cup in 1998?")], [user("Count from 1 to 10.")],
        [user("Spell house.")], [user("Repeat after me: the quick brown fox")],
        [user("List three fruits.")],
    ]
    for msgs in cases:
        print([m["content"] for m in msgs], "->", repr(eng.chat(msgs)))
    msgs = []
    for q in ("My name is Ada.", "What is the capital of Spain?", "What is my name?"):
        msgs.append(user(q))
        msgs.append({"role": "assistant", "content": eng.chat(msgs)})
        print("two-turn:", q, "->", repr(msgs[-1]["content"]))
    tools = [WEATHER_TOOL, ADD_TOOL]
    msgs = [system("You are a helpful assistant."), user("What is the weather in Paris?")]
    a = eng.chat(msgs, tools)
    print("tools:", msgs[-1]["content"], "->", repr(a))
    if as_calls(a):
        msgs += [{"role": "assistant", "tool_calls": as_calls(a)},
                 {"role": "tool", "content": '{"temperature": 18, "condition": "sunny"}'}]
        print("tools: (result)", msgs[-1]["content"], "->", repr(eng.chat(msgs, tools)))
    for q in ("What is the weather in Rome and Oslo?", "What is 120 + 345?", "What is the capital of Peru?", "Hello!"):
        print("tools:", q, "->", repr(eng.chat([user(q)], tools)))
    print("completion: 'Once upon a time' ->",
          repr(eng.tok.decode(eng.generate_ids(eng.tok.encode("Once upon a time"), 150))))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--gguf", default="inferd-demo-q8_0.gguf")
    ap.add_argument("--other", default="inferd-demo-f16.gguf", help="the file to compare with, for quant")
    ap.add_argument("--model", default="model.pt", help="the PyTorch weights, for parity")
    ap.add_argument("--tokenizer", default="tokenizer.json")
    ap.add_argument("--what", default="all", help="comma-separated, of the list above")
    ap.add_argument("--per", type=int, default=60, help="questions per category")
    ap.add_argument("--verbose", action="store_true", help="print the wrong answers")
    args = ap.parse_args()
    tok = Tokenizer.load(args.tokenizer)
    eng = Engine(args.gguf, tok)
    what = args.what.split(",")

    def on(x):
        return "all" in what or x in what

    if on("tokenize"):
        check_tokenizer(eng, tok)
    if on("template"):
        check_template()
    if on("parity"):
        check_parity(eng, tok, args.model)
    if on("quant"):
        other = Engine(args.other, tok)
        check_same(eng, other)
        other.close()
    if on("accuracy"):
        accuracy(eng, args.per, args.verbose)
    if on("free"):
        free(eng)
    if on("samples"):
        samples(eng)
    eng.close()


if __name__ == "__main__":
    main()
