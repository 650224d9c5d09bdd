"""Deterministic synthetic chat corpus. Everything here comes from facts.py and
the templates below; no external text is used.

A document is ("chat", messages, tools, tool_json) or ("text", a plain story);
`document_text` renders either.
Questions whose text hashes into the held-out set are never generated for
training; evaluate.py asks exactly those.

  python3 corpus.py --docs 5 --seed 1      # look at a few documents
"""
import argparse
import json
import random
import zlib
from dataclasses import dataclass

from chatml import dumps, render
from facts import (BABIES, CAPITALS, COLOURS, DAYS, KINDS, LEGS, MASS, MONTH_DAYS, MONTHS, NAMES, NOUNS,
                   OPPOSITES, ORDINALS, PLACES, PLURAL_KIND, SOUNDS, SPELL, TOPICS, YESNO)

HOLDOUT = 12   # one question text in 12 is kept for evaluation


def held_out(cat, q):
    return zlib.crc32(f"{cat}|{q}".encode()) % HOLDOUT == 0


@dataclass
class QA:
    """One question with all the forms of its answer."""
    cat: str
    q: str
    long: str                  # the plain answer
    short: str = ""            # the one-word answer ("" = not available)
    why: str = ""              # reasoning for <think>
    subj: tuple = ()           # (possible JSON keys, value)
    ans: tuple = ()            # (possible JSON keys, value)
    raw: bool = False          # the wording must not be varied (copying tasks)


def cap(s):
    return s[:1].upper() + s[1:]


def low(s):
    return s[:1].lower() + s[1:]


def an(w):
    return ("an " if w[0] in "aeiou" else "a ") + w


def a_or_mass(w):
    return w if w in MASS else an(w)


SYL = "ba be bo da de do fa fi ga go ka ki ko la le lo lu ma me mi mo na ne no pa pe po ra re ri ro " \
      "sa se so ta te ti to tu va ve vi vo wa we za zo zu".split()
ENDS = ["n", "r", "l", "s", "x", "th", "m", "k", "", "", "", "nd", "rt"]


def invented(rng):
    """An invented word, so that copying is learnt in general, not as a list."""
    return cap("".join(rng.choice(SYL) for _ in range(rng.choice([1, 2, 2, 3]))) + rng.choice(ENDS))


def a_name(rng):
    return rng.choice(NAMES) if rng.random() < 0.7 else invented(rng)


def a_place(rng):
    r = rng.random()
    if r < 0.35:
        return rng.choice(list(CAPITALS.values()))
    return rng.choice(PLACES) if r < 0.75 else invented(rng)


# --------------------------------------------------------------------------
# Questions about facts
# --------------------------------------------------------------------------

def qa_capital(rng):
    country = rng.choice(list(CAPITALS))
    city = CAPITALS[country]
    q = rng.choice([
        "What is the capital of {c}?", "What's the capital of {c}?", "Name the capital of {c}.",
        "Which city is the capital of {c}?", "Tell me the capital of {c}.", "The capital of {c}?",
        "What city is the capital of {c}?", "{C}'s capital?", "What is {c}'s capital?",
        "Do you know the capital of {c}?", "Capital of {c}?", "Can you name the capital of {c}?",
        "What is the capital city of {c}?", "What is the name of the capital of {c}?",
        "Give me the capital of {c}.", "I want to know the capital of {c}.",
        "{C}: what is its capital?", "Which city is {c}'s capital?",
        "Could you tell me what the capital of {c} is?", "Please name the capital city of {c}.",
    ]).format(c=country, C=cap(country))
    return QA("capital", q, f"The capital of {country} is {city}.", city,
              f"The question is about {country}. Its capital is {city}.",
              (["country", "nation"], cap(country)), (["capital", "city"], city))


def qa_capital_rev(rng):
    country = rng.choice(list(CAPITALS))
    city = CAPITALS[country]
    q = rng.choice([
        "{x} is the capital of which country?", "Which country has {x} as its capital?",
        "Of which country is {x} the capital?", "In which country is {x}?",
        "What country is {x} in?", "Where is {x}?", "{x} is the capital of what country?",
        "Which country is {x} in?", "What country has the capital {x}?",
    ]).format(x=city)
    return QA("capital_rev", q, f"{city} is the capital of {country}.", cap(country),
              f"The question is about {city}. It is the capital of {country}.",
              (["city", "capital"], city), (["country", "nation"], cap(country)))


def qa_colour(rng):
    thing = rng.choice(list(COLOURS))
    c = COLOURS[thing]
    w = rng.choice(["colour", "color"])
    q = rng.choice([
        "What {w} is {t}?", "What is the {w} of {t}?", "Which {w} is {t}?",
        "Tell me the {w} of {t}.", "What {w} does {t} have?", "Do you know the {w} of {t}?",
        "Name the {w} of {t}.", "{T} has which {w}?", "What's the {w} of {t}?",
        "Can you tell me what {w} {t} is?", "The {w} of {t}?", "Give me the {w} of {t}.",
    ]).format(w=w, t=thing, T=cap(thing))
    return QA("colour", q, f"{cap(thing)} is {c}.", cap(c), f"I think of {thing}. It is {c}.",
              (["thing", "object"], thing), (["colour", "color"], c))


OPP = {}
for _a, _b in OPPOSITES:
    OPP.setdefault(_a, _b)
    OPP.setdefault(_b, _a)


def qa_opposite(rng):
    a = rng.choice(list(OPP))
    b = OPP[a]
    w = rng.choice([a, a, f"'{a}'", f'"{a}"'])
    q = rng.choice([
        "What is the opposite of {w}?", "What's the opposite of {w}?", "Opposite of {w}?",
        "Tell me the opposite of {w}.", "Which word is the opposite of {w}?",
        "Give me the opposite of {w}.", "Name the opposite of {w}.", "The opposite of {w} is what?",
        "Do you know the opposite of {w}?", "What word means the opposite of {w}?",
        "What is the antonym of {w}?", "Can you give me the opposite of {w}?",
    ]).format(w=w)
    return QA("opposite", q, f"The opposite of {a} is {b}.", cap(b),
              f"The word is {a}. Its opposite is {b}.", (["word"], a), (["opposite"], b))


def qa_calendar(rng):
    kind = rng.randrange(7)
    if kind <= 2:
        seq, unit = (DAYS, "day") if rng.random() < 0.5 else (MONTHS, "month")
        i = rng.randrange(len(seq))
        after = rng.random() < 0.55
        x, y = seq[i], seq[(i + (1 if after else -1)) % len(seq)]
        rel = "after" if after else "before"
        verb = rng.choice(["comes", "is", "comes right", "follows" if after else "comes"])
        if verb == "follows":
            q = rng.choice(["Which {u} follows {x}?", "What {u} follows {x}?"])
        else:
            q = rng.choice(["What {u} {v} {r} {x}?", "Which {u} {v} {r} {x}?",
                            "Name the {u} {r} {x}.", "Tell me the {u} {r} {x}.",
                            "What is the {u} {r} {x}?", "What {v} {r} {x}?"])
        q = q.format(u=unit, v=verb, r=rel, x=x)
        return QA("calendar", q, f"{y} comes {rel} {x}.", y,
                  f"The {unit} is {x}. The one {rel} it is {y}.",
                  (["given", "start"], x), ([unit, "answer"], y))
    if kind == 3:
        i = rng.randrange(12)
        q = rng.choice(["What is the {o} month of the year?", "Which month is the {o}?",
                        "Name the {o} month.", "Tell me the {o} month of the year.",
                        "What is the {o} month?"]).format(o=ORDINALS[i])
        return QA("calendar", q, f"The {ORDINALS[i]} month is {MONTHS[i]}.", MONTHS[i],
                  f"I count the months. The {ORDINALS[i]} is {MONTHS[i]}.",
                  (["position"], ORDINALS[i]), (["month", "answer"], MONTHS[i]))
    if kind == 4:
        i = rng.randrange(7)
        q = rng.choice(["What is the {o} day of the week?", "Which day of the week is the {o}?",
                        "Name the {o} day of the week.", "Tell me the {o} day of the week."]
                       ).format(o=ORDINALS[i])
        return QA("calendar", q, f"The {ORDINALS[i]} day of the week is {DAYS[i]}.", DAYS[i],
                  f"I count the days. The {ORDINALS[i]} is {DAYS[i]}.",
                  (["position"], ORDINALS[i]), (["day", "answer"], DAYS[i]))
    if kind == 5:
        i = rng.randrange(12)
        q = rng.choice(["How many days does {m} have?", "How many days are in {m}?",
                        "How many days are there in {m}?", "How long is {m}?",
                        "What is the number of days in {m}?"]).format(m=MONTHS[i])
        return QA("calendar", q, f"{MONTHS[i]} has {MONTH_DAYS[i]} days.", str(MONTH_DAYS[i]),
                  f"The month is {MONTHS[i]}. It has {MONTH_DAYS[i]} days.",
                  (["month"], MONTHS[i]), (["days", "answer"], MONTH_DAYS[i]))
    what, n, of = rng.choice([("days", 7, "week"), ("months", 12, "year"), ("hours", 24, "day"),
                              ("minutes", 60, "hour"), ("seconds", 60, "minute"),
                              ("seasons", 4, "year")])
    q = rng.choice(["How many {w} are in {o}?", "How many {w} does {o} have?",
                    "How many {w} are there in {o}?", "Tell me how many {w} are in {o}.",
                    "What is the number of {w} in {o}?"]).format(w=what, o="an hour" if of == "hour" else an(of))
    subj = "an hour" if of == "hour" else an(of)
    return QA("calendar", q, f"{cap(subj)} has {n} {what}.", str(n),
              f"I think of {subj}. It has {n} {what}.", (["unit"], of), ([what, "answer"], n))


