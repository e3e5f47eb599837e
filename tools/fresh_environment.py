"""A Python environment that knows nothing of the source tree, and what each command in it cost."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from pages import ROOT

# A bare environment, as that of someone who has just logged in.
KEPT = ("HOME", "LANG", "PATH", "PIP_CERT", "PIP_CONFIG_FILE", "PIP_FIND_LINKS", "SSL_CERT_FILE")


@dataclass
class Step:
    """A command, with its cost."""

    command: str
    seconds: float
    core_seconds: float


@dataclass
class Environment:
    """A fresh environment, and what was done in it."""

    folder: Path
    work: Path
    steps: dict[str, Step] = field(default_factory=dict)

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def run(self, name: str, *words: str, shown: str = "", fails: bool = False) -> str:
        """Output of a command of this environment, that ends well or, with ``fails``, does not."""
        kept = {key: os.environ[key] for key in KEPT if key in os.environ}
        kept |= {"EQUIGLASS_CACHE": str(self.work / "cache"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        before, start = children(), time.monotonic()
        done = subprocess.run(
            words, cwd=self.work, env=kept, capture_output=True, text=True, check=False
        )
        spent = Step(shown, round(time.monotonic() - start, 1), round(children() - before, 1))
        if (done.returncode != 0) != fails:
            raise SystemExit(f"{' '.join(words)}: exit {done.returncode}\n{done.stderr[-3000:]}")
        if shown:
            self.steps[name] = spent
            print(f"  {shown}: {spent.seconds} s", flush=True)
        return done.stderr if fails else done.stdout

    def equiglass(self, name: str, *words: str, fails: bool = False) -> str:
        """The same of the installed command."""
        command = str(self.folder / "bin" / "equiglass")
        return self.run(name, command, *words, shown=f"equiglass {' '.join(words)}", fails=fails)

    def install(self, name: str, *words: str, shown: str) -> None:
        """What pip makes of some requirements."""
        pip = (self.python, "-m", "pip", "install", "-qq", *words)
        self.run(name, *pip, shown=f"pip install {shown}")

    @property
    def megabytes(self) -> float:
        """Of all files, each counted once."""
        files = (p.lstat() for p in self.folder.rglob("*") if p.is_file() or p.is_symlink())
        return round(sum({s.st_ino: s.st_size for s in files}.values()) / 1e6, 1)


def children() -> float:
    """Processor seconds of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def fresh(python: str, folder: Path) -> Environment:
    """An empty environment with a folder to work in, far from the source tree."""
    work = folder / "work"
    work.mkdir(parents=True)
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    pinned = [r for r in (ROOT / "constraints.txt").read_text().split() if r.startswith("torch==")]
    (work / "torch").write_text("\n".join(pinned))
    return Environment(folder / "venv", work)
