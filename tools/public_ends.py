"""The public files at T = 0.44 with the end states of their first trajectories alone.

    python tools/public_ends.py FOLDER OUT.zarr [N]

Labels are those of all 32 trajectories, as in the files; N end states of each (4) are kept, from
which training makes time-reversed examples: each of them needs a quench.
"""

from __future__ import annotations

import sys

import equiglass as eg


def main() -> None:
    folder, out, *number = sys.argv[1:]
    n = int(number[0]) if number else 4
    kept = []
    for c in eg.read(folder):
        assert c.end_positions is not None, c.source
        kept.append(c.replace(end_positions=c.end_positions[:, :n]))
    eg.convert(kept, out)
    print(out, len(kept), "configurations")


if __name__ == "__main__":
    main()
