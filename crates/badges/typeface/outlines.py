#!/usr/bin/env python3
"""Writes the outlines of a typeface's letters as text, one letter a line, for `src/art/letters.rs` to read.

    pip install fonttools==4.68.0
    for weight in regular bold; do ./outlines.py atkinson-hyperlegible-next-$weight.ttf > $weight.outlines; done

The first line has the units of the em. Each other line has a code point (hexadecimal; 0 for the box that stands for all that
is missing), how far the next letter is, and the outline: M and L with a point, Q with a handle and a point, Z.
"""
import sys

from fontTools.pens.basePen import decomposeQuadraticSegment
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont

font = TTFont(sys.argv[1])
glyphs, metrics = font.getGlyphSet(), font["hmtx"]


def number(value):
    return str(int(value)) if value == int(value) else str(value)


def step(letter, *points):
    return letter + " ".join(number(part) for point in points for part in point)


def outline(name):
    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    steps, first = [], None
    for what, points in pen.value:
        if what == "moveTo":
            first = at = points[0]
            steps.append(step("M", at))
        elif what == "lineTo":
            at = points[0]
            steps.append(step("L", at))
        elif what == "qCurveTo":
            assert points[-1] is not None, "no contour of this typeface lacks a point that is on it"
            for handle, at in decomposeQuadraticSegment(points):
                steps.append(step("Q", handle, at))
        elif what == "closePath":
            if at != first:
                steps.append(step("L", first))
            steps.append("Z")
        else:
            raise ValueError(what)
    return "".join(steps)


print(font["head"].unitsPerEm)
letters = {0: ".notdef"} | font.getBestCmap()
for point, name in sorted(letters.items()):
    print(f"{point:x} {metrics[name][0]} {outline(name)}".rstrip())
