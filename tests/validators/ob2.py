#!/usr/bin/env python3
"""Runs the third-party Open Badges 2.0 validator, offline, over a folder of emitted documents.

  python ob2.py DIR [--map https://prefix=TARGET ...] [--recipient email:ada@example.org] [--now ISO] [--json]

Looked at below DIR: *.json whose "type" is a 2.0 class, baked *.png and *.svg, and signed badges in *.jws or *.jwt.
URLs are answered, in this order, by: the pinned contexts; the JSON file being judged, for its own "id"; a --map pair;
the first file below DIR whose "id" is that URL. A baked image needs its hosted copy in one of the last two.
TARGET is a folder or http://127.0.0.1:PORT (loopback only; the server's own status code is kept). Nothing else is reached.
A file whose body says "revoked": true is answered with status 410, as the norm asks of a revoked hosted assertion.
DIR/expected.json (optional) names the verdict wanted for a file; a file not named is expected to be "valid".

Verdicts: valid, revoked, expired, invalid, skipped. Exit 0 when every verdict is the expected one, 1 otherwise, 2 on a wrong call.
"""
import argparse, base64, datetime, hashlib, io, json, logging, os, re, struct, sys, urllib.error, urllib.parse, urllib.request, warnings
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import requests
from requests.models import Response
from requests.structures import CaseInsensitiveDict

HERE = os.path.dirname(os.path.abspath(__file__))
CONTEXTS = os.path.join(HERE, "..", "contexts")
CLASSES = {"Assertion", "BadgeClass", "Issuer", "Profile", "Endorsement", "RevocationList", "CryptographicKey"}
LOOPBACK = re.compile(r"^https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/?$")
TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".html": "text/html", ".json": "application/ld+json"}

ap = argparse.ArgumentParser()
ap.add_argument("dir")
ap.add_argument("--map", action="append", default=[])
ap.add_argument("--recipient")
ap.add_argument("--now")
ap.add_argument("--json", action="store_true")
args = ap.parse_args()
if not os.path.isdir(args.dir):
    ap.error("DIR is not a folder")


def moment(text):
    t = datetime.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return t if t.tzinfo else t.replace(tzinfo=datetime.timezone.utc)


now = moment(args.now) if args.now else datetime.datetime.now(datetime.timezone.utc)
maps = sorted((tuple(m.split("=", 1)) for m in args.map), key=lambda m: -len(m[0]))
for prefix, target in maps:
    if target.startswith("http") and not LOOPBACK.match(target):
        ap.error("%s is not a loopback address" % target)

# ------------------------------------------------------------------ what answers a URL
pinned = {}
for url, entry in json.load(open(os.path.join(CONTEXTS, "index.json"))).items():
    data = open(os.path.join(CONTEXTS, entry["file"]), "rb").read()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        sys.exit("context %s: %s is not the pinned file" % (url, entry["file"]))
    pinned[url] = data

files = []
for root, dirs, names in os.walk(args.dir):
    dirs[:] = sorted(d for d in dirs if d != "node_modules")
    files += [os.path.join(root, n) for n in sorted(names)]
by_id, docs = {}, {}
for path in files:
    if path.endswith((".json", ".jsonld")):
        try:
            docs[path] = json.load(open(path, encoding="utf-8"))
        except ValueError:
            docs[path] = None
            continue
        if isinstance(docs[path], dict) and str(docs[path].get("id", "")).startswith("http"):
            by_id.setdefault(docs[path]["id"], path)

current = {}   # the JSON file being judged is the hosted copy of its own id


def from_file(path):
    data = open(path, "rb").read()
    code = 200
    try:
        body = json.loads(data)
        if isinstance(body, dict) and body.get("revoked") is True:
            code = 410
    except ValueError:
        pass
    return code, data, TYPES.get(os.path.splitext(path)[1], "application/ld+json")