def qa_animal(rng):
    k = rng.randrange(3)
    if k == 0:
        a = rng.choice(list(SOUNDS))
        q = rng.choice(["What sound does {a} make?", "What does {a} say?",
                        "Which sound does {a} make?", "What noise does {a} make?",
                        "Tell me the sound of {a}.", "What is the sound of {a}?",
                        "How does {a} sound?", "What does {a} sound like?"]).format(a=an(a))
        return QA("animal", q, f"{cap(an(a))} says {SOUNDS[a]}.", cap(SOUNDS[a]),
                  f"The animal is {an(a)}. It says {SOUNDS[a]}.",
                  (["animal"], a), (["sound", "noise"], SOUNDS[a]))
    if k == 1:
        a = rng.choice(list(BABIES))
        q = rng.choice(["What is a baby {b} called?", "What do you call a baby {b}?",
                        "What is the young of {a} called?", "Name the young of {a}.",
                        "What's a baby {b} called?", "A baby {b} is called what?",
                        "How do you call a young {b}?"]).format(a=an(a), b=a)
        return QA("animal", q, f"A baby {a} is called a {BABIES[a]}." if BABIES[a][0] not in "aeiou"
                  else f"A baby {a} is called an {BABIES[a]}.", cap(BABIES[a]),
                  f"The animal is {an(a)}. Its young is called {an(BABIES[a])}.",
                  (["animal"], a), (["baby", "young"], BABIES[a]))
    a = rng.choice(list(LEGS))
    n = LEGS[a]
    q = rng.choice(["How many legs does {a} have?", "How many legs has {a}?",
                    "Tell me how many legs {a} has.", "What is the number of legs of {a}?",
                    "Number of legs of {a}?", "How many legs are on {a}?"]).format(a=an(a))
    return QA("animal", q, f"{cap(an(a))} has {n if n else 'no'} legs.", str(n),
              f"The animal is {an(a)}. It has {n} legs.", (["animal"], a), (["legs"], n))


def qa_arith(rng):
    op = rng.choices("+-*", [5, 4, 2])[0]
    if op == "*":
        a, b = rng.randint(0, 10), rng.randint(0, 10)
        r, w = a * b, "times"
    else:
        a, b = rng.randint(0, 20), rng.randint(0, 20)
        if op == "-" and b > a:
            a, b = b, a
        r, w = (a + b, "plus") if op == "+" else (a - b, "minus")
    if rng.random() < 0.15 and op != "*":
        thing = rng.choice(["apples", "books", "coins", "pens", "cookies", "stones", "eggs",
                            "balls", "oranges", "cards", "stamps", "shells"])
        who, verb, obj = rng.choice([("I", "have", "I"), ("Tom", "has", "he"), ("Mia", "has", "she"),
                                     ("Ben", "has", "he"), ("Ada", "has", "she")])
        s = "" if who == "I" else "s"
        do = "do" if who == "I" else "does"
        if op == "+":
            act = rng.choice([f"get{s} {b} more", f"buy{s} {b} more", f"find{s} {b} more"])
        else:
            act = rng.choice([f"lose{s} {b}", f"give{s} away {b}", f"sell{s} {b}"])
        q = f"{who} {verb} {a} {thing} and {act}. How many {thing} {do} {obj} have now?"
        subj = "You" if who == "I" else who
        ansv = "have" if who == "I" else "has"
        return QA("arith", q, f"{subj} {ansv} {r} {thing} now.", str(r),
                  f"{a} {w} {b} is {r}.", (["expression"], f"{a} {op} {b}"),
                  (["result", "answer"], r))
    e = rng.choice([f"{a} {op} {b}", f"{a}{op}{b}", f"{a} {w} {b}"])
    q = rng.choice(["What is {e}?", "What's {e}?", "{e}", "{e} = ?", "Calculate {e}.",
                    "How much is {e}?", "Compute {e}.", "Tell me what {e} is.", "{e}?",
                    "Can you work out {e}?", "What does {e} make?", "Solve {e}.",
                    "What is the result of {e}?"]).format(e=e)
    if rng.random() < 0.12:
        q = {"+": rng.choice([f"Add {a} and {b}.", f"What is the sum of {a} and {b}?"]),
             "-": rng.choice([f"Subtract {b} from {a}.", f"Take {b} away from {a}."]),
             "*": rng.choice([f"Multiply {a} by {b}.", f"What is the product of {a} and {b}?"])}[op]
    return QA("arith", q, f"{a} {w} {b} is {r}.", str(r),
              f"I must work out {a} {op} {b}. The result is {r}.",
              (["expression", "question"], f"{a} {op} {b}"), (["result", "answer"], r))


def qa_count(rng):
    k = rng.random()
    if k < 0.62:
        r = rng.random()
        if r < 0.7:
            a = rng.choice([1, 1, rng.randint(0, 20)])
            b = a + rng.randint(2, 12)
        elif r < 0.85:
            a, b = 1, rng.choice([15, 20, 20, 25, 30, 40, 50])
        elif r < 0.9:
            a, b = 1, 100
        else:
            a = rng.randint(10, 85)
            b = a + rng.randint(3, 10)
        seq = list(range(a, b + 1))
        if rng.random() < 0.15 and a >= 0 and b <= 30:
            seq = seq[::-1]
            q = rng.choice(["Count down from {b} to {a}.", "Count backwards from {b} to {a}.",
                            "Please count down from {b} to {a}."]).format(a=a, b=b)
        elif a == 1 and rng.random() < 0.5:
            q = rng.choice(["Count to {b}.", "Please count to {b}.", "Can you count to {b}?",
                            "Count up to {b}.", "Write the numbers up to {b}."]).format(b=b)
        else:
            q = rng.choice(["Count from {a} to {b}.", "Please count from {a} to {b}.",
                            "List the numbers from {a} to {b}.", "Write the numbers from {a} to {b}.",
                            "Can you count from {a} to {b}?", "Say the numbers from {a} to {b}."]
                           ).format(a=a, b=b)
        s = ", ".join(map(str, seq))
        return QA("count", q, s + ".", "", f"I count from {seq[0]} to {seq[-1]}.")
    n = rng.randint(0, 98)
    after = n == 0 or rng.random() < 0.6
    m = n + 1 if after else n - 1
    rel = "after" if after else "before"
    q = rng.choice(["What number comes {r} {n}?", "Which number comes {r} {n}?",
                    "What comes {r} {n}?", "Tell me the number {r} {n}.",
                    "Which number is right {r} {n}?", "What is the number {r} {n}?"]).format(r=rel, n=n)
    return QA("count", q, f"{m} comes {rel} {n}.", str(m), f"The number {rel} {n} is {m}.",
              (["number", "given"], n), ([("next" if after else "previous"), "answer"], m))


def qa_spell(rng):
    w = rng.choice(SPELL)
    s = "-".join(w.upper())
    k = rng.choice([w, f"'{w}'", f'"{w}"', f"the word {w}", f"the word '{w}'"])
    q = rng.choice(["Spell {k}.", "How do you spell {k}?", "Please spell {k}.",
                    "Can you spell {k}?", "How is {k} spelled?", "Tell me how to spell {k}.",
                    "Spell {k} for me."]).format(k=k)
    return QA("spell", q, s + ".", "", f"The word is {w}. Its letters are {s}.",
              (["word"], w), (["letters", "spelling"], s))


