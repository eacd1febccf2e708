#!/usr/bin/env python3
"""What a running registry counts, before the reference parser of OpenMetrics.

  python counts.py URL

Reads it, looks that the names that watchers hold on to are there with figures in them, and that the parser refuses the same text bent.
"""
import sys, urllib.request
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

if len(sys.argv) != 2:
    sys.exit(__doc__)
answer = urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers={"Accept": "application/openmetrics-text"}))
kind = answer.headers["Content-Type"]
text = answer.read().decode()
bad = []
if not kind.startswith("application/openmetrics-text; version=1.0.0"):
    bad.append(f"it is sent as {kind}")
families = {family.name: family for family in parse(text)}
for name in ("decisions", "decision_seconds", "commit_seconds", "orders_open", "order_confirm_seconds", "controllers",
             "sessions_open", "malformed", "journal_unsealed"):
    if f"tremen_{name}" not in families:
        bad.append(f"tremen_{name} is missing")
counted = sum(sample.value for sample in families["tremen_decisions"].samples if sample.name == "tremen_decisions_total")
if counted < 1:
    bad.append("no decision is counted: nothing was shown")
samples = sum(len(family.samples) for family in families.values())
for name, bent in {
    "without its end": text.replace("# EOF\n", ""),
    "a counter without _total": text.replace("tremen_decisions_total{", "tremen_decisions{", 1),
    "a figure that is none": text.replace("\ntremen_sessions_open ", "\ntremen_sessions_open x", 1),
    "buckets out of order": text.replace('le="+Inf"', 'le="0.00001"', 1),
}.items():
    try:
        list(parse(bent))
        bad.append(f"bent, and not refused: {name}")
    except ValueError:
        pass
for fault in bad:
    print("!", fault)
print(f"{len(families)} families, {samples} samples, {counted:.0f} decisions counted" if not bad else f"{len(bad)} faults")
sys.exit(len(bad) > 0)
