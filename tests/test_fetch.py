"""Public data sets from a server that fails in every way."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import equiglass as eg
from equiglass.cli.main import app
from equiglass.fetching import http
from equiglass.fetching.sets import SETS, Part, PublicSet, Remote
from tests.data.files import glassbench_arrays
from tests.server import Server, serving

CONTENT = np.random.default_rng(0).bytes(20_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


def archive() -> bytes:
    """Two files of GlassBench in a tar in a zip, as published."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as out:
        for k in (1, 2):
            npz = io.BytesIO()
            np.savez(npz, **glassbench_arrays())  # type: ignore[arg-type]
            info = tarfile.TarInfo(f"T0.44/train/N216T0.44_{k}.npz")
            info.size = len(npz.getvalue())
            out.addfile(info, io.BytesIO(npz.getvalue()))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("GlassBench/other.bin", CONTENT)
        out.writestr("GlassBench/KA_models/T0.44.tar.gz", tar.getvalue())
        deflated = zipfile.ZipInfo("GlassBench/text.txt")
        deflated.compress_type = zipfile.ZIP_DEFLATED
        out.writestr(deflated, b"equal " * 5000)
    return made.getvalue()


ZIP = archive()
_ZIP = Remote("set.zip", "set.zip", len(ZIP), hashlib.md5(ZIP).hexdigest())
SMALL = PublicSet(
    "small", "A small set", "nowhere", "10.0/0", "CC0", "No one (2026)",
    (
        Part("one", (Remote("one.bin?download=1", "one.bin", len(CONTENT), MD5),), "with md5"),
        Part("plain", (Remote("plain.bin", "plain.bin"),), "of which nothing is published"),
        Part("T0.44", (Remote("set.zip", "KA/T0.44.tar.gz", len(ZIP),
                              member="GlassBench/KA_models/T0.44.tar.gz"),), "a member"),
    ),
    archive=_ZIP,
)  # fmt: skip


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(http, "PAUSE", 0.0)
    monkeypatch.setitem(SETS, "small", SMALL)
    running.files = {"one.bin": CONTENT, "plain.bin": CONTENT, "set.zip": ZIP}
    running.faults = type(running.faults)()
    running.requests = []
    return running


def get(server: Server, folder: Path, part: str = "one", **more: Any) -> Any:
    (found,) = eg.fetch("small", part, folder, mirror=server.address, **more)
    return found