def answer(url):
    plain = url.split("#")[0]
    if plain in pinned:
        return 200, pinned[plain], "application/ld+json"
    if plain in current:
        return 200, current[plain], "application/ld+json"
    for prefix, target in maps:
        p = prefix.rstrip("/")
        if plain != p and not plain.startswith(p + "/"):
            continue
        rest = plain[len(p):]
        if target.startswith("http"):
            req = urllib.request.Request(target.rstrip("/") + rest, headers={"Accept": "application/ld+json, application/json, image/png, image/svg+xml"})
            try:
                with urllib.request.urlopen(req, timeout=10) as r:
                    return r.status, r.read(), r.headers.get("Content-Type", "")
            except urllib.error.HTTPError as e:
                return e.code, e.read(), e.headers.get("Content-Type", "")
        base = os.path.realpath(target)
        wanted = os.path.realpath(os.path.join(base, urllib.parse.unquote(rest.split("?")[0]).lstrip("/")))
        if wanted != base and not wanted.startswith(base + os.sep):
            break
        for candidate in (wanted, wanted + ".json", os.path.join(wanted, "index.json")):
            if os.path.isfile(candidate):
                return from_file(candidate)
    if plain in by_id:
        return from_file(by_id[plain])
    return 404, b"not mapped", "text/plain"


def send(self, request, **kw):
    code, data, kind = answer(request.url)
    r = Response()
    r.status_code, r._content, r.url, r.request = code, data, request.url, request
    r.headers = CaseInsensitiveDict({"Content-Type": kind})
    r.encoding, r.raw, r.reason = "utf-8", io.BytesIO(b""), ""
    return r


requests.adapters.HTTPAdapter.send = send
from openbadges_bakery import unbake  # noqa: E402
from openbadges.verifier import verify  # noqa: E402  (after the door to the network is closed)


