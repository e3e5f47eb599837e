"""A job over many frames, which goes on where a stopped one was, and its output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..data.moments import Moments
from ..errors import InputError
from ..evaluation.frames import FrameResult
from ..progress import track
from ..terminal import Terminal
from .folder import WorkFolder
from .jobs import Job
from .workers import Call, Task, Where, workers


class Results:
    """The results of all frames, in order, each read when it is asked for.

    They are read from the work folder, so that they can be gone through several times.
    """

    def __init__(self, folder: WorkFolder, moments: Moments) -> None:
        self._folder, self.moments = folder, moments

    def __len__(self) -> int:
        return len(self.moments)

    def __iter__(self) -> Iterator[FrameResult]:
        return (self._folder.result(number) for number in self.moments.numbers)

    @property
    def path(self) -> Path:
        """The work folder, for what else is only needed until the output is there."""
        return self._folder.path

    def remove(self) -> None:
        """Once what they are for is there."""
        self._folder.remove()


def run_frames(
    output: Path, job: Job, moments: Moments, where: Where, *, progress: bool = False
) -> Results:
    """Do a job on every frame; results that a stopped run left are checked and kept.

    They lie in ``OUTPUT.partial``, each whole or not there, and belong to the model, options and
    frames that its record states. That the data are those of before is seen by a hash of each
    frame whose result is there.

    Raises
    ------
    InputError
        If the folder belongs to something else, or a frame cannot be read or is refused by the
        job; what is done is kept.
    """
    folder = WorkFolder(output)
    folder.begin(job.belongs_to(), moments)
    task = Task(job, moments, folder.path.absolute())
    known = {j: folder.origin(number) for j, number in enumerate(moments.numbers)}
    done = {j: origin for j, origin in known.items() if origin is not None}
    todo = [j for j in range(len(moments)) if j not in done]
    if done and progress:
        Terminal(stderr=True).print(
            f"{len(done)} of {len(moments)} frames are there already", highlight=False
        )
    try:
        with workers(task, where, len(moments)) as call:
            _check(call, done, folder, moments)
            with track(str(job.belongs_to()["command"]), len(todo), enabled=progress) as advance:
                for _ in call("run", todo):
                    advance()
    except BaseException:
        folder.remove_empty()
        raise
    return Results(folder, moments)


def _check(call: Call, done: dict[int, str], folder: WorkFolder, moments: Moments) -> None:
    """Raise InputError where a frame is not what its result was made from."""
    for j, origin in call("origin", done):
        if origin != done[j]:
            raise InputError(
                "the output was begun from other data; remove that folder, or choose another "
                "output",
                source=folder.path,
                field=f"{moments.source}[{moments.numbers[j]}]",
                expected=done[j],
                found=origin,
            )