def qa_yesno(rng):
    r = rng.random()
    if r < 0.5:
        k = rng.choice(list(YESNO))
        yes, fact = YESNO[k]
        q = rng.choice(["{k}?", "{k}?", "Tell me: {l}?", "True or false: {f}?", "Yes or no: {l}?",
                        "Do you know this: {l}?", "I wonder: {l}?", "Answer this: {l}?",
                        "{k}, yes or no?"])
        if "{f}" in q:
            q = q.format(f=fact)
            return QA("yesno", q, f"True, {fact}.", "True", f"I know that {fact}.",
                      (["statement"], fact), (["true", "answer"], True))
        q = q.format(k=k, l=low(k))
        return QA("yesno", q, f"{'Yes' if yes else 'No'}, {fact}.", "Yes" if yes else "No",
                  f"I know that {fact}.", (["question"], k + "?"), (["answer"], yes))
    if r < 0.75:
        kind = rng.choice(list(KINDS))
        x = rng.choice(KINDS[kind])
        if x == "orange":
            x = "red" if kind == "colour" else "apple"
        other = kind if rng.random() < 0.5 else rng.choice([k for k in KINDS if k != kind])
        yes = other == kind
        q = rng.choice(["Is {x} {k}?", "Is {x} {k}?", "Would you say {x} is {k}?",
                        "Tell me, is {x} {k}?", "Yes or no: is {x} {k}?"]
                       ).format(x=a_or_mass(x), k=an(other))
        full = f"{a_or_mass(x)} is {an(kind)}"
        return QA("yesno", q, f"{'Yes' if yes else 'No'}, {full}.", "Yes" if yes else "No",
                  f"I know that {full}.", (["thing"], x), (["answer"], yes))
    if r < 0.88:
        a, b = rng.randint(0, 20), rng.randint(0, 20)
        if a == b:
            b = a + 1
        w = rng.choice(["bigger", "larger", "smaller", "greater"])
        yes = a < b if w == "smaller" else a > b
        is_w = f"{a} is {'smaller' if a < b else 'bigger'} than {b}"
        q = rng.choice(["Is {a} {w} than {b}?", "Is the number {a} {w} than {b}?",
                        "Yes or no: is {a} {w} than {b}?"]).format(a=a, b=b, w=w)
        return QA("yesno", q, f"{'Yes' if yes else 'No'}, {is_w}.", "Yes" if yes else "No",
                  f"I compare {a} and {b}. {is_w}.", (["question"], q), (["answer"], yes))
    country = rng.choice(list(CAPITALS))
    city = CAPITALS[country]
    other = country if rng.random() < 0.5 else rng.choice([c for c in CAPITALS if c != country])
    yes = other == country
    q = rng.choice(["Is {x} in {c}?", "Is {x} the capital of {c}?", "Is the capital of {c} {x}?",
                    "Yes or no: is {x} the capital of {c}?"]).format(x=city, c=other)
    return QA("yesno", q, f"{'Yes' if yes else 'No'}, {city} is the capital of {country}.",
              "Yes" if yes else "No", f"I know that {city} is the capital of {country}.",
              (["city"], city), (["answer"], yes))


NUMBER_WORDS = ["one", "two", "three", "four", "five", "six"]


def qa_kind(rng):
    kind = rng.choice(list(KINDS))
    if rng.random() < 0.45:
        x = rng.choice(KINDS[kind])
        if x == "orange":
            x = KINDS[kind][0]
        q = rng.choice(["What is {x}?", "What's {x}?", "What kind of thing is {x}?",
                        "Tell me what {x} is.", "Explain what {x} is.", "Do you know what {x} is?",
                        "What do you know about {x}?", "Can you tell me what {x} is?"]
                       ).format(x=a_or_mass(x))
        return QA("kind", q, f"{cap(a_or_mass(x))} is {an(kind)}.", cap(kind.split()[-1]),
                  f"I think of {a_or_mass(x)}. It is {an(kind)}.",
                  (["thing", "word"], x), (["kind", "type"], kind))
    n = rng.randint(1, 6)
    items = KINDS[kind][:n]
    nw = NUMBER_WORDS[n - 1] if rng.random() < 0.7 else str(n)
    if n == 1:
        q = rng.choice(["Name {k}.", "Give me an example of {k}.", "Tell me the name of {k}.",
                        "Can you name {k}?"]).format(k=an(kind))
        return QA("kind", q, f"{cap(a_or_mass(items[0]))} is {an(kind)}.", cap(items[0]),
                  f"One example of {an(kind)} is {a_or_mass(items[0])}.",
                  (["kind"], kind), (["example", "answer"], items[0]))
    k = PLURAL_KIND[kind]
    if rng.random() < 0.5:
        q = rng.choice(["List {n} {k}.", "Make a list of {n} {k}.", "Give me a list of {n} {k}.",
                        "Write a list with {n} {k}."]).format(n=nw, k=k)
        return QA("kind", q, "\n".join(f"{i}. {x}" for i, x in enumerate(items, 1)), "",
                  f"I need {NUMBER_WORDS[n - 1]} {k}.", (["kind"], kind), (["items", "list"], items))
    q = rng.choice(["Name {n} {k}.", "Tell me {n} {k}.", "Can you name {n} {k}?",
                    "Give me the names of {n} {k}.", "Please name {n} {k}."]).format(n=nw, k=k)
    return QA("kind", q, cap(", ".join(items[:-1])) + " and " + items[-1] + ".", "",
              f"I need {NUMBER_WORDS[n - 1]} {k}.", (["kind"], kind), (["items", "list"], items))


def qa_unknown(rng):
    t, p, n, y = rng.choice(TOPICS), a_place(rng), a_name(rng), rng.randint(1500, 2030)
    n2 = a_name(rng)
    r = rng.random()
    if r < 0.25:
        q = rng.choice(["Explain {t}.", "What is {t}?", "How does {t} work?", "Tell me about {t}.",
                        "Can you explain {t} to me?", "What do you know about {t}?",
                        "Who invented {t}?", "Why is {t} important?", "Write an essay about {t}.",
                        "Give me a summary of {t}.", "When did {t} begin?",
                        "What do people think about {t}?"]).format(t=t)
    elif r < 0.5:
        q = rng.choice(["What is the population of {p}?", "How many people live in {p}?",
                        "What is the weather in {p}?", "How do I get to {p}?",
                        "Who is the mayor of {p}?", "What time is it in {p}?",
                        "Which hotel in {p} is the best?", "How far is it to {p}?",
                        "What should I see in {p}?", "How hot is it in {p} today?",
                        "Is it raining in {p}?", "Where can I eat in {p}?"]).format(p=p)
    elif r < 0.7:
        q = rng.choice(["Who is {n} {m}?", "When was {n} {m} born?", "How old is {n} {m}?",
                        "What did {n} {m} write?", "Who won the election in {y}?",
                        "Who won the cup in {y}?", "What happened in {y}?",
                        "Where does {n} {m} live?", "Who was the president in {y}?",
                        "What is {n} {m} famous for?", "Which film won the prize in {y}?",
                        "What was invented in {y}?"]).format(n=n, m=n2, y=y)
    elif r < 0.8:
        a, b = rng.randint(120, 9999), rng.randint(120, 9999)
        q = rng.choice(["What is {a} times {b}?", "What is {a} * {b}?", "Calculate {a} + {b}.",
                        "What is the square root of {a}?", "Divide {a} by {b}.",
                        "What is {a} - {b}?"]).format(a=a, b=b)
    elif r < 0.9:
        x = invented(rng)
        q = rng.choice(["What is the capital of {x}?", "Where is {x}?", "What is {x}?",
                        "Who is {x}?", "In which country is {x}?", "What does {x} mean?",
                        "Name the capital of {x}."]).format(x=x)
    else:
        q = rng.choice([
            "What time is it?", "What day is it today?", "Who will win the match?",
            "What is the price of gold?", "Write a program that sorts a list.",
            "How do I fix my car?", "What should I cook tonight?", "What is the best film ever?",
            "What will happen tomorrow?", "How do I become rich?", "What is the news today?",
            "Which phone should I buy?", "How do I bake bread?", "Translate this into French.",
            "What are the lottery numbers?", "How many stars are there?",
            "How do I learn to dance?", "What is the speed of light?", "Who wrote the Bible?",
            "How deep is the ocean?", "Where are my keys?", "What is my bank balance?",
            "How do planes fly?", "Why do we dream?", "What is the answer to everything?",
            "Write me a poem in Latin.", "How do I install a printer?", "Who discovered America?",
            "How tall is the highest mountain?", "What is the longest river?",
        ])
    return QA("unknown", q, "I do not know.", "Unknown", "I have not learned this. I do not know it.",
              (["question"], q), (["answer"], None))


IDENTITY = ("I am the built-in demo model of inferd, a very small model that runs on your own "
            "machine.")
ABILITIES = ("I can answer simple questions, do small sums, count, spell, tell short stories and "
             "call tools.")
