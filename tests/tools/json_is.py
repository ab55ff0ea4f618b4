# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether the JSON on stdin fulfils a condition: json_is.py 'd["driver"] == "io_uring"'."""
import json
import sys

d = json.load(sys.stdin)


def ascending(values):
    values = list(values)
    return all(a <= b for a, b in zip(values, values[1:]))


def lat_is_sane(lat):
    percentiles = list(lat["percentile"].values())
    return (len(percentiles) == 13 and lat["min"] <= lat["mean"] <= lat["max"]
            and ascending([lat["min"]] + percentiles + [lat["max"]]))


sys.exit(0 if eval(f"({sys.argv[1]})") else 1)
