#!/usr/bin/env python3
"""Two bakeries of other makes and Tremen read each other's pictures. Run with the Python of either; BAKERY names which.

  python bakeries.py openbadges-bakery|openbadgeslib EMITTED TREMEN SCRATCH

`openbadges-bakery` (Concentric Sky) knows 2.0, `openbadgeslib` (Luis G. F.) both. For PNG and SVG: what Tremen baked, they read to
the very text; what they bake, Tremen reads to the very text. Exit 1 at the first difference.
"""
import io, json, os, subprocess, sys

bakery, emitted, tremen, scratch = sys.argv[1:5]
os.makedirs(scratch, exist_ok=True)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle r="30"/></svg>'
PNG = open(os.path.join(emitted, "class.png"), "rb").read()
done = 0


def run(*arguments):
    ran = subprocess.run([tremen, "badge", *arguments], capture_output=True)
    if ran.returncode != 0:
        sys.exit("tremen badge %s: %s" % (" ".join(arguments), ran.stderr.decode()))
    return ran.stdout.decode()


def same(what, got, wanted):
    global done
    got = got.decode() if isinstance(got, bytes) else got
    if got is None or got.strip() != wanted.strip():
        sys.exit("%s: another text came out: %r" % (what, got and got[:80]))
    done += 1
    print("   %s" % what)


def address(text):
    return json.loads(text)["id"]


def both_ways(version, name, theirs_bake, theirs_read):
    folder = "site/badges" if version == "3.0" else "ob2/badges"
    text = open(os.path.join(emitted, folder, name + ".json"), encoding="utf-8").read()
    badge = os.path.join(scratch, "badge.json")
    open(badge, "w", encoding="utf-8").write(text)
    for ending, picture in ((".png", PNG), (".svg", SVG)):
        plain, ours, theirs = (os.path.join(scratch, kind + ending) for kind in ("plain", "ours", "theirs"))
        open(plain, "wb").write(picture)
        run("bake", plain, "--badge", badge, "--out", ours)
        same("%s reads Tremen's %s of %s" % (bakery, ending, version), theirs_read(ending, open(ours, "rb").read()),
             # In an SVG of 2.0 the first thing that a reader looks for is the address of the hosted badge.
             address(text) if (ending, version) == (".svg", "2.0") else text)
        open(theirs, "wb").write(theirs_bake(ending, picture, text))
        same("Tremen reads the %s of %s by %s" % (ending, version, bakery), run("unbake", theirs), text)


if bakery == "openbadges-bakery":
    from openbadges_bakery import bake, unbake

    def theirs_bake(ending, picture, text):
        made = bake(io.BytesIO(picture), text)
        return made.read()

    both_ways("2.0", "plain", theirs_bake, lambda ending, picture: unbake(io.BytesIO(picture)))
else:
    from openbadgeslib import baking

    def three(ending, picture, text):
        if ending == ".png":
            return baking.bake_png(picture, text, keyword=baking.ITXT_KEYWORD_OB3)
        return baking.bake_svg(picture, text, element=baking.SVG_ELEMENT_OB3, namespace=baking.SVG_NS_OB3, as_text=True)

    def read_three(ending, picture):
        if ending == ".png":
            return baking.extract_png(picture, keyword=baking.ITXT_KEYWORD_OB3)
        return baking.extract_svg(picture, element=baking.SVG_ELEMENT_OB3, text_fallback=True)

    both_ways("3.0", "plain", three, read_three)
    both_ways("3.0", "rich", three, read_three)
print("%s: %d of %d as it should be" % (bakery, done, done))