SMALLTALK = [
    (["Hello", "Hello!", "Hello.", "Hi", "Hi!", "Hi there!", "Hey", "Hey!", "Hello there!",
      "Good day!", "Greetings!", "Hiya!", "Hello model!", "Hi, how can you help me?"],
     "Hello! How can I help you today?", "Hello"),
    (["Good morning!", "Good morning.", "good morning"], "Good morning! How can I help you today?",
     "Morning"),
    (["Good evening!", "Good evening.", "good evening"], "Good evening! How can I help you today?",
     "Evening"),
    (["Good night!", "Good night.", "good night"], "Good night! Sleep well.", "Goodnight"),
    (["How are you?", "How are you today?", "How are you doing?", "How do you do?",
      "Are you well?", "How is it going?", "Hi, how are you?", "Hello, how are you?",
      "How do you feel?"], "I am fine, thank you! How can I help you?", "Fine"),
    (["Who are you?", "What are you?", "Tell me about yourself.", "Introduce yourself.",
      "What is this?", "Please introduce yourself.", "Describe yourself.", "Who am I talking to?",
      "What model are you?", "Which model are you?", "What kind of model are you?",
      "Who is there?", "Say who you are.", "What is your name?", "What's your name?",
      "Do you have a name?", "Tell me your name.", "Tell me who you are."], IDENTITY, "Inferd"),
    (["What can you do?", "What are you able to do?", "How can you help me?", "Can you help me?",
      "Help", "Help me.", "What do you know?", "What can I ask you?", "What are your skills?",
      "What can you help me with?", "I need help.", "What should I ask you?"], ABILITIES, ""),
    (["Are you a human?", "Are you human?", "Are you a person?", "Are you a real person?"],
     "No, I am a very small language model.", "No"),
    (["Are you a robot?", "Are you an AI?", "Are you a computer?", "Are you a language model?",
      "Are you a model?", "Are you a machine?"], "Yes, I am a very small language model.", "Yes"),
    (["How big are you?", "How large are you?", "How many parameters do you have?",
      "What is your size?", "Are you a big model?", "Are you small?"],
     "I am very small: I have about four million parameters.", "Small"),
    (["Who made you?", "Who created you?", "Who trained you?", "Where do you come from?",
      "Who built you?"], "I was trained by the inferd project on text made by a program.", "Inferd"),
    (["Thank you!", "Thanks!", "Thanks a lot!", "Thank you very much.", "thanks", "Thank you.",
      "Many thanks!", "Great, thanks!", "Thanks for your help!"], "You are welcome!", "Welcome"),
    (["Bye!", "Goodbye!", "Goodbye.", "See you!", "bye", "See you later!", "Farewell!",
      "I have to go."], "Goodbye! Have a nice day.", "Goodbye"),
    (["Tell me a joke.", "Do you know a joke?", "Make me laugh.", "Tell me something funny.",
      "A joke, please."],
     "Why did the duck cross the road? Because it wanted to say quack on the other side!", ""),
    (["OK", "Okay.", "I see.", "Good.", "Nice.", "Great!", "Cool.", "Wow!", "Very good.",
      "Well done!", "Good job!"], "I am glad to help!", "Good"),
    (["Are you there?", "Can you hear me?", "Test", "test", "This is a test.", "Testing.", "ping"],
     "Yes, I am here.", "Yes"),
]


def qa_smalltalk(rng):
    qs, a, s = rng.choice(SMALLTALK)
    return QA("smalltalk", rng.choice(qs), a, s, "The user talks to me. I give a friendly answer.")


ECHO_WORDS = SPELL + NOUNS + list(OPP) + "the a one two three and is my your we".split()


def qa_echo(rng):
    k = rng.random()
    if k < 0.5:
        text = " ".join(rng.choice(ECHO_WORDS) for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 5, 6, 7])))
    elif k < 0.75:
        text = " ".join(rng.choice([a_name(rng), invented(rng).lower(), str(rng.randint(0, 999)),
                                    rng.choice(ECHO_WORDS)]) for _ in range(rng.randint(1, 5)))
    else:
        text = rng.choice([qa_capital, qa_colour, qa_animal, qa_opposite, qa_kind])(rng).long
    if rng.random() < 0.3:
        text = cap(text)
    q = rng.choice(["Repeat after me: {t}", "Repeat: {t}", "Say: {t}", 'Say "{t}"', "Say '{t}'",
                    'Repeat this: "{t}"', "Please repeat: {t}", "Echo: {t}", 'Echo "{t}"',
                    "Write exactly this: {t}", "Reply with exactly: {t}", "Say this: {t}",
                    "Repeat the following: {t}", "Print: {t}"]).format(t=text)
    return QA("echo", q, text, text if " " not in text else "", raw=True)


# --------------------------------------------------------------------------
# Stories
# --------------------------------------------------------------------------
STORY_ANIMALS = KINDS["animal"] + ["hedgehog", "squirrel", "turtle", "penguin", "parrot", "snail",
                                   "otter", "badger", "camel", "monkey", "deer", "swan", "seal"]
ADJ = ["little", "small", "brave", "clever", "kind", "curious", "happy", "shy", "young", "gentle"]
HOMES = ["in a quiet forest", "near a wide river", "in a small house by the sea",
         "on a green hill", "in a little village", "at the edge of a big forest",
         "on a small farm", "under an old oak tree", "in a warm valley", "next to a blue lake"]
LIKES = [("liked to walk in the sun", "walked in the sun"), ("liked to sing", "sang a song"),
         ("liked to look at the clouds", "looked at the clouds"), ("loved to play", "played"),
         ("liked to help others", "helped others"), ("loved to read old books", "read a book"),
         ("liked to collect shiny stones", "looked for shiny stones"),
         ("liked to swim in cold water", "went for a swim"),
         ("loved to dance in the rain", "danced in the garden")]
THINGS = ["a golden key", "a red ball", "a shiny coin", "a blue hat", "an old map", "a small box",
          "a silver bell", "a green scarf", "a round stone", "a wooden boat", "a yellow kite"]
WHERES = ["under a bush", "behind a big stone", "near the old bridge", "in the tall grass",
          "next to the path", "under the bed", "beside the well", "in the garden"]
WHEN = ["One day", "One morning", "One sunny day", "One cold evening", "One windy day",
        "Early one morning"]
ENDINGS = ["From that day on, they were good friends.", "They laughed and went home together.",
           "It was the best day of the year.", "And they all lived happily ever after.",
           "That night, everyone slept very well.", "{N} smiled all the way home.",
           "{N} was very happy.", "{N} never forgot that day.",
           "In the end, {N} learned that it is good to share.",
           "In the end, {N} learned that friends help each other."]

PRON = {"girl": ("she", "her", "her"), "boy": ("he", "him", "his"), "it": ("it", "it", "its")}


def the(thing):
    return "the " + thing.split(" ", 1)[1]


def adventure(rng, N, p, friend):
    """Two to four sentences that belong together. N is the hero as named in the story."""
    he, him, his = p
    He = cap(he)
    F = "the " + friend
    t, w, when = rng.choice(THINGS), rng.choice(WHERES), rng.choice(WHEN)
    k = rng.randrange(9)
    if k == 0:
        return [f"{when}, {N} found {t} {w}.",
                rng.choice([f"{He} asked everyone whose it was.", f"{He} wanted to know who had lost it."]),
                f'"It is mine!" said {an(friend)}. "Thank you so much!"']
    if k == 1:
        return [f"{when}, {N} lost {t}.",
                rng.choice([f"{He} looked everywhere, but it was gone.",
                            f"{He} looked in the kitchen and behind the door, but it was not there."]),
                f"Then {an(friend)} came to help, and together they found it {w}."]
    if k == 2:
        return [f"{when}, {N} met {an(friend)} who was very sad.",
                f'"Why are you crying?" asked {N}.',
                f'"I lost {t}," said {F}. So they looked together and found it {w}.']
    if k == 3:
        skill = rng.choice(["swim", "sing", "dance", "climb", "paint", "bake bread"])
        return [f"{when}, {N} wanted to learn how to {skill}.",
                rng.choice([f"It was hard, and {he} wanted to stop.", f"At first {he} could not do it."]),
                f'"Try again," said {an(friend)}, and soon {N} could {skill} very well.']
    if k == 4:
        return [f"{when}, a big storm came.",
                f"The wind was strong, and {N} was afraid.",
                f'"Come inside," said {an(friend)}, and they drank warm milk until the storm was over.']
    if k == 5:
        food = rng.choice(["a big cake", "a pot of soup", "a loaf of bread", "an apple pie"])
        return [f"{when}, {N} made {food}.",
                f"An old {friend} came by and was very hungry.",
                f"{N} gave {F} a piece, and they ate together."]
    if k == 6:
        return [f"{when}, {N} walked to the top of a high mountain.",
                f"The way was long, and {he} was tired.",
                f"At the top {he} met {an(friend)}, and they looked at the stars together."]
    if k == 7:
        return [f"{when}, {N} heard a strange noise {w}.",
                f"{He} was afraid, but {he} went to look.",
                f"It was only {an(friend)} that had hurt a leg, so {N} carried it home."]
    return [f"{when}, {N} and {an(friend)} had a race.",
            f"{cap(F)} was fast, but {he} fell over a stone." if friend not in ("girl", "boy")
            else f"{cap(F)} was fast, but fell over a stone.",
            f"{N} stopped to help, and they came to the end together."]


def story_text(rng, hero, length="short"):
    """hero: ('animal'|'thing', noun, name or None) or ('girl'|'boy', name)."""
    if hero[0] in ("girl", "boy"):
        p = PRON[hero[0]]
        intro = f"{rng.choice(['a', 'a little', 'a brave', 'a kind', 'a clever'])} {hero[0]} named {hero[1]}"
        N = hero[1]
        self_noun = hero[0]
    else:
        noun, name = hero[1], hero[2]
        p = PRON["it"]
        intro = f"a {rng.choice(ADJ)} {noun}" + (f" named {name}" if name else "")
        N = name or f"the {noun}"
        self_noun = noun
    he = p[0]
    home = rng.choice(HOMES)
    like, did = rng.choice(LIKES)
    s = [rng.choice([f"Once upon a time, there was {intro} who lived {home}.",
                     f"Once upon a time, {intro} lived {home}.",
                     f"Long ago, {intro} lived {home}.",
                     f"There once was {intro} who lived {home}."])]
    if length != "tiny" and rng.random() < 0.6:
        s.append(rng.choice([f"{cap(N)} {like}.", f"Every morning, {he} {did}."]))
    for _ in range({"tiny": 1, "short": 1, "long": 3}[length]):
        friend = rng.choice([a for a in STORY_ANIMALS if a != self_noun])
        s += [cap(x) for x in adventure(rng, N, p, friend)]
    if length != "tiny":
        s.append(cap(rng.choice(ENDINGS).replace("{N}", N)))
    return " ".join(s)