def left(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_file_comes_and_is_recorded(server: Server, tmp_path: Path) -> None:
    found = get(server, tmp_path)
    assert found.new and found.path.read_bytes() == CONTENT and found.checked.endswith(MD5)
    assert left(tmp_path) == ["one.bin", "one.bin.fetched.json"]
    record = json.loads((tmp_path / "one.bin.fetched.json").read_text())
    assert record["sha256"] == hashlib.sha256(CONTENT).hexdigest() == found.sha256
    assert (record["licence"], record["doi"], record["bytes"]) == ("CC0", "10.0/0", len(CONTENT))
    asked = len(server.requests)
    again = get(server, tmp_path)
    assert not again.new and again.sha256 == found.sha256 and len(server.requests) == asked
    found.path.write_bytes(CONTENT[:-1])
    with pytest.raises(eg.InputError, match=r"one.bin: sha256: is no longer what was fetched"):
        get(server, tmp_path)


@pytest.mark.parametrize("part", ["one", "plain", "T0.44"])
def test_cut_connections_are_taken_up(server: Server, tmp_path: Path, part: str) -> None:
    # The directory of a zip file is asked for as a whole: it comes or is asked for again.
    cuts = 8 if part != "T0.44" else 3
    server.faults.cuts, server.faults.piece, server.faults.busy = cuts, 900, 2
    found = get(server, tmp_path, part)
    whole = CONTENT if part != "T0.44" else zipfile.ZipFile(io.BytesIO(ZIP)).read(
        "GlassBench/KA_models/T0.44.tar.gz"
    )  # fmt: skip
    assert found.path.read_bytes() == whole
    starts = [int(r.partition("=")[2].partition("-")[0]) for _, r in server.requests if r]
    assert len(starts) >= cuts and starts[-1] > starts[-2]


def test_another_process_goes_on(server: Server, tmp_path: Path) -> None:
    server.faults.cuts, server.faults.piece = 10**6, 7000
    pauses = 0

    def stop(done: int, total: int | None) -> None:
        nonlocal pauses
        pauses += 1
        if done >= 7000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        http.download(http.Piece(server.address + "one.bin?download=1", n_bytes=len(CONTENT)),
                      http.part_of(tmp_path / "one.bin"), advance=stop)  # fmt: skip
    assert (tmp_path / ".one.bin.part").stat().st_size == 7000
    server.faults.cuts, server.requests = 0, []
    assert get(server, tmp_path).path.read_bytes() == CONTENT
    assert server.requests == [("GET", f"bytes=7000-{len(CONTENT) - 1}")]


def test_a_file_that_changed_meanwhile_is_begun_anew(server: Server, tmp_path: Path) -> None:
    part = http.part_of(tmp_path / "plain.bin")
    part.write_bytes(b"old" * 1000)
    piece = {"url": server.address + "plain.bin", "start": 0, "n_bytes": 9000, "whole": True}
    http.record_of(part).write_text(json.dumps({**piece, "validator": '"0"', "md5": None}))
    assert get(server, tmp_path, "plain").path.read_bytes() == CONTENT
    # By a server that names no versions, of another length.
    (tmp_path / "plain.bin").unlink()
    part.write_bytes(b"old" * 1000)
    http.record_of(part).write_text(json.dumps({**piece, "validator": None, "md5": None}))
    assert get(server, tmp_path, "plain").path.read_bytes() == CONTENT
    # A part of which nothing is recorded may be of anything.
    part = http.part_of(tmp_path / "one.bin")
    part.write_bytes(b"old")
    assert get(server, tmp_path).path.read_bytes() == CONTENT


def test_a_server_without_ranges(server: Server, tmp_path: Path) -> None:
    server.faults.ranges, server.faults.cuts, server.faults.piece = False, 2, 5000
    assert get(server, tmp_path).path.read_bytes() == CONTENT
    with pytest.raises(eg.InputError, match="sends no parts of files; fetch the whole one"):
        get(server, tmp_path, "T0.44")


def wrong(server: Server, name: str) -> None:
    """Another byte in the middle of a file."""
    content = bytearray(server.files[name])
    at = len(content) // 2 if name != "set.zip" else ZIP.index(b"\x1f\x8b") + 2000
    content[at] ^= 1
    server.files[name] = bytes(content)


def announce(server: Server, n: int) -> None:
    server.faults.longer = n


FAULTS: dict[str, tuple[str, Callable[[Server], Any], str]] = {
    "bytes": ("one", lambda s: wrong(s, "one.bin"), f"md5: what came is not .*expected {MD5}"),
    "member": ("T0.44", lambda s: wrong(s, "set.zip"), "not what the directory.*CRC-32"),
    "missing": ("one", lambda s: s.files.pop("one.bin"), "the server answers 404 Not Found"),
    "no zip": ("T0.44", lambda s: s.files.pop("set.zip"), "the server answers 404 Not Found"),
    "zip": ("T0.44", lambda s: s.files.update({"set.zip": b"x" * len(ZIP)}), "no zip file"),
    "length": ("one", lambda s: announce(s, 5), r"another size.*expected 20000.*found 20005"),
    "short": ("plain", lambda s: announce(s, 5), "has less than it said.*6 times in a row"),
    "size": ("T0.44", lambda s: s.files.update({"set.zip": ZIP + b"x"}), "another size"),
    "elsewhere": ("T0.44", lambda s: setattr(s.faults, "shifted", 1), "no zip file|another part"),
    "down": ("one", lambda s: setattr(s.faults, "busy", 10**6), "answers 503 .*6 times in a row"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_one_line(server: Server, tmp_path: Path, fault: str) -> None:
    part, break_it, said = FAULTS[fault]
    break_it(server)
    with pytest.raises(eg.InputError, match=said) as caught:
        get(server, tmp_path, part)
    assert "\n" not in str(caught.value) and server.address in str(caught.value)
    assert not [name for name in left(tmp_path) if not Path(name).name.startswith(".")]
    # The same command goes on, or begins anew, once the fault is gone.
    server.files = {"one.bin": CONTENT, "plain.bin": CONTENT, "set.zip": ZIP}
    server.faults = type(server.faults)()
    assert get(server, tmp_path, part).new
    assert not [name for name in left(tmp_path) if Path(name).name.startswith(".")]


def test_without_a_published_checksum(server: Server, tmp_path: Path) -> None:
    found = get(server, tmp_path, "plain")
    assert found.checked.startswith("nothing")
    found.path.unlink()
    wrong(server, "plain.bin")
    with pytest.raises(eg.InputError, match=r"sha256: .* another than the one fetched on 20"):
        get(server, tmp_path, "plain")
    assert not found.path.exists()
    # What the server itself states is compared.
    (tmp_path / "plain.bin.fetched.json").unlink()
    server.faults.md5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()
    with pytest.raises(eg.InputError, match="not what the server says of it"):
        get(server, tmp_path, "plain")
    server.files["plain.bin"] = CONTENT
    assert get(server, tmp_path, "plain").checked == f"md5 stated by the server: {MD5}"
    (tmp_path / "two").mkdir()
    shutil.copy(found.path, tmp_path / "two")
    with pytest.raises(eg.InputError, match="is there, and not known to be what is published"):
        get(server, tmp_path / "two", "plain")


def test_a_small_disk(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=http.SPARE + 19_999))
    with pytest.raises(eg.InputError, match="the disk is too small .expected 0.0671 GB free"):
        get(server, tmp_path)
    assert server.requests == [("GET", None)] and not left(tmp_path)


def test_a_member_becomes_a_store(server: Server, tmp_path: Path) -> None:
    """As printed: fetch, unpack, convert, one configuration at a time."""
    run = CliRunner().invoke(
        app,
        ["fetch", "small", "T0.44", "-o", str(tmp_path), "--unpack", "--mirror", server.address],
    )
    assert run.exit_code == 0, run.output
    for said in ("licence: CC0", "cite: No one (2026)", "doi:10.0/0", "CRC-32 in the directory"):
        assert said in run.output
    words = re.search(r"next: equiglass (convert \S+)", run.output)
    assert words is not None
    made = CliRunner().invoke(app, [*words[1].split(), str(tmp_path / "a.zarr")])
    assert made.exit_code == 0, made.output
    data = eg.read(tmp_path / "a.zarr")
    assert len(data) == 2 and data[0].temperature == 0.44 and len(data.split("train")) == 2
    sent = sum(1 for _, asked in server.requests if asked)
    assert 0 < sent < 6  # the directory, the member's header and the member
    other = get(server, tmp_path, "GlassBench/text.txt")  # any member, by its name
    assert other.path.read_bytes() == b"equal " * 5000
    with pytest.raises(eg.InputError, match=r"GlassBench/none: no such member .*T0.44.tar.gz"):
        get(server, tmp_path, "GlassBench/none")


def test_a_folder_of_another_archive_is_not_taken_for_unpacked(
    server: Server, tmp_path: Path
) -> None:
    found = get(server, tmp_path, "T0.44", unpack=True)
    assert found.unpacked == get(server, tmp_path, "T0.44", unpack=True).unpacked
    for name in ("T0.44.tar.gz", "T0.44.tar.gz.fetched.json"):
        (tmp_path / "KA" / name).unlink()
    (found.unpacked / ".unpacked_from").write_text("of another archive")
    with pytest.raises(eg.InputError, match=r"KA/T0.44: is there, and not known to be"):
        get(server, tmp_path, "T0.44", unpack=True)


def test_an_archive_does_not_write_outside(server: Server, tmp_path: Path) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as out:
        out.addfile(tarfile.TarInfo("../evil"))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr("GlassBench/evil.tar.gz", tar.getvalue())
    server.files["set.zip"] = made.getvalue().ljust(0)
    evil = Remote("set.zip", "a/evil.tar.gz", member="GlassBench/evil.tar.gz")
    SETS["small"] = PublicSet("small", "", "", "", "", "", (Part("evil", (evil,), ""),))
    with pytest.raises(eg.InputError, match=r"cannot be unpacked: .*evil"):
        get(server, tmp_path, "evil", unpack=True)
    assert left(tmp_path) == ["a/evil.tar.gz", "a/evil.tar.gz.fetched.json"]


def test_lists_and_names() -> None:
    run = CliRunner().invoke(app, ["fetch", "--list"])
    assert run.exit_code == 0
    for said in ("GlassBench", "6.04 GB", "about 58 GB", "CC-BY-4.0", "10.5281/zenodo.10118191",
                 "T0.44/train", "CRC-32"):  # fmt: skip
        assert said in run.output
    (one,) = SETS["deepmind"].part("T0.44/test/10007").files
    assert one.path == "public_dataset/temperature_044/test/aggregated_data_10007.pickle"
    assert len(SETS["deepmind"].part("T0.44/train").files) == 400
    for name, part, said in (
        ("deepmind", None, "PART: which part.*T0.44/train"),
        ("deepmind", "T0.44/train/401", "no such part"),
        ("glassbench", "T0.3", "no such part.*T0.44, T0.50"),
        ("nothing", None, "no such public data set .*glassbench, botan, deepmind"),
    ):
        with pytest.raises(eg.InputError, match=said):
            eg.fetch(name, part)
