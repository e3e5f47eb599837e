"""Pack stores as a data set of the package: one file, the same bytes for the same content.

python tools/package_data.py STORE.zarr ka3d
python tools/package_data.py pair_chains.zarr ka3d_chains.zarr ka3d_chains --compact

With --compact positions are in single precision, and what a quench makes, and bonds, are left out:
for larger sets, of which not every user wants a quench.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.fields import MADE_FIELDS
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.store import own_attributes, write_store

DATA = Path(__file__).parents[1] / "src" / "equiglass" / "packaged" / "data"


def compact(c: Configuration) -> Configuration:
    """Without what can be made again, or is not learned from."""
    dropped = dict.fromkeys(name for name in MADE_FIELDS if name != "positions")
    return c.replace(
        **dropped, bond_breaking=None, accuracy=None, positions=c.positions.astype(np.float32)
    )


def main() -> None:
    """Write the packaged data set, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("stores", nargs="+")
    parser.add_argument("name")
    parser.add_argument("--compact", action="store_true")
    asked = parser.parse_args()
    target = DATA / f"{asked.name}.zarr.zip"
    target.unlink(missing_ok=True)
    # Of several stores, what each says of itself alone is not true of all.
    more = own_attributes(Path(asked.stores[0])) if len(asked.stores) == 1 else {}

    def rows() -> Iterator[tuple[str, Configuration, str | None]]:
        for store in asked.stores:
            data = read(store)
            for e, c in zip(data.entries, data, strict=True):
                # Stores of version 1 that were converted lost the potential of their simulation.
                known = c.replace(potential=c.potential or KOB_ANDERSEN)
                yield Path(e.name).name, compact(known) if asked.compact else known, e.split

    count = write_store(target, rows(), **more)
    print(f"{count} configurations in {target}, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