def story_request(rng):
    r = rng.random()
    if r < 0.35:
        hero = ("animal", rng.choice(STORY_ANIMALS), None)
    elif r < 0.55:
        hero = ("thing", rng.choice(NOUNS), None)
    elif r < 0.75:
        hero = (rng.choice(["girl", "boy"]), a_name(rng))
    elif r < 0.9:
        hero = ("animal", rng.choice(STORY_ANIMALS), a_name(rng))
    else:
        hero = None
    length = "long" if rng.random() < 0.12 else "short"
    adj = rng.choice(["long ", "very long "]) if length == "long" else rng.choice(["", "", "short ", "little "])
    if hero is None:
        about = ""
        hero = ("animal", rng.choice(STORY_ANIMALS), None)
    elif hero[0] in ("girl", "boy"):
        about = rng.choice([f" about a {hero[0]} named {hero[1]}", f" about a {hero[0]} called {hero[1]}"])
    else:
        about = f" about {an(hero[1])}"
        if hero[2]:
            about += rng.choice([f" named {hero[2]}", f" called {hero[2]}"])
    q = rng.choice(["Tell me {a}story{b}.", "Write {a}story{b}.", "Please tell me {a}story{b}.",
                    "Can you tell me {a}story{b}?", "I want to hear {a}story{b}.",
                    "Make up {a}story{b}.", "Give me {a}story{b}.", "Tell {a}story{b}.",
                    "Write me {a}story{b}, please."]).format(a="a " + adj, b=about)
    return q, hero, length


def qa_story(rng):
    q, hero, length = story_request(rng)
    topic = an(hero[1]) if hero[0] in ("animal", "thing") else hero[1]
    return QA("story", q, story_text(rng, hero, length), "",
              f"The user wants a story. I will tell one about {topic}.", raw=True)


# --------------------------------------------------------------------------
# Facts that the user tells, and questions back
# --------------------------------------------------------------------------
MEMO = {
    "name": (a_name,
             ["My name is {v}.", "I am called {v}.", "Hi, my name is {v}.", "Hello! My name is {v}.",
              "Call me {v}.", "Hello, I'm {v}.", "You can call me {v}.", "Hi! I am {v}.",
              "My name's {v}."],
             "Nice to meet you, {v}!",
             ["What is my name?", "What's my name?", "Do you know my name?", "Who am I?",
              "Do you remember my name?", "Tell me my name.", "What did I say my name was?",
              "Can you tell me my name?", "How am I called?"],
             "Your name is {v}.", "name"),
    "colour": (lambda r: r.choice(KINDS["colour"]),
               ["My favourite colour is {v}.", "My favorite color is {v}.", "I like the colour {v} best.",
                "The colour I like most is {v}."],
               "{V} is a lovely colour.",
               ["What is my favourite colour?", "What's my favorite color?", "Which colour do I like best?",
                "Do you remember my favourite colour?", "Tell me my favourite colour."],
               "Your favourite colour is {v}.", "favourite colour"),
    "city": (a_place,
             ["I live in {v}.", "My home is in {v}.", "I come from {v}.", "I am from {v}.",
              "I live in the city of {v}."],
             "{V} sounds like a nice place.",
             ["Where do I live?", "In which city do I live?", "What city am I from?",
              "Where am I from?", "Do you remember where I live?", "Tell me where I live."],
             "You live in {v}.", "city"),
    "pet": (lambda r: r.choice(STORY_ANIMALS),
            ["I have a {v}.", "My pet is a {v}.", "I have a pet {v}.", "At home I have a {v}."],
            "A {v} is a nice pet.",
            ["What pet do I have?", "Which animal do I have?", "What is my pet?",
             "Do you remember my pet?", "What kind of pet do I have?"],
            "You have a {v}.", "pet"),
    "age": (lambda r: str(r.randint(5, 99)),
            ["I am {v} years old.", "My age is {v}.", "I'm {v} years old.", "I turned {v} today."],
            "{V} is a good age.",
            ["How old am I?", "What is my age?", "Do you remember my age?", "Tell me how old I am."],
            "You are {v} years old.", "age"),
    "food": (lambda r: r.choice(KINDS["fruit"] + KINDS["vegetable"] + ["soup", "cheese", "bread", "cake",
                                                                     "rice", "pizza", "honey"]),
             ["My favourite food is {v}.", "I like to eat {v}.", "My favorite food is {v}.",
              "The food I like best is {v}."],
             "{V} tastes good.",
             ["What is my favourite food?", "What do I like to eat?", "What's my favorite food?",
              "Do you remember my favourite food?"],
             "Your favourite food is {v}.", "favourite food"),
    "code": (lambda r: r.choice([str(r.randint(10, 9999)), r.choice(NOUNS), r.choice(ECHO_WORDS),
                                 invented(r).lower()]),
             ["Remember the word {v}.", "The secret word is {v}.", "Please remember this: {v}.",
              "My secret code is {v}.", "The password is {v}.", "Keep this in mind: {v}."],
             "I will remember: {v}.",
             ["What was the secret word?", "What is the secret word?", "What did I ask you to remember?",
              "What was the word?", "What is my secret code?", "What is the password?",
              "What should you remember?"],
             "It is {v}.", "secret"),
}


# --------------------------------------------------------------------------
# Tools
# --------------------------------------------------------------------------

def param(names, typ, desc, enum=None):
    """One parameter of a tool: its possible names, type and description."""
    return (names, typ, desc, enum)


SUBJECTS = ["Hello", "Meeting", "Lunch", "Report", "Holiday", "Question", "News", "Party", "Invoice"]
SONGS = ["Blue Moon", "Morning Sun", "Happy Day", "River Song", "Night Train", "Green Hills",
         "Silver Rain", "Old Road"]
LANGS = ["French", "German", "Spanish", "Italian", "Dutch", "Polish", "Greek", "Turkish"]
ROOMS = ["kitchen", "bedroom", "garden", "living room", "bathroom", "hall", "garage", "office"]
CUR = ["EUR", "USD", "GBP", "JPY", "CHF", "SEK"]
WEATHER = ["sunny", "rainy", "cloudy", "windy", "snowy", "foggy", "stormy", "clear"]


def v_weather(r):
    city, t, c = a_place(r), r.randint(-10, 38), r.choice(WEATHER)
    q = r.choice(["What is the weather in {c}?", "What's the weather like in {c}?",
                  "How is the weather in {c}?", "Tell me the weather in {c}.",
                  "Is it cold in {c}?", "Is it raining in {c} today?", "Weather in {c}?",
                  "What is the weather in {c} today?", "Do I need an umbrella in {c}?",
                  "Please check the weather in {c}.", "How warm is it in {c}?",
                  "What's the temperature in {c}?"]).format(c=city)
    shape = r.randrange(4)
    if shape == 0:
        res = {r.choice(["temperature", "temp", "temperature_c"]): t,
               r.choice(["condition", "weather", "conditions", "description"]): c}
    elif shape == 1:
        res = {r.choice(["city", "location"]): city, r.choice(["temperature", "temp"]): t,
               r.choice(["condition", "weather", "conditions"]): c}
    elif shape == 2:
        res = {r.choice(["condition", "weather", "conditions", "description"]): c,
               r.choice(["temperature", "temp", "temperature_c", "celsius"]): t}
    else:
        res = r.choice([f"{c}, {t} degrees", f"{t} degrees and {c}", f"{cap(c)}, {t} C", f"{t}C, {c}"])
    return q, {0: city}, res, f"The weather in {city} is {c} with {t} degrees."


def v_time(r):
    city, h, m = a_place(r), r.randint(0, 23), r.randint(0, 59)
    t = f"{h:02d}:{m:02d}"
    q = r.choice(["What time is it in {c}?", "Tell me the time in {c}.", "What's the time in {c}?",
                  "How late is it in {c}?", "Give me the current time in {c}."]).format(c=city)
    return q, {0: city}, r.choice([{"time": t}, {"city": city, "time": t}, t]), f"It is {t} in {city}."


def v_add(r):
    a, b = r.randint(0, 999), r.randint(0, 999)
    q = r.choice(["What is {a} + {b}?", "Add {a} and {b}.", "What is {a} plus {b}?",
                  "Calculate {a} + {b}.", "What is the sum of {a} and {b}?"]).format(a=a, b=b)
    return q, {0: a, 1: b}, r.choice([{"result": a + b}, str(a + b), {"sum": a + b}]), f"The result is {a + b}."