# ------------------------------------------------------------------ what is inside a file
def unbake_png(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG")
    found, p = [], 8
    while p + 12 <= len(data):
        n, kind = struct.unpack(">I4s", data[p:p + 8])
        body = data[p + 8:p + 8 + n]
        if kind in (b"iTXt", b"tEXt", b"zTXt") and body.split(b"\0", 1)[0] == b"openbadges":
            if kind == b"tEXt":
                raise ValueError("baked as tEXt (the form before 1.0), not iTXt")
            rest = body.split(b"\0", 1)[1]
            if kind == b"zTXt" or rest[0] != 0:
                raise ValueError("baked chunk is compressed")
            found.append(rest[2:].split(b"\0", 2)[2].decode("utf-8"))
        p += 12 + n
        if kind == b"IEND":
            break
    if len(found) > 1:
        raise ValueError("openbadges chunk appears more than once")
    return found[0] if found else None


def jws_payload(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def listed(v):
    return [] if v is None else v if isinstance(v, list) else [v]


def load(ref):
    """A linked object: inline, or behind its URL."""
    if isinstance(ref, dict):
        return ref
    code, data, _ = answer(ref)
    try:
        return json.loads(data) if code == 200 else {}
    except ValueError:
        return {}


def revocation(doc):
    """The validator forgets the status 410 and misses a revocation list of exactly one entry: both are read here."""
    if doc.get("revoked") is True:
        return doc.get("revocationReason") or "revoked"
    kind = (doc.get("verification") or doc.get("verify") or {}).get("type") if isinstance(doc.get("verification") or doc.get("verify"), dict) else None
    if str(doc.get("id", "")).startswith("http") and kind in ("hosted", "HostedBadge", None):
        code, data, _ = answer(doc["id"])
        try:
            body = json.loads(data)
        except ValueError:
            body = {}
        if code == 410 or (isinstance(body, dict) and body.get("revoked") is True):
            return (body.get("revocationReason") if isinstance(body, dict) else None) or "HTTP 410"
    if kind in ("signed", "SignedBadge"):
        issuer = load(load(doc.get("badge", {})).get("issuer", {}))
        if issuer.get("revocationList"):
            for entry in listed(load(issuer["revocationList"]).get("revokedAssertions")):
                one = {"id": entry} if isinstance(entry, str) else entry
                if (one.get("id") and one["id"] == doc.get("id")) or (one.get("uid") and one["uid"] == doc.get("uid")):
                    return one.get("revocationReason") or "listed as revoked"
    return None


def judge(badge_input, doc, is_hosted_copy=False):
    current.clear()
    errors, notes = [], []
    profile = None
    if args.recipient and "Assertion" in listed(doc.get("type")):
        kind, value = args.recipient.split(":", 1)
        profile = {kind: value}
    gone = revocation(doc)
    if gone is not None:
        return "revoked", [gone], []
    if is_hosted_copy and str(doc.get("id", "")).startswith("http"):
        current[doc["id"]] = json.dumps(doc).encode()
    try:
        report = verify(badge_input, recipient_profile=profile)["report"]
        errors = [m["result"] for m in report["messages"] if m["messageLevel"] == "ERROR"]
        notes = [m["result"] for m in report["messages"] if m["messageLevel"] == "WARNING"]
        if not report["valid"] and not errors:
            errors = ["the validator found no badge"]
    except Exception as e:  # the validator raises on some broken inputs
        errors = ["validator stopped: %s: %s" % (type(e).__name__, e)]
    late = None
    try:
        if doc.get("expires") and moment(doc["expires"]) < now:
            late = doc["expires"]
    except ValueError:
        errors.append("expires is not a date: %s" % doc["expires"])
    other = [e for e in errors if not re.search(r"expired", e, re.I)]
    if late and not other:
        return "expired", [late], notes
    return ("invalid", errors, notes) if errors else ("valid", [], notes)


expected_path = os.path.join(args.dir, "expected.json")
expected = json.load(open(expected_path)) if os.path.exists(expected_path) else {}
bad = checked = 0
out = []
for path in files:
    name = os.path.relpath(path, args.dir)
    ext = os.path.splitext(path)[1]
    if name == "expected.json" or ext not in (".json", ".jsonld", ".png", ".svg", ".jws", ".jwt"):
        continue
    verdict, reasons, notes = "skipped", [], []
    try:
        if ext in (".json", ".jsonld"):
            doc = docs[path]
            if doc is None:
                verdict, reasons = "invalid", ["not JSON"]
            elif isinstance(doc, dict) and doc.get("revoked") is True and "id" in doc:
                verdict, reasons = "revoked", [doc.get("revocationReason", "no reason given")]
            elif isinstance(doc, dict) and "VerifiableCredential" not in listed(doc.get("type")) and (
                    "https://w3id.org/openbadges/v2" in listed(doc.get("@context")) and "type" in doc or CLASSES & set(map(str, listed(doc.get("type"))))):
                verdict, reasons, notes = judge(json.dumps(doc), doc, True)
            else:
                reasons = ["not a 2.0 object"]
        elif ext == ".png":
            text = unbake_png(open(path, "rb").read())
            if text is None:
                reasons = ["no 2.0 badge inside"]
            else:
                text = text.strip()
                doc = json.loads(text) if text.startswith("{") else jws_payload(text) if text.count(".") == 2 and not text.startswith("http") else load(text)
                verdict, reasons, notes = judge(open(path, "rb"), doc)
        elif ext == ".svg":
            text = open(path, encoding="utf-8").read()
            if not re.search(r"<\w*:?assertion\b", text):
                reasons = ["no 2.0 badge inside"]
            else:
                inner = re.search(r"<!\[CDATA\[(.*?)\]\]>", text, re.S)
                verify_attr = re.search(r"verify\s*=\s*[\"']([^\"']+)", text)
                doc = json.loads(inner.group(1)) if inner else jws_payload(verify_attr.group(1)) if verify_attr and not verify_attr.group(1).startswith("http") else load(verify_attr.group(1)) if verify_attr else {}
                # The validator stops at the address as bytes, as its own bakery hands it over: it gets the same as text.
                baked = unbake(open(path, "rb"))
                verdict, reasons, notes = judge(baked.decode() if isinstance(baked, bytes) else baked, doc)
        else:
            token = open(path).read().strip()
            verdict, reasons, notes = judge(token, jws_payload(token))
    except Exception as e:
        verdict, reasons = "invalid", ["%s" % e]
    want = expected.get(name)
    ok = verdict in ("valid", "skipped") if want is None else verdict == want
    bad += not ok
    checked += verdict != "skipped"
    out.append({"file": name, "verdict": verdict, "reasons": reasons, "notes": notes, "expected": want or "valid", "ok": ok})
    if not args.json:
        print("%s %s\t%s%s%s%s" % (" " if ok else "!", name, verdict, "\t" + "; ".join(map(str, reasons)) if reasons else "",
                                   "\t[%s]" % " | ".join(map(str, notes)) if notes else "", "" if ok else "\t(expected %s)" % (want or "valid")))
for name in expected:
    if name not in {o["file"] for o in out}:
        bad += 1
        print("! %s\tmissing\t(expected %s)" % (name, expected[name]))
print(json.dumps(out, indent=1) if args.json else "%d checked, %d unexpected" % (checked, bad))
if not checked:
    sys.stderr.write("nothing was checked\n")
    bad += 1
sys.exit(1 if bad else 0)
