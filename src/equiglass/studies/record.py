"""What a study was asked, by content: its folder is continued for the same, refused for other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..opening import read_limited
from ..written import make_folder, write_text

RECORD, RESULT = "record.json", "result.json"
Record = dict[str, Any]
MAX_BYTES = 1 << 26
_MISSING = object()


def read_record(folder: Path) -> Record | None:
    """What the study of this folder was asked: ``kind``, ``quick``, ``config`` and so on.

    Returns None for a folder that holds no study.

    Raises
    ------
    InputError
        If the record is damaged.
    """
    file = folder / RECORD
    if not file.is_file():
        return None
    try:
        record = json.loads(read_limited(file, MAX_BYTES, "a record").decode())
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"not valid JSON: {error}", source=file) from error
    if not isinstance(record, dict) or "kind" not in record:
        raise InputError("not the record of a study", source=file)
    return record


def begin(folder: Path, record: Record) -> None:
    """Write the record, or see that it is the one that the folder was begun with.

    Raises
    ------
    InputError
        If the folder holds results of another study, other settings, other data or another
        potential, or if its record, of an earlier version, does not say so; the first key that
        differs is named.
    """
    # As it will be read back: tuples are lists then.
    record = json.loads(json.dumps(record))
    stored = read_record(folder)
    text = json.dumps(record, indent=1) + "\n"
    if stored is None:
        if any(folder.glob(f"*/{RESULT}")):
            raise InputError("holds results without a record", source=folder, expected=RECORD)
        make_folder(folder)
        write_text(folder / RECORD, text)
        return
    more = stored.get("quick") == record.get("quick") and _take_more(stored, record)
    for key, was, now in _differences(stored, record):
        if was is _MISSING:
            raise InputError(
                "its record does not say this, as an earlier version wrote it or other settings "
                "were asked for; choose another folder",
                source=folder,
                field=key,
                expected=_shown(now),
                found="nothing",
            )
        raise InputError(
            "holds another study, or other settings; choose another folder",
            source=folder,
            field=key,
            expected=_shown(was),
            found="nothing" if now is _MISSING else _shown(now),
        )
    if more:
        write_text(folder / RECORD, text)


def _take_more(stored: Record, record: Record) -> bool:
    """Take further seeds, and learning rates among others, into what is stored.

    What was trained with a seed, or tried at a rate, stays. Returns whether there are some.
    """
    more = False
    for key, goes_on in (("seeds", _begins), ("learning_rates", _contains)):
        fewer, asked = listed(stored, key), listed(record, key)
        if fewer and fewer != asked and goes_on(asked, fewer):
            stored["fixed"][key] = asked
            more = True
    return more


def _begins(asked: list[Any], fewer: list[Any]) -> bool:
    return asked[: len(fewer)] == fewer


def _contains(asked: list[Any], fewer: list[Any]) -> bool:
    return all(rate in asked for rate in fewer)


def listed(record: Record, key: str) -> list[Any]:
    """What a record names; nothing where it is damaged or names none."""
    fixed = record.get("fixed")
    values = fixed.get(key) if isinstance(fixed, dict) else None
    return values if isinstance(values, list) else []


def _differences(a: Any, b: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in [*a, *(n for n in b if n not in a)]:
            path = f"{key}.{name}" if key else name
            # A setting that came later stands at null where nothing was asked of it.
            if a.get(name) is None and b.get(name) is None:
                continue
            yield from _differences(a.get(name, _MISSING), b.get(name, _MISSING), path)
    elif a != b:
        yield key, a, b


def _shown(value: Any) -> str:
    return f"{text[:80]}..." if len(text := json.dumps(value)) > 80 else text
