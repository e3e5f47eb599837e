"""A chemiscope page: the map of representations beside the structure, each linked to the other.

G. Fraux, R. Cersonsky, M. Ceriotti, J. Open Source Softw. 5, 2117 (2020). The page is written by
chemiscope itself, which brings its viewer; it works offline.
"""

from __future__ import annotations

import gzip
import html
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis.representation import Representation, measured_mobility
from ..data.configuration import TYPE_NAMES, Configuration
from ..extras import need
from ..geometry.periodic import wrap
from ..simulation.target import TARGETS
from ..written import write_bytes, write_text

SUFFIXES = (".html", ".json", ".json.gz")
N_COMPONENTS = 4
# The viewer takes lengths for angstroms and draws atoms and bonds accordingly: with neighbours at a
# distance of 1 it would bond every particle to dozens of others.
SCALE = 3.0

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{css}
body {{ margin: 0; font-family: sans-serif; }}
h1 {{ font-size: 1.1rem; margin: 0.6rem 1rem; }}
#error {{ color: #b00; margin: 1rem; }}
.chemiscope-sphinx .visualizer-container {{ height: calc(100vh - 4rem); }}
</style>
</head>
<body>
<h1>{title}</h1>
<div id="error"></div>
<div class="chemiscope-sphinx"><div class="visualizer-container">
  <div class="visualizer-column-right"><div id="meta"></div><div id="map"></div></div>
  <div class="visualizer-column">
    <div id="structure" class="visualizer-item"></div><div id="info" class="visualizer-info"></div>
  </div>
</div></div>
<script>{script}</script>
<script type="application/json" id="dataset">{dataset}</script>
<script>
const warnings = new Chemiscope.Warnings();
warnings.addHandler((message) => console.warn(message));
Chemiscope.DefaultVisualizer.load(
  {{ meta: "meta", map: "map", structure: "structure", info: "info" }},
  JSON.parse(document.getElementById("dataset").textContent),
  warnings
).catch((error) => {{ document.getElementById("error").textContent = String(error); }});
</script>
</body>
</html>
"""


def dataset(result: Representation) -> dict[str, Any]:
    """What chemiscope shows: every particle with its components, S and mobilities.

    Lengths are :data:`SCALE` times those in sigma. The map starts with the first two components,
    coloured by S.

    Raises
    ------
    MissingExtraError
        Without chemiscope.
    """
    need("chemiscope", why="a chemiscope page")
    import chemiscope

    configurations = result.configurations
    columns: dict[str, Any] = {
        f"PC{k + 1}": np.concatenate([c[:, k] for c in result.components])
        for k in range(min(N_COMPONENTS, len(result.explained_variance)))
    }
    columns["S"] = np.concatenate(result.order_parameters)
    words = TARGETS[result.target].words
    columns[f"predicted {words}"] = np.concatenate(result.predicted)
    measured = measured_mobility(result)
    if measured is not None:
        columns[f"measured {words}"] = np.concatenate(measured)
    energies = [c.inherent_energy for c in configurations if c.inherent_energy is not None]
    if len(energies) == len(configurations):
        columns["inherent energy"] = np.concatenate(energies)
    columns["type"] = [TYPE_NAMES[t] for c in configurations for t in c.types]
    properties = {
        name: {"target": "atom", "values": np.asarray(values).tolist()}
        for name, values in columns.items()
    }
    structures = [_structure(c) for c in configurations]
    first, second = [name for name in columns if name.startswith("PC")][:2]
    return dict(
        chemiscope.create_input(
            structures,
            metadata={
                "name": f"{result.model}: representation",
                "description": f"{TARGETS[result.target].plural} and {result.chosen}",
            },
            properties=properties,
            environments=[
                (k, i, SCALE * result.cutoff)
                for k, c in enumerate(configurations)
                for i in range(len(c))
            ],
            settings={
                "map": {
                    "x": {"property": first},
                    "y": {"property": second},
                    "color": {"property": "S"},
                    "symbol": "type",
                    "palette": "bwr",
                },
                "structure": [
                    {
                        "bonds": False,
                        "unitCell": True,
                        "keepOrientation": True,
                        "color": {"property": "S", "palette": "bwr"},
                        "environments": {
                            "activated": True,
                            "center": False,
                            "cutoff": SCALE * result.cutoff,
                            "bgStyle": "ball-stick",
                            "bgColor": "property",
                        },
                    }
                ],
            },
        )
    )


def _structure(c: Configuration) -> dict[str, Any]:
    x, y, z = (SCALE * wrap(c.positions.astype(np.float64), c.box, c.periodic)).T.tolist()
    structure = {"size": len(c), "names": [TYPE_NAMES[t] for t in c.types], "x": x, "y": y, "z": z}
    if all(c.periodic):
        structure["cell"] = np.diag(SCALE * c.box.astype(float)).flatten().tolist()
    return structure


def write_chemiscope(path: Path, result: Representation) -> Path:
    """Write an HTML page with everything in it, or the input of chemiscope (.json, .json.gz)."""
    text = json.dumps(dataset(result), allow_nan=False)
    if path.name.endswith(".gz"):
        write_bytes(path, gzip.compress(text.encode(), mtime=0))
    elif path.suffix == ".json":
        write_text(path, text)
    else:
        static = files("chemiscope").joinpath("sphinx", "static")
        write_text(
            path,
            PAGE.format(
                title=html.escape(f"{result.model}: representation and structure"),
                css=static.joinpath("chemiscope-sphinx.css").read_text(),
                script=static.joinpath("chemiscope.min.js")
                .read_text()
                .replace("</script", "<\\/script"),
                # Neither an end tag nor a comment may begin in the data.
                dataset=text.replace("<", "\\u003c"),
            ),
        )
    return path
