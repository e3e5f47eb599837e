"""What a run over many frames keeps until its output is whole: a record, and a file per frame."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..data.moments import Moments
from ..errors import InputError
from ..evaluation.frames import FrameResult
from ..files import remove_stale
from ..written import make_folder, read_json, write_json
from .results import load_origin, load_result

VERSION = 2
REFUSED = "was begun with another {}; remove that folder, or choose another output"


class WorkFolder:
    """``NAME.partial`` beside an output, as of simulations.

    Parameters
    ----------
    output
        The file that will be written from it.
    """

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(f"{output.name}.partial")

    def file(self, number: int) -> Path:
        """Of the result of a frame."""
        return self.path / f"{number:08d}.npz"

    def begin(self, belongs_to: dict[str, Any], moments: Moments) -> None:
        """Make it, or see that it was begun with the same model, options and frames.

        More frames behind those it was begun with are welcome: a trajectory may have grown.

        Raises
        ------
        InputError
            If it was begun with others; or cannot be written.
        """
        record_file = self.path / "record.json"
        wanted = json.loads(json.dumps({"version": VERSION, **belongs_to}))
        numbers = list(moments.numbers)
        if record_file.is_file():
            found = read_json(record_file)
            before = found.pop("frames", [])
            for key in [*wanted, *found]:
                if wanted.get(key) != found.get(key):
                    raise InputError(
                        REFUSED.format(key), source=self.path, field=key,
                        expected=_short(wanted.get(key)), found=_short(found.get(key)),
                    )  # fmt: skip
            if numbers[: len(before)] != before:
                raise InputError(
                    REFUSED.format("range of frames"), source=self.path, field="frames",
                    expected=_range_text(numbers), found=_range_text(before),
                )  # fmt: skip
        make_folder(self.path)
        remove_stale(self.path)
        write_json(record_file, {**wanted, "frames": numbers})

    def origin(self, number: int) -> str | None:
        """The fingerprint of what a frame's result was made from; None without a result."""
        file = self.file(number)
        return load_origin(file) if file.is_file() else None

    def result(self, number: int) -> FrameResult:
        """Of a frame.

        Raises
        ------
        InputError
            If it is missing or damaged.
        """
        return load_result(self.file(number))

    def remove_empty(self) -> None:
        """Where no result was kept: what was refused at once leaves nothing behind."""
        if not any(self.path.glob("*.npz")):
            self.remove()

    def remove(self) -> None:
        """Once the output is there."""
        shutil.rmtree(self.path, ignore_errors=True)


def _range_text(numbers: list[int]) -> str:
    steps = {b - a for a, b in pairwise(numbers)}
    if len(steps) > 1 or not numbers:
        return f"{len(numbers)} frames"
    step = steps.pop() if steps else 1
    return f"{numbers[0]}:{numbers[-1] + 1}:{step}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:38]} ... {text[-38:]}"
