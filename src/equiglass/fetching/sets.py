"""Where the public data sets are, how large, under which licence, and how to cite them."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError


@dataclass(frozen=True)
class Remote:
    """A file at a publisher.

    Attributes
    ----------
    path
        Below the address of the set; of a member, of the zip file that it lies in.
    target
        Where it goes, below the folder of the set.
    n_bytes, md5
        As published; None where nothing is.
    member
        Its name in that zip file, from which it is fetched alone.
    """

    path: str
    target: str
    n_bytes: int | None = None
    md5: str | None = None
    member: str | None = None


@dataclass(frozen=True)
class Part:
    """What can be asked for by name.

    Attributes
    ----------
    size
        Of all its files, in words; empty where it is not known.
    """

    name: str
    files: tuple[Remote, ...]
    about: str
    size: str = ""


@dataclass(frozen=True)
class PublicSet:
    """A published data set.

    Attributes
    ----------
    address
        What the paths of its files begin with.
    archive
        The zip file whose members can be asked for by their names in it.
    """

    name: str
    title: str
    address: str
    doi: str
    licence: str
    citation: str
    parts: tuple[Part, ...]
    archive: Remote | None = None
    note: str = ""

    def part(self, name: str | None) -> Part:
        """A part by its name, the only one for None, a file of a part as ``PART/N``, or a member.

        Raises
        ------
        InputError
            If there is no such part, or several and none is named.
        """
        if name is None and len(self.parts) == 1:
            return self.parts[0]
        for part in self.parts:
            if name == part.name:
                return part
            above, _, number = (name or "").rpartition("/")
            chosen = [f for f in part.files if f.target.rpartition("_")[2].split(".")[0] == number]
            if above == part.name and chosen:
                return Part(f"{part.name}/{number}", tuple(chosen), part.about)
        if name and self.archive is not None and "/" in name:
            target = name.removeprefix("GlassBench/")
            return Part(name, (_member(self.archive, name, target),), "member of the zip file")
        raise InputError(
            "no such part" if name else "which part?",
            source=f"fetch {self.name}",
            field="PART",
            expected=", ".join(p.name for p in self.parts),
            found=name,
        )


def _member(archive: Remote, member: str, target: str) -> Remote:
    return Remote(archive.path, target, archive.n_bytes, member=member)


_ZIP = Remote(
    "GlassBench.zip?download=1", "GlassBench.zip", 6_042_260_027, "82c83a7146eb749e13417e4350022417"
)


def _of_zip(temperature: str) -> Part:
    path = f"KA_models/T{temperature}.tar.gz"
    about = f"three dimensions, T = {temperature}: structures, propensities, published predictions"
    return Part(
        f"T{temperature}", (_member(_ZIP, f"GlassBench/{path}", path),), about, "about 0.58 GB"
    )


def _aggregated(split: str, first: int, last: int) -> Part:
    path = f"temperature_044/{split}/aggregated_data_{{}}.pickle"
    files = tuple(
        Remote(f"public_dataset/{path.format(k)}", path.format(k)) for k in range(first, last + 1)
    )
    about = f"T = 0.44, {split}: {len(files)} configurations; one is T0.44/{split}/{first}"
    return Part(f"T0.44/{split}", files, about)


SETS: dict[str, PublicSet] = {
    s.name: s
    for s in (
        PublicSet(
            "glassbench",
            "GlassBench: structures and propensities of two model liquids",
            "https://zenodo.org/records/10118191/files/",
            "10.5281/zenodo.10118191",
            "CC-BY-4.0",
            "G. Jung et al., Roadmap on machine learning glassy dynamics, Nat. Rev. Phys. (2025), "
            "doi:10.1038/s42254-024-00791-4",
            (
                *(_of_zip(t) for t in ("0.44", "0.50", "0.56", "0.64")),
                Part("all", (_ZIP,), "the whole zip file, two dimensions included", "6.04 GB"),
                Part(
                    "README",
                    (Remote("README?download=1", "README", 2147,
                            "f1a192f54a2fa7a2b3533af0011b80dc"),),
                    "the publishers' description", "2 kB",
                ),
            ),
            archive=_ZIP,
            note="A member of the zip file is fetched alone, by its name there, such as "
            "GlassBench/KA_models/T0.44.tar.gz. The md5 published is that of the whole file: a "
            "member can only be checked by the CRC-32 in the directory of the zip file.",
        ),
        PublicSet(
            "botan",
            "BOTAN: end states of 32 trajectories of each configuration, Kob-Andersen",
            "https://ipomoea-www.cc.u-tokyo.ac.jp/i29002/botan/",
            "10.48550/arXiv.2206.14024",
            "not stated with the archive; samples in h3-Open-BDEC/pyg_botan are Apache-2.0",
            "H. Shiba, M. Hanai, T. Suzumura, T. Shimokawabe, J. Chem. Phys. 158, 084503 (2023), "
            "arXiv:2206.14024",
            (
                Part(
                    "all", (Remote("public_dataset.tar.gz", "public_dataset.tar.gz"),),
                    "four temperatures, one archive", "about 58 GB",
                ),
            ),
        ),
        PublicSet(
            "deepmind",
            "DeepMind: trajectories at ten times, Kob-Andersen",
            "https://storage.googleapis.com/deepmind-research-glassy-dynamics/",
            "10.1038/s41567-020-0842-8",
            "not stated with the files; the repository with samples, "
            "google-deepmind/deepmind-research, is Apache-2.0",
            "V. Bapst et al., Nat. Phys. 16, 448 (2020), doi:10.1038/s41567-020-0842-8",
            (_aggregated("train", 1, 400), _aggregated("test", 10001, 10050)),
            note="No checksums are published. Where the server states an md5 of a file, it is "
            "compared.",
        ),
    )
}  # fmt: skip


def public_set(name: str) -> PublicSet:
    """A public data set by its name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in SETS:
        raise InputError("no such public data set", expected=", ".join(SETS), found=name)
    return SETS[name]
