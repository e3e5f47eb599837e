"""The page itself: one HTML file with its library, its script and its numbers."""

from __future__ import annotations

import base64
import html
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from ...data.configuration import TYPE_NAMES
from ...written import write_text
from ..radii import radii_of
from .scene import Scene, Shot, label_of, shown_array

COLORS = "RdYlBu_r"  # as in the figures
TYPE_COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#222")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{style}</style></head>
<body>{body}
<script>{library}</script>
<script type="application/json" id="about">{about}</script>
<script type="text/plain" id="numbers">{numbers}</script>
<script>{script}</script>
</body></html>
"""


class Numbers:
    """Arrays one after the other, as little-endian bytes, and where each is."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: NDArray[Any]) -> dict[str, Any]:
        """Where an array is: offset in bytes, length and type, which the script looks up."""
        dtype = array.dtype.newbyteorder("<")
        content = np.ascontiguousarray(array, dtype=dtype).tobytes()
        at = self._size
        padded = content + bytes(-len(content) % 4)
        self._parts.append(padded)
        self._size += len(padded)
        return {"at": at, "n": int(array.size), "type": array.dtype.name}

    def base64(self) -> str:
        """All of them as text."""
        return base64.b64encode(b"".join(self._parts)).decode()


def _frame(shot: Shot, numbers: Numbers) -> dict[str, Any]:
    c, shown = shot.moment.configuration, shot.shown
    ids = shot.moment.ids
    radii, source = radii_of(c)
    return {
        "name": c.source,
        "time": shot.moment.time,
        "number": shot.moment.number,
        "temperature": c.temperature,
        "box": [float(length) for length in c.box],
        "flat": c.dimensions == 2,
        "radii_from": source,
        "positions": numbers.add(c.positions[shown].astype(np.float32)),
        "types": numbers.add(c.types[shown].astype(np.uint8)),
        "ids": numbers.add((shown if ids is None else np.asarray(ids)[shown]).astype(np.int32)),
        "radii": numbers.add(radii[shown].astype(np.float32)),
        "values": {
            key: {
                "" if t is None else f"{t:.6g}": numbers.add(shown_array(row, shot))
                for t, row in rows.items()
            }
            for key, rows in shot.values.items()
        },
    }


def page_text(scene: Scene) -> str:
    """The HTML of a scene; nothing of the data can be markup or script in it."""
    numbers = Numbers()
    frames = [_frame(shot, numbers) for shot in scene.shots]
    types = max(int(s.moment.configuration.types.max(initial=0)) for s in scene.shots) + 1
    shades = matplotlib.colormaps[COLORS](np.linspace(0, 1, 256))
    about = {
        "title": scene.title,
        "notes": scene.notes,
        "frames": frames,
        "quantities": [
            {
                "key": key,
                "label": label_of(key)[0],
                "unit": label_of(key)[1].replace("sigma", "σ").replace("epsilon", "ε"),
                "times": [f"{t:.6g}" for t in scene.times(key)],
            }
            for key in scene.keys
        ],
        "types": list(TYPE_NAMES[:types]),
        "type_colors": [to_hex(color) for color in TYPE_COLORS],
        "colors": [to_hex(shade) for shade in shades],
    }
    static = files(__package__)
    library = files("chemiscope").joinpath("sphinx", "static", "chemiscope.min.js").read_text()
    return PAGE.format(
        title=html.escape(scene.title),
        style=static.joinpath("view.css").read_text(),
        body=static.joinpath("view.html").read_text(),
        library=library.replace("</script", "<\\/script"),
        # Neither an end tag nor a comment may begin in the data.
        about=json.dumps(about, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"),
        numbers=numbers.base64(),
        script=static.joinpath("view.js").read_text(),
    )


def write_view(path: Path, scene: Scene) -> Path:
    """Write the page of a scene."""
    write_text(path, page_text(scene))
    return path
