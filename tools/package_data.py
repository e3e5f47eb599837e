"""Pack a store as a data set of the package: one file, the same bytes for the same content.

python tools/package_data.py STORE.zarr ka3d
"""

from __future__ import annotations

import sys
from pathlib import Path

from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.store import own_attributes, write_store

DATA = Path(__file__).parents[1] / "src" / "equiglass" / "packaged" / "data"


def main(store: str, name: str) -> None:
    """Write the packaged data set, and say how large it is."""
    data = read(store)
    more = own_attributes(Path(store))
    target = DATA / f"{name}.zarr.zip"
    target.unlink(missing_ok=True)
    rows = (
        # Stores of version 1 that were converted lost the potential they were simulated with.
        (Path(e.name).name, c.replace(potential=c.potential or KOB_ANDERSEN), e.split)
        for e, c in zip(data.entries, data, strict=True)
    )
    count = write_store(target, rows, **more)
    print(f"{count} configurations in {target}, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
