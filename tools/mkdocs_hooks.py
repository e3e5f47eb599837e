r"""Formulas of the documentation as MathML, which browsers set without any script.

A hook of MkDocs: `pymdownx.arithmatex` finds ``\(...\)``, ``$...$`` and ``$$...$$``, this turns
them into MathML, and leaves a font with tables for mathematics, cut to what is used, in the site.
"""

from __future__ import annotations

import html
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from latex2mathml.converter import convert

FONT = "assets/fonts/math.woff"
# STIX Two Math, under the SIL Open Font License, as ziamath brings it.
SOURCE = ("fonts", "STIXTwoMath-Regular.ttf")
FOUND = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)

# What MathML draws itself, or stretches, besides what is written in it.
DRAWN = "√()[]{}|‖⟨⟩/∑−¯"
# A symbol with an index in plain text, such as τ_α or g_AA: set as such too.
INDEXED = re.compile(r"(?<![\w/.-])([A-Za-zα-ωΑ-Ω])_([A-Za-z0-9α-ω]{1,3}|max|min)(?![\w_])")
VERBATIM = re.compile(
    r"(<(?:code|pre|math|script|style)\b.*?</(?:code|pre|math|script|style)>|<[^>]*>)", re.DOTALL
)

# Sphinx' roles in docstrings, which mkdocstrings leaves as they are.
ROLE = re.compile(r":(?:func|class|meth|mod|data|attr):<code>~?(?P<name>[\w.]+)</code>")
TYPED = re.compile(r"from \.(?P<module>[\w.]+) import (?P<name>\w+) as")

used: set[str] = set(DRAWN)


def as_mathml(match: re.Match[str]) -> str:
    """A formula as MathML; displayed ones scroll within the page where it is narrow."""
    block = match["tag"] == "div"
    text = convert(html.unescape(match["tex"]).strip(), display="block" if block else "inline")
    used.update(html.unescape(re.sub(r"<[^>]*>", "", text)))
    return f'<div class="formula">{text}</div>' if block else text


def typed_names() -> dict[str, str]:
    """By module and name, what users type for it after ``eg.``."""
    stub = (Path(__file__).parents[1] / "src" / "equiglass" / "__init__.pyi").read_text()
    return {f"equiglass.{m['module']}.{m['name']}": m["name"] for m in TYPED.finditer(stub)}


def without_roles(text: str) -> str:
    """Roles as code, by the name that is typed; a link where it is described on the page."""
    typed = typed_names()

    def shown(match: re.Match[str]) -> str:
        own = typed.get(match["name"])
        name = match["name"] if own is None else f"eg.{own}"
        anchor = match["name"] if own is None else f"equiglass.{own}"
        code = f"<code>{name}</code>"
        return f'<a href="#{anchor}">{code}</a>' if f'id="{anchor}"' in text else code

    return ROLE.sub(shown, text)


def on_page_content(text: str, **_: Any) -> str:
    """Each page's formulas, indices in its sentences, and roles in docstrings."""
    parts = VERBATIM.split(FOUND.sub(as_mathml, without_roles(text)))
    parts[::2] = [INDEXED.sub(r"<i>\1</i><sub>\2</sub>", part) for part in parts[::2]]
    return "".join(parts)


def on_post_build(config: Any, **_: Any) -> None:
    """The font, with the larger forms of what stretches."""
    target = Path(config["site_dir"], FONT)
    target.parent.mkdir(parents=True, exist_ok=True)
    with files("ziamath").joinpath(*SOURCE).open("rb") as file, TTFont(file) as font:
        subsetter = Subsetter(Options(layout_features=["*"], notdef_outline=True))
        italic = {chr(c) for c in range(0x1D434, 0x1D468)}  # what browsers turn letters into
        greek = {chr(c) for c in range(0x1D6E2, 0x1D71C)}
        subsetter.populate(text="".join(used | italic | greek | {"ℎ"}))
        subsetter.subset(font)
        font.flavor = "woff"
        font.save(target)
