# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether the SVG on stdin fulfils a condition: svg_is.py '"IOPS" in texts'.

texts are the texts in it, curves the lines of points, areas the filled ones. That all coordinates
are in the picture is always checked.
"""
import re
import sys
import xml.etree.ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
root = ET.fromstring(sys.stdin.buffer.read())
width, height = float(root.get("width")), float(root.get("height"))
texts = [t.text or "" for t in root.iter(SVG + "text")]
curves = [p.get("points").split() for p in root.iter(SVG + "polyline")]
areas = [re.findall(r"[\d.-]+,[\d.-]+", p.get("d")) for p in root.iter(SVG + "path")]
for point in [p for curve in curves + areas for p in curve]:
    x, y = map(float, point.split(","))
    assert 0 <= x <= width and 0 <= y <= height, point
for t in root.iter(SVG + "text"):
    assert 0 <= float(t.get("x")) <= width and 0 < float(t.get("y")) <= height, t.text
sys.exit(0 if eval(f"({sys.argv[1]})") else 1)