def v_calc(r):
    a, b, op = r.randint(0, 999), r.randint(1, 99), r.choice("+-*/")
    e = f"{a} {op} {b}"
    res = {"+": a + b, "-": a - b, "*": a * b, "/": a // b}[op]
    q = r.choice(["What is {e}?", "Calculate {e}.", "Compute {e}.", "How much is {e}?",
                  "Work out {e} for me."]).format(e=e)
    return q, {0: e}, r.choice([{"result": res}, str(res), {"value": res}]), f"The result is {res}."


def v_search(r):
    t = r.choice(TOPICS + NOUNS)
    q = r.choice(["Search for {t}.", "Look up {t}.", "Find information about {t}.",
                  "Search the web for {t}.", "Please search for {t}."]).format(t=t)
    n = r.randint(2, 90)
    return q, {0: t}, r.choice([{"results": n}, {"count": n}, {"hits": n}]), f"I found {n} results for {t}."


def v_email(r):
    n, s = a_name(r), r.choice(SUBJECTS)
    q = r.choice(["Send an email to {n} with the subject {s}.", "Write an email to {n} about {s}.",
                  'Email {n} with the subject "{s}".']).format(n=n, s=s)
    return q, {0: n, 1: s}, r.choice([{"status": "sent"}, {"ok": True}, "sent"]), f"I sent the email to {n}."


def v_stock(r):
    s, p = r.choice(["ACME", "GLOB", "INIT", "UMBR", "WAYN", "STRK", "HOOL", "VAND"]), r.randint(5, 900)
    q = r.choice(["What is the stock price of {s}?", "How much is {s} stock?", "Price of {s}?",
                  "Give me the stock price of {s}."]).format(s=s)
    return q, {0: s}, r.choice([{"price": p}, {"symbol": s, "price": p}, str(p)]), f"The price of {s} is {p}."


def v_translate(r):
    w, l = r.choice(SPELL), r.choice(LANGS)
    tr = invented(r).lower()
    q = r.choice(['Translate "{w}" into {l}.', "Translate {w} to {l}.", "How do you say {w} in {l}?",
                  "What is {w} in {l}?"]).format(w=w, l=l)
    return q, {0: w, 1: l}, r.choice([{"translation": tr}, {"text": tr}, tr]), f"In {l}, {w} is {tr}."


def v_timer(r):
    m = r.randint(1, 90)
    q = r.choice(["Set a timer for {m} minutes.", "Start a timer of {m} minutes.",
                  "Please set a {m} minute timer.", "Timer for {m} minutes, please."]).format(m=m)
    return q, {0: m}, r.choice([{"status": "ok"}, {"ok": True}, "started"]), f"The timer is set for {m} minutes."


def v_alarm(r):
    t = f"{r.randint(0, 23):02d}:{r.choice([0, 15, 30, 45]):02d}"
    q = r.choice(["Wake me up at {t}.", "Set an alarm for {t}.", "Please set an alarm at {t}."]).format(t=t)
    return q, {0: t}, r.choice([{"status": "ok"}, {"ok": True}, "set"]), f"The alarm is set for {t}."


def v_music(r):
    s = r.choice(SONGS)
    q = r.choice(["Play {s}.", "Play the song {s}.", 'Please play "{s}".', "I want to hear the song {s}."]
                 ).format(s=s)
    return q, {0: s}, r.choice([{"status": "playing"}, {"ok": True}, "playing"]), f"Now playing {s}."


def v_convert(r):
    a, (x, y) = r.randint(1, 500), r.sample(CUR, 2)
    v = r.randint(1, 900)
    q = r.choice(["Convert {a} {x} to {y}.", "How much is {a} {x} in {y}?", "Change {a} {x} into {y}."]
                 ).format(a=a, x=x, y=y)
    return q, {0: a, 1: x, 2: y}, r.choice([{"result": v}, {"amount": v}, str(v)]), f"{a} {x} is {v} {y}."


def v_light(r):
    room, st = r.choice(ROOMS), r.choice(["on", "off"])
    q = r.choice(["Turn {s} the light in the {r}.", "Switch {s} the {r} light.",
                  "Please turn the light in the {r} {s}.", "Lights {s} in the {r}."]).format(r=room, s=st)
    return q, {0: room, 1: st}, r.choice([{"status": "ok"}, {"ok": True}, "done"]), f"The light in the {room} is {st}."


def v_news(r):
    t = r.choice(TOPICS)
    n = r.randint(1, 30)
    q = r.choice(["What is the news about {t}?", "Show me news about {t}.", "Any news about {t}?"]).format(t=t)
    return q, {0: t}, r.choice([{"count": n}, {"articles": n}]), f"There are {n} articles about {t}."


def v_user(r):
    i, n = r.randint(1, 9999), a_name(r)
    q = r.choice(["Who is user {i}?", "Find user {i}.", "Get the user with id {i}.",
                  "Look up user number {i}."]).format(i=i)
    return q, {0: i}, r.choice([{"name": n}, {"id": i, "name": n}]), f"User {i} is {n}."


def v_note(r):
    t = " ".join(r.choice(ECHO_WORDS) for _ in range(r.randint(1, 4)))
    q = r.choice(['Make a note: {t}', 'Write down "{t}".', "Create a note that says: {t}"]).format(t=t)
    return q, {0: t}, r.choice([{"status": "saved"}, {"ok": True}, "saved"]), "I saved the note."


# (possible names, description, parameters, maker)
TOOLKIT = [
    (["get_weather", "get_current_weather", "weather", "fetch_weather", "current_weather"],
     ["Get the current weather in a city", "Get the weather", "Returns the weather for a location",
      "Get current temperature for a given location."],
     [param(["city", "location", "place"], "string", "The city"),
      param(["unit", "units"], "string", "The unit", ["celsius", "fahrenheit"])], v_weather),
    (["get_time", "get_current_time", "current_time", "clock"],
     ["Get the current time in a city", "Get the time", "Returns the local time"],
     [param(["city", "location", "timezone", "place"], "string", "The city")], v_time),
    (["add", "add_numbers", "sum"], ["Add two numbers", "Adds a and b"],
     [param(["a", "x", "first"], "number", "First number"),
      param(["b", "y", "second"], "number", "Second number")], v_add),
    (["calculate", "calculator", "evaluate", "math"], ["Evaluate an expression", "A simple calculator"],
     [param(["expression", "expr", "input"], "string", "The expression")], v_calc),
    (["search", "web_search", "search_web", "lookup"], ["Search the web", "Search for information"],
     [param(["query", "q", "text"], "string", "The search query")], v_search),
    (["send_email", "email", "send_mail"], ["Send an email", "Sends a mail to a person"],
     [param(["to", "recipient"], "string", "The receiver"),
      param(["subject", "title"], "string", "The subject")], v_email),
    (["get_stock_price", "stock_price", "get_price"], ["Get the price of a stock", "Stock price lookup"],
     [param(["symbol", "ticker"], "string", "The stock symbol")], v_stock),
    (["translate", "translate_text"], ["Translate a text", "Translates text into a language"],
     [param(["text", "word"], "string", "The text"),
      param(["language", "target", "to"], "string", "The language")], v_translate),
    (["set_timer", "start_timer", "timer"], ["Set a timer", "Start a timer in minutes"],
     [param(["minutes", "duration"], "integer", "The minutes")], v_timer),
    (["set_alarm", "alarm"], ["Set an alarm"], [param(["time", "at"], "string", "The time")], v_alarm),
    (["play_music", "play_song", "play"], ["Play a song", "Plays music"],
     [param(["song", "title"], "string", "The song")], v_music),
    (["convert_currency", "convert", "exchange"], ["Convert money", "Convert between currencies"],
     [param(["amount", "value"], "number", "The amount"), param(["from", "source"], "string", "From"),
      param(["to", "target"], "string", "To")], v_convert),
    (["set_light", "switch_light", "light"], ["Switch a light on or off"],
     [param(["room", "place"], "string", "The room"),
      param(["state", "mode"], "string", "on or off", ["on", "off"])], v_light),
    (["get_news", "news"], ["Get the news about a topic"],
     [param(["topic", "subject"], "string", "The topic")], v_news),
    (["get_user", "find_user", "lookup_user"], ["Find a user by id"],
     [param(["id", "user_id"], "integer", "The id of the user")], v_user),
    (["create_note", "save_note", "note"], ["Save a note"], [param(["text", "content"], "string", "The text")], v_note),
]
REQUIRED = {"get_weather": 1}   # weather's unit is optional; all else is required

TOOL_INDEX = {names[0]: i for i, (names, _, _, _) in enumerate(TOOLKIT)}
GET_WEATHER, GET_TIME = TOOL_INDEX["get_weather"], TOOL_INDEX["get_time"]
SUMS = {TOOL_INDEX["add"], TOOL_INDEX["calculate"]}
# With one of these, "there is no tool for that" would often be wrong.
BROAD = SUMS | {TOOL_INDEX["search"]}


def make_tool(rng, i):
    """A concrete tool: (index, name, parameter names, definition)."""
    names, descs, params, _ = TOOLKIT[i]
    name = names[0] if rng.random() < 0.2 else rng.choice(names)
    if rng.random() < 0.12:
        name = invented(rng).lower() + "_" + name
    props, used = {}, []
    n_req = REQUIRED.get(names[0], len(params))
    for j, (pn, typ, desc, enum) in enumerate(params):
        if j >= n_req and rng.random() < 0.6:
            continue
        key = pn[0] if rng.random() < 0.35 else rng.choice(pn)
        used.append(key)
        spec = {"type": typ}
        if enum and rng.random() < 0.8:
            spec["enum"] = enum
        if rng.random() < 0.4:
            spec["description"] = desc
        props[key] = spec
    parameters = {"type": "object", "properties": props}
    if rng.random() < 0.85:
        parameters["required"] = used[:n_req]
    if rng.random() < 0.1:
        parameters["additionalProperties"] = False
    fn = {"name": name}
    if rng.random() < 0.9:
        fn["description"] = rng.choice(descs)
    fn["parameters"] = parameters
    return i, name, used[:n_req], {"type": "function", "function": fn}


def compact(x):
    return json.dumps(x, separators=(",", ":"), ensure_ascii=False)


def json_style(rng):
    """How a host may serialise the tool definitions."""
    r = rng.random()
    if r < 0.55:
        return dumps
    if r < 0.8:
        return compact
    if r < 0.9:
        return lambda x: json.dumps(x, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return lambda x: json.dumps(x, sort_keys=True, ensure_ascii=False)


def tool_result(rng, res):
    return {"role": "tool", "content": res if isinstance(res, str) else json_style(rng)(res)}


def tool_doc(rng):
    """A conversation with tools. Returns (messages, tools, tool_json)."""
    n = rng.choice([1, 1, 2, 2, 3, 4])
    idx = rng.sample(range(len(TOOLKIT)), n)
    if rng.random() < 0.35 and GET_WEATHER not in idx:
        idx[0] = GET_WEATHER
        rng.shuffle(idx)
    tools = [make_tool(rng, i) for i in idx]
    msgs = []
    if rng.random() < 0.35:
        msgs.append({"role": "system", "content": rng.choice(GENERIC_SYSTEM)})
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        r = rng.random()
        i, name, keys, _ = rng.choice(tools)
        maker = TOOLKIT[i][3]
        if r < 0.62:
            q, args, res, final = maker(rng)
            msgs.append({"role": "user", "content": q})
            call = {"name": name, "arguments": {keys[j]: v for j, v in args.items()}}
            msgs.append({"role": "assistant", "tool_calls": [call]})
            if rng.random() < 0.75:
                msgs.append(tool_result(rng, res))
                msgs.append({"role": "assistant", "content": final})
            else:
                break
        elif r < 0.70 and i in (GET_WEATHER, GET_TIME):
            # two calls in one answer
            (_, a1, r1, f1), (_, a2, r2, f2) = maker(rng), maker(rng)
            w = "weather" if i == GET_WEATHER else "time"
            q = rng.choice([f"What is the {w} in {a1[0]} and {a2[0]}?",
                            f"Tell me the {w} in {a1[0]} and in {a2[0]}.",
                            f"Compare the {w} in {a1[0]} and {a2[0]}."])
            msgs.append({"role": "user", "content": q})
            msgs.append({"role": "assistant", "tool_calls": [
                {"name": name, "arguments": {keys[0]: a1[0]}},
                {"name": name, "arguments": {keys[0]: a2[0]}}]})
            for x in (r1, r2):
                msgs.append(tool_result(rng, x))
            msgs.append({"role": "assistant", "content": f1 + " " + f2})
        elif r < 0.78:
            # the right tool is missing
            j = rng.choice([k for k in range(len(TOOLKIT)) if k not in idx and k not in SUMS])
            if BROAD & set(idx):
                continue
            q = TOOLKIT[j][3](rng)[0]
            msgs.append({"role": "user", "content": q})
            msgs.append({"role": "assistant", "content": "I do not have a tool for that."})
        else:
            qa = sample_qa(rng, TOOL_FREE if not SUMS & set(idx) else TOOL_FREE_NO_ARITH)
            msgs.append({"role": "user", "content": vary(rng, qa)})
            msgs.append({"role": "assistant", "content": qa.long})
    if not any(m["role"] == "assistant" for m in msgs):
        return tool_doc(rng)
    return msgs, [t[3] for t in tools], json_style(rng)


# --------------------------------------------------------------------------
# Conversations
# --------------------------------------------------------------------------
GENERIC_SYSTEM = [
    "You are a helpful assistant.", "You are a helpful assistant.", "You are a friendly assistant.",
    "You are a helpful, honest assistant.", "You are a helpful AI assistant.", "Be helpful.",
    "You are an assistant.", "Answer the questions of the user.", "You are a polite assistant.",
    "You are a helpful assistant. Answer briefly.", "Be brief.", "You answer questions.",
    "Please help the user.", "You are a chatbot.", "You are a useful assistant. Be friendly.",
    "Answer in full sentences.", "You are a concise assistant.",
]
STYLE_SYSTEM = {
    "oneword": ["Answer in one word.", "Answer with one word.", "Reply in one word.", "Use one word only.",
                "Answer with a single word.", "Give one-word answers.", "Reply with one word only.",
                "Always answer in one word.", "Only answer with one word."],
    "json": ["Answer in JSON.", "Reply in JSON.", "Answer only with JSON.", "Always answer with a JSON object.",
             "Respond in JSON.", "Reply only with a JSON object.", "Output JSON only.",
             "You answer with JSON.", "Use JSON for your answers."],
    "think": ["Think first.", "Think first, then answer.", "Think before you answer.",
              "Always think first.", "Think step by step.", "First think, then answer."],
    "pirate": ["You are a pirate.", "Talk like a pirate.", "You are a friendly pirate.",
               "Answer like a pirate.", "Speak like a pirate.", "Act as a pirate."],
    "cat": ["You are a cat.", "Talk like a cat.", "Answer like a cat.", "Act as a cat."],
    "robot": ["You are a robot.", "Talk like a robot.", "Answer like a robot.", "Act as a robot."],
}
INLINE = {
    "oneword": ["{q} Answer in one word.", "{q} Use one word.", "{q} One word only.", "In one word: {q}",
                "Answer in one word: {q}", "{q} Reply with one word."],
    "json": ["{q} Answer in JSON.", "{q} Reply in JSON.", "Answer in JSON: {q}", "{q} Respond with JSON.",
             "{q} Give the answer as JSON.", "In JSON: {q}"],
    "think": ["{q} Think first.", "Think first: {q}", "{q} Think before you answer."],
}
FACTUAL = {qa_capital: 10, qa_capital_rev: 5, qa_colour: 5, qa_opposite: 8, qa_calendar: 8, qa_animal: 7,
           qa_arith: 36, qa_count: 9, qa_spell: 8, qa_yesno: 13, qa_kind: 9}
GENERAL = dict(FACTUAL)
GENERAL.update({qa_smalltalk: 9, qa_unknown: 9, qa_echo: 20, qa_story: 4})
TOOL_FREE = {qa_capital: 4, qa_colour: 2, qa_opposite: 2, qa_arith: 3, qa_yesno: 2, qa_smalltalk: 4,
             qa_kind: 1, qa_animal: 2}
TOOL_FREE_NO_ARITH = {k: v for k, v in TOOL_FREE.items() if k is not qa_arith}


def sample_qa(rng, weights, want_held_out=False):
    while True:
        f = rng.choices(list(weights), list(weights.values()))[0]
        qa = f(rng)
        if held_out(qa.cat, qa.q) == want_held_out or qa.cat == "smalltalk" and not want_held_out:
            return qa


PREFIX = ["Please tell me: ", "Quick question: ", "Hi! ", "Hello. ", "I have a question. ", "Hey, ", "Now: ",
          "Next question: ", "Question: ", "Please answer: ", "OK. ", "Hello! ", "So, ", "And "]
SUFFIX = [" Please.", " Thanks!", " Thank you.", " I want to know.", " Please tell me."]


def vary(rng, qa):
    """Small natural variations of the wording."""
    q = qa.q
    if qa.raw:
        return q
    if qa.cat != "smalltalk":
        r = rng.random()
        if r < 0.14:
            p = rng.choice(PREFIX)
            first = q.split()[0]
            keep = p[-2] != "," and p != "And " or first not in (
                "What", "Which", "How", "Is", "Can", "Do", "Does", "Name", "Tell", "Where", "In", "Who",
                "Give", "Spell", "Count", "List")
            q = p + (q if keep else low(q))
        elif r < 0.19 and q[-1] in ".?":
            q += rng.choice(SUFFIX)
    r = rng.random()
    if r < 0.09 and q[-1] in ".?!":
        q = q[:-1]
    elif r < 0.12 and q[-1] == "?":
        q += "?"
    if rng.random() < 0.06:
        q = q.lower()
    return q


def as_pirate(s):
    s = s.rstrip(".!?")
    return "Arr! " + s.replace(" is ", " be ").replace(" are ", " be ").replace("I am ", "I be ") + ", matey!"


def json_answer(qa, keys=None):
    """keys: None for the default keys, or [('subj'|'ans', key name), ...] in order."""
    keys = keys or [("subj", qa.subj[0][0]), ("ans", qa.ans[0][0])]
    return compact({k: (qa.subj[1] if which == "subj" else qa.ans[1]) for which, k in keys})


def styled(qa, style):
    """The answer of `qa` in a style, or None if it has none."""
    if style == "plain":
        return qa.long
    if style == "oneword":
        return qa.short + "." if qa.short else None
    if style == "pirate":
        return as_pirate(qa.long) if qa.cat not in ("echo", "story", "count", "spell") and "\n" not in qa.long else None
    if style == "cat":
        return "Meow! " + qa.long if qa.cat not in ("echo", "story") and "\n" not in qa.long else None
    if style == "robot":
        return "Beep boop. " + qa.long if qa.cat not in ("echo", "story") and "\n" not in qa.long else None
    if style == "json":
        return json_answer(qa) if qa.subj and qa.cat != "yesno" else None
    if style == "think":
        return f"<think>\n{qa.why}\n</think>\n\n{qa.long}" if qa.why else None
    raise ValueError(style)


def json_request(rng, qa):
    """A question that names the JSON keys to use."""
    keys = [("subj", rng.choice(qa.subj[0])), ("ans", rng.choice(qa.ans[0]))]
    if keys[0][1] == keys[1][1]:
        return None
    rng.shuffle(keys)
    a, b = keys[0][1], keys[1][1]
    q = rng.choice([
        '{q} Answer in JSON with the keys "{a}" and "{b}".', "{q} Answer in JSON with the keys {a} and {b}.",
        "{q} Reply with JSON that has {a} and {b}.", "{q} Give me a JSON object with {a} and {b}.",
        "{q} Use JSON with the fields {a} and {b}."]).format(q=qa.q, a=a, b=b)
    return q, json_answer(qa, keys)


def json_extract(rng):
    """Extraction of fields from a sentence into JSON."""
    n, age, city = a_name(rng), rng.randint(5, 99), a_place(rng)
    job = rng.choice(["baker", "farmer", "sailor", "doctor", "teacher", "painter", "gardener", "pilot", "nurse"])
    fields = rng.sample([("age", age), ("city", city), ("job", job)], rng.randint(1, 3))
    said = {"age": f"is {age} years old", "city": f"lives in {city}", "job": f"is {an(job)}"}
    said = [said[k] for k, _ in rng.sample(fields, len(fields))]
    s = f"{n} " + (said[0] if len(said) == 1 else ", ".join(said[:-1]) + " and " + said[-1]) + "."
    keys = [("name", n)] + fields
    names = [k for k, _ in keys]
    listed = ", ".join(names[:-1]) + " and " + names[-1]
    q = rng.choice(["{s} Extract {l} as JSON.", "Extract {l} as JSON: {s}", "{s} Give me JSON with {l}.",
                    "Make JSON with {l} from this text: {s}", "{s} Answer in JSON with {l}."]).format(s=s, l=listed)
    return q, compact(dict(keys))


def persona(rng):
    """A system prompt that gives the model a name."""
    n = a_name(rng)
    what = rng.choice(["assistant", "robot", "teacher", "chatbot", "guide", "librarian", "cook", "gardener"])
    adj = rng.choice(["helpful", "friendly", "kind", "clever", "polite"])
    k = rng.randrange(3)
    if k == 0:
        sysm, who = f"Your name is {n}.", f"My name is {n}."
    elif k == 1:
        sysm, who = f"You are {n}, a {adj} {what}.", f"I am {n}, a {adj} {what}."
    else:
        sysm, who = f"You are {n}.", f"I am {n}."
    sysm += rng.choice(["", "", " Be brief.", " Help the user.", " Answer the questions of the user."])
    qs = ["Who are you?", "What is your name?", "What's your name?", "Tell me your name.", "Introduce yourself.",
          "Tell me who you are.", "Do you have a name?", "Hello! Who are you?"]
    return sysm, qs, who


def chat_doc(rng, turns=None):
    """An ordinary conversation of mixed turns, under one system prompt."""
    r = rng.random()
    style, sysm, pers = "plain", None, None
    if r < 0.42:
        pass
    elif r < 0.56:
        sysm = rng.choice(GENERIC_SYSTEM)
    elif r < 0.61:
        sysm, pq, pa = persona(rng)
        pers = (pq, pa)
    else:
        style = rng.choices(["oneword", "json", "think", "pirate", "cat", "robot"], [10, 7, 9, 6, 3, 3])[0]
        sysm = rng.choice(STYLE_SYSTEM[style])
        if rng.random() < 0.25:
            g = rng.choice(GENERIC_SYSTEM)
            sysm = f"{g} {sysm}" if rng.random() < 0.7 else f"{sysm} {g}"
    msgs = [{"role": "system", "content": sysm}] if sysm else []
    n = turns or rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 6])
    if style == "think":
        n = min(n, rng.choice([1, 1, 2, 3]))
    memo = {}
    last = None
    for t in range(n):
        r = rng.random()
        ans = None
        if style == "plain":
            if pers and (t == 0 or r < 0.1) and rng.random() < 0.8:
                q, ans = rng.choice(pers[0]), pers[1]
            elif r < 0.14 or (memo and r < 0.2):
                kind = rng.choice(list(MEMO))
                mk, tells, reply, _, _, _ = MEMO[kind]
                v = mk(rng)
                q = rng.choice(tells).format(v=v)
                ans = reply.format(v=v, V=cap(v))
                memo[kind] = v
            elif r < 0.29:
                kind = rng.choice(list(memo)) if memo and rng.random() < 0.85 else rng.choice(list(MEMO))
                q = rng.choice(MEMO[kind][3])
                if kind in memo:
                    ans = MEMO[kind][4].format(v=memo[kind])
                else:
                    ans = f"I do not know. You have not told me your {MEMO[kind][5]}."
            elif r < 0.32 and last and len(last) < 120:
                q = rng.choice(["Say that again.", "Repeat that.", "Can you repeat that?", "Please say it again.",
                                "What did you say?"])
                ans = last
            elif r < 0.38:
                st = rng.choices(["oneword", "json", "think"], [4, 3, 1 if t == n - 1 else 0])[0]
                qa = sample_qa(rng, FACTUAL)
                a = styled(qa, st)
                if a is not None:
                    q, ans = rng.choice(INLINE[st]).format(q=qa.q), a
            elif r < 0.42:
                if rng.random() < 0.6:
                    qa = sample_qa(rng, FACTUAL)
                    jr = json_request(rng, qa) if qa.subj and qa.cat != "yesno" else None
                    if jr:
                        q, ans = jr
                else:
                    q, ans = json_extract(rng)
        while ans is None:
            qa = sample_qa(rng, GENERAL if style in ("plain", "think") else
                           {**FACTUAL, qa_unknown: 8, qa_smalltalk: 8})
            if style == "json" and rng.random() < 0.3 and qa.subj and qa.cat != "yesno":
                jr = json_request(rng, qa)
                if jr:
                    q, ans = jr
                    break
            ans = styled(qa, style)
            q = vary(rng, qa)
        msgs.append({"role": "user", "content": q})
        msgs.append({"role": "assistant", "content": ans})
        last = ans
    # Past reasoning is dropped from the history, so those answers are not trained on.
    for m in msgs[:-1]:
        if m["role"] == "assistant" and "</think>" in m["content"]:
            m["train"] = False
    return msgs


