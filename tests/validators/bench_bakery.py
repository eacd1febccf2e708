#!/usr/bin/env python3
"""Another bakery's own figures, for benches/badge: how long openbadgeslib takes to bake a badge of 3.0 into a PNG and to read it.

  python bench_bakery.py PICTURE.png BADGE.json ROUNDS     prints {"bake": [nanoseconds ...], "unbake": [...]}
"""
import json, sys, time

from openbadgeslib import baking

picture_file, badge_file, rounds = sys.argv[1:4]
picture = open(picture_file, "rb").read()
text = open(badge_file, encoding="utf-8").read()
keyword = baking.ITXT_KEYWORD_OB3


def bake():
    return baking.bake_png(picture, text, keyword=keyword)


baked = bake()


def unbake():
    if baking.extract_png(baked, keyword=keyword) is None:
        raise SystemExit("what was baked is lost")


figures = {}
for name, call in (("bake", bake), ("unbake", unbake)):
    figures[name] = []
    for turn in range(-20, int(rounds)):  # the first twenty warm up
        begun = time.perf_counter_ns()
        call()
        if turn >= 0:
            figures[name].append(time.perf_counter_ns() - begun)
print(json.dumps(figures))
