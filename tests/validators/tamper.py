#!/usr/bin/env python3
"""Makes copies of emitted documents with one byte changed, each of which has to be refused.

  python3 tamper.py EMITTED OUT

Below OUT: `site` (3.0: several bytes of each signed document, and of the text inside each picture), `ob2` (2.0, which is not
signed: a byte of what ties the documents together), each with an expected.json that says "invalid" of every file. `keys` and
`lists` are copies of EMITTED/site in which a byte of an issuer's key and of a status list is changed.
"""
import json, os, re, shutil, sys

emitted, out = sys.argv[1:3]
shutil.rmtree(out, ignore_errors=True)
PLACES = 6


def other(letter):
    return "x" if letter != "x" else "y"


def leaves(value, path=()):
    """Every text in a document that a signature covers, its type and contexts aside: another type is another kind of file."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in ("@context", "type"):
                yield from leaves(one, path + (key,))
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, path)
    elif isinstance(value, str) and re.search("[A-Za-z0-9]", value):
        yield ".".join(path), value


def changed(text, value):
    """The document's text with the middle letter or digit of this value changed."""
    at = text.index(json.dumps(value, ensure_ascii=False)) + 1
    letters = [i for i, c in enumerate(value) if c.isascii() and c.isalnum()]
    at += letters[len(letters) // 2]
    return text[:at] + other(text[at]) + text[at + 1:]


def write(folder, name, data):
    path = os.path.join(out, folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


expected = {"site": {}, "ob2": {}}


def keep(folder, name, data):
    write(folder, name, data)
    expected[folder][name] = "invalid"


for folder, _, names in sorted(os.walk(os.path.join(emitted, "site"))):
    for name in sorted(names):
        path = os.path.join(folder, name)
        stem, ending = os.path.splitext(os.path.relpath(path, os.path.join(emitted, "site")))
        data = open(path, "rb").read()
        if ending == ".json" and name != "expected.json":
            text = data.decode()
            document = json.loads(text)
            if "proof" not in document:
                continue
            values = list(dict.fromkeys(value for _, value in leaves(document)))
            values.append(document["proof"]["proofValue"])
            for place in range(PLACES):
                value = values[place * (len(values) - 1) // (PLACES - 1)]
                keep("site", f"{stem}-{place}.json", changed(text, value))
        elif ending in (".png", ".svg"):
            at = data.index(b'"proofValue"') + 30
            keep("site", stem + ending, data[:at] + other(chr(data[at])).encode() + data[at + 1:])

# What holds the unsigned documents of 2.0 together: whom an assertion is for, and where the next document lies.
TIES = {"Assertion": [("recipient", "identity"), ("badge",)], "BadgeClass": [("issuer",)], "Issuer": [("url",)], "Endorsement": [("issuer",)]}
for folder, _, names in sorted(os.walk(os.path.join(emitted, "ob2"))):
    for name in sorted(names):
        path = os.path.join(folder, name)
        stem, ending = os.path.splitext(os.path.relpath(path, os.path.join(emitted, "ob2")))
        if ending != ".json" or name == "expected.json":
            continue
        text = open(path, encoding="utf-8").read()
        document = json.loads(text)
        if document.get("revoked"):
            continue
        for place, tie in enumerate(TIES[document["type"]]):
            value = document
            for key in tie:
                value = value[key]
            if tie == ("url",):  # its first letter: `xttps` leads nowhere
                keep("ob2", f"{stem}-{place}.json", text.replace('"url": "h', '"url": "x', 1))
            elif isinstance(value, str):
                keep("ob2", f"{stem}-{place}.json", changed(text, value))

for name, path, key in (("keys", "lieux/port/did.json", "publicKeyMultibase"), ("lists", "lieux/port/statuts/1.json", "encodedList")):
    shutil.copytree(os.path.join(emitted, "site"), os.path.join(out, name))
    file = os.path.join(out, name, path)
    text = open(file, encoding="utf-8").read()
    value = re.search(f'"{key}": "([^"]*)"', text).group(1)
    open(file, "w", encoding="utf-8").write(changed(text, value))
    wanted = {os.path.relpath(os.path.join(d, n), os.path.join(out, name)): "invalid" for d, _, ns in os.walk(os.path.join(out, name, "badges")) for n in ns}
    if name == "lists":
        wanted[path] = "invalid"
    else:
        wanted.update({"lieux/port/statuts/1.json": "invalid"})
    # Endorsements are of another issuer, whose key and list are as they were.
    wanted["recommandations/withdrawn.json"] = "revoked"
    json.dump(wanted, open(os.path.join(out, name, "expected.json"), "w"))
for folder, wanted in expected.items():
    json.dump(wanted, open(os.path.join(out, folder, "expected.json"), "w"), indent=1)
print("%d tampered documents of 3.0, %d of 2.0" % (len(expected["site"]), len(expected["ob2"])))