def recall_doc(rng):
    """Tell one to three things, some other turns, then ask back."""
    msgs = []
    if rng.random() < 0.3:
        msgs.append({"role": "system", "content": rng.choice(GENERIC_SYSTEM)})
    kinds = rng.sample(list(MEMO), rng.choice([1, 1, 2, 3]))
    if rng.random() < 0.4 and "name" not in kinds:
        kinds[0] = "name"
    memo = {}
    for k in kinds:
        mk, tells, reply, _, _, _ = MEMO[k]
        memo[k] = mk(rng)
        msgs.append({"role": "user", "content": rng.choice(tells).format(v=memo[k])})
        msgs.append({"role": "assistant", "content": reply.format(v=memo[k], V=cap(memo[k]))})
        while rng.random() < 0.25:
            qa = sample_qa(rng, GENERAL)
            msgs.append({"role": "user", "content": vary(rng, qa)})
            msgs.append({"role": "assistant", "content": qa.long})
    rng.shuffle(kinds)
    for k in kinds:
        msgs.append({"role": "user", "content": rng.choice(MEMO[k][3])})
        msgs.append({"role": "assistant", "content": MEMO[k][4].format(v=memo[k])})
    return msgs


def document(rng):
    """One document of the training mix."""
    r = rng.random()
    if r < 0.02:
        _, hero, length = story_request(rng)
        return ("text", story_text(rng, hero, length))
    if r < 0.11:
        return ("chat", recall_doc(rng), None, dumps)
    if r < 0.29:
        return ("chat",) + tool_doc(rng)
    if r < 0.305:   # long conversations, so that every position up to ~1000 is seen
        return ("chat", chat_doc(rng, rng.randint(10, 26)), None, dumps)
    return ("chat", chat_doc(rng), None, dumps)


def documents(seed, n):
    rng = random.Random(seed)
    for _ in range(n):
        yield document(rng)


def document_text(doc):
    """A document as the model sees it."""
    return doc[1] if doc[0] == "text" else render(doc[1], doc[2], False, doc[3])


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description="print a few documents")
    ap.add_argument("--docs", type=int, default=5)
    ap.add_argument("--seed", type=int, default=1)
    args = ap.parse_args()
    for doc in documents(args.seed, args.docs):
        print(document_text(doc))
        print("=" * 60)
