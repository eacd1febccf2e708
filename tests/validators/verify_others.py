#!/usr/bin/env python3
"""Lets Tremen verify what make_others.mjs let others issue: each as expected.json says, and none of them with a byte changed.

  python3 verify_others.py TREMEN OUT SCRATCH

Changed are six bytes of each token and each signed text, then a byte of each issuer's keys and of each status list.
Exit 0 when every verdict is as it should be.
"""
import json, os, re, shutil, subprocess, sys

tremen, out, scratch = sys.argv[1:4]
AT = "2026-12-01"
with open(os.path.join(out, "expected.json")) as file:
    expected = json.load(file)
# Which valid badges rest on which answer.
RESTS_ON = {
    "maker.example/fab/did.json": "did-jwt-vc-",
    "maker.example/list.json": "did-jwt-vc-on-a-list",
    "workshop.example/issuer.json": "jose-",
    "workshop.example/revocation.json": "jose-on-a-revocation-list",
    "workshop.example/suspension.json": "jose-on-a-suspension-list",
    "bazaar.example/list.json": "bazaar-on-a-list",
}
wrong = 0


def verdict(path, documents=out):
    """The verdict, with the reason in its place where it refuses; and those of the endorsements."""
    told = subprocess.run([tremen, "badge", "verify", "--json", "--at", AT, "--with", documents, path], capture_output=True, text=True)
    if told.returncode not in (0, 1):
        sys.exit(f"! {path}: {told.stderr.strip()}")
    report = json.loads(told.stdout)
    return report["reason"] or report["verdict"], [one["verdict"] for one in report["endorsements"]]


def hold(what, got, wanted):
    global wrong
    if not wanted(got):
        wrong += 1
        print(f"! {what} came out as {got}")


def other(text, at):
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


def places(text):
    """Where to change a byte: of a token, in each of its parts; of a document, in texts that its signature covers."""
    if not text.startswith("{"):
        ends = [len(part) for part in text.split(".")]
        starts = [0, ends[0] + 1, ends[0] + ends[1] + 2]
        return [start + at for start, length in zip(starts, ends) if length for at in (length // 2, length - 1)]
    signed = [match.start(2) for match in re.finditer(r'"(id|name|description|narrative|proofValue|validFrom|issuanceDate|encodedList)": "[^"]*?(\w{4})"', text)]
    return signed[:: max(1, len(signed) // 6)]


for name, wanted in expected.items():
    path = os.path.join(out, "badges", name)
    got, endorsements = verdict(path)
    hold(name, got, lambda got: got == wanted)
    hold(f"{name}, its endorsements", endorsements, lambda all_: all(one == "valid" for one in all_))
    with open(path) as file:
        text = file.read()
    changed = os.path.join(scratch, name)
    os.makedirs(scratch, exist_ok=True)
    for at in places(text):
        with open(changed, "w") as file:
            file.write(other(text, at))
        hold(f"{name} with byte {at} changed", verdict(changed)[0], lambda got: got != "valid")

valid = [name for name, wanted in expected.items() if wanted == "valid"]
for answer, fallen in RESTS_ON.items():
    changed = os.path.join(scratch, "answers")
    shutil.rmtree(changed, ignore_errors=True)
    shutil.copytree(out, changed)
    with open(os.path.join(out, answer)) as file:
        text = file.read()
    # Every key of an issuer at once; of a list, its bits, or the middle of its token.
    marks = [match.span(1) for match in re.finditer(r'"(?:x|n|encodedList)": "([^"]+)"', text)] or [(0, len(text))]
    for begin, end in marks:
        text = other(text, (begin + end) // 2)
    with open(os.path.join(changed, answer), "w") as file:
        file.write(text)
    got = [name for name in valid if verdict(os.path.join(out, "badges", name), changed)[0] != "valid"]
    hold(f"badges that fall with a byte of {answer}", got, lambda got: got == [name for name in valid if re.match(fallen, name)])

print(f"{len(expected)} badges of others as they should be, none with a byte changed")
sys.exit(1 if wrong else 0)
