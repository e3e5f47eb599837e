"""Pages of particles: what is on them, that nothing in data can run, and a browser that clicks."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equiglass as eg
from equiglass.errors import AssumptionWarning
from equiglass.evaluation.prediction import PROPENSITY
from equiglass.reporting.predictions import write_predictions
from equiglass.reporting.radii import radii_of
from equiglass.reporting.view import scene as scenes
from equiglass.reporting.view.made import made_in, read_output
from tests.cli.shell import run

DATA = "ka3d_quickstart"
EVIL = "</script><img src=x onerror='window.evil=1'><!--<script>"


@pytest.fixture(scope="module")
def predictions() -> list[eg.Prediction]:
    """Of two configurations at their own times: the measured value and a known error."""
    found = []
    for c in eg.read(DATA)[:2]:
        assert c.propensity is not None and c.times is not None
        error = 0.01 * np.random.default_rng(0).standard_normal(c.propensity.shape)
        named = c.replace(source=f"{c.source} {EVIL}")
        found.append(eg.Prediction(named, tuple(c.times), c.propensity + error, f"net {EVIL}"))
    return found


class Page(HTMLParser):
    """The elements of a page with their text, and its numbers."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.feed(file.read_text())
        self.about: dict[str, Any] = json.loads(self.text["about"])
        self.bytes = base64.b64decode(self.text["numbers"])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        name = self.found[-1][1].get("id") if self.found else None
        if name:
            self.text[name] = self.text.get(name, "") + data

    def array(self, ref: dict[str, Any]) -> np.ndarray[Any, Any]:
        return np.frombuffer(self.bytes, ref["type"], ref["n"], ref["at"])


@pytest.fixture(scope="module")
def page_file(predictions: list[eg.Prediction], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return eg.view(predictions, tmp_path_factory.mktemp("page") / "page.html")


def test_a_page_has_the_numbers_and_no_network(
    predictions: list[eg.Prediction], page_file: Path
) -> None:
    page = Page(page_file)
    first, c = page.about["frames"][0], predictions[0].configuration
    assert len(page.about["frames"]) == 2 and first["name"] == c.source
    positions = page.array(first["positions"]).reshape(-1, 3)
    np.testing.assert_allclose(positions, c.positions, atol=1e-5)
    measured, predicted = first["values"]["propensity"], first["values"][PROPENSITY]
    assert list(measured) == list(predicted) == [f"{t:g}" for t in predictions[0].times]
    np.testing.assert_allclose(page.array(measured["0.2"]), c.propensity[1], rtol=1e-6)  # type: ignore[index]
    difference = page.array(first["values"]["difference"]["0.2"])
    np.testing.assert_allclose(
        difference, predictions[0].values[1] - c.propensity[1], atol=1e-6  # type: ignore[index]
    )  # fmt: skip
    assert {f"{page.array(first['radii'])[k]:.2f}" for k in range(1000)} == {"0.50", "0.44"}
    assert "kob-andersen" in first["radii_from"]
    assert not [a for _, a in page.found if "src" in a or (a.get("href") or "").startswith("http")]


def test_nothing_of_the_data_is_markup(page_file: Path) -> None:
    page = Page(page_file)
    tags = [tag for tag, _ in page.found]
    assert tags.count("script") == 4 and "img" not in tags
    assert EVIL in page.about["title"] and any(EVIL in note for note in page.about["notes"])


@pytest.mark.parametrize("ending", ["extxyz", "gsd", "lammpstrj", "npz"])
def test_outputs_of_predict_are_read_back(
    predictions: list[eg.Prediction], ending: str, tmp_path: Path
) -> None:
    file = tmp_path / f"out.{ending}"
    write_predictions(file, predictions)
    read = None if ending == "npz" else made_in(file)
    for k, p in enumerate(predictions):
        made = read_output(file)[k][1] if read is None else read(k)
        for row, t in enumerate(p.times):
            np.testing.assert_allclose(made.values[PROPENSITY][t], p.values[row], rtol=1e-5)
        assert made.told["model"].startswith("net")
    page = Page(eg.view(file, tmp_path / "page.html", frames=":1", times=[0.2]))
    assert len(page.about["frames"]) == 1
    assert list(page.about["frames"][0]["values"][PROPENSITY]) == ["0.2"]


def test_with_a_model_both_are_on_one_page(tmp_path: Path) -> None:
    c = eg.read(DATA)[0]
    with pytest.warns(AssumptionWarning, match="outside the model's training domain"):
        file = eg.view(c, tmp_path / "page.html", model="ka3d_t044", quench=False)
    page = Page(file)
    values = page.about["frames"][0]["values"]
    model = eg.load_model("ka3d_t044")
    predicted = model.predict(c)
    for key, expected in (
        (PROPENSITY, predicted[0]),
        ("order_parameter", model.order_parameter(c, predicted)[0]),
    ):
        np.testing.assert_allclose(page.array(values[key]["4120"]), expected, rtol=1e-5)
    assert set(values) >= {"propensity", "predicted_propensity_std", "inherent_energy"}
    assert any("outside the model's training domain" in note for note in page.about["notes"])


def test_what_is_left_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = eg.read(DATA)[:4]
    monkeypatch.setattr(scenes, "MOST_PARTICLES", 300)
    monkeypatch.setattr(scenes, "MOST_BYTES", 2 * 300 * (21 + 4 * 24))
    with pytest.warns(AssumptionWarning, match=r"2 of 4 frames .*; of 1,000 particles those of a"):
        page = Page(eg.view(data, tmp_path / "page.html"))
    assert [f["positions"]["n"] for f in page.about["frames"]] == [900, 900]
    z = page.array(page.about["frames"][0]["positions"])[2::3]
    assert np.abs(z - data[0].box[2] / 2).max() < data[0].box[2] * 0.2
    assert any("2 of 4 frames" in note for note in page.about["notes"])
    monkeypatch.setattr(scenes, "MOST_BYTES", 1000)
    with pytest.raises(eg.InputError, match="choose some of the times"):
        eg.view(data, tmp_path / "page.html")


def test_radii_come_from_the_file_then_the_potential() -> None:
    c = eg.read(DATA)[0]
    radii, source = radii_of(c.replace(diameter=np.linspace(0.8, 1.2, len(c))))
    assert radii[0] == 0.4 and source == "diameters in the data"
    radii, source = radii_of(c.replace(potential=None))
    assert (radii == 0.5).all() and "all alike" in source


def test_view_from_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    result = run("view", DATA, "-o", out, "--frames", ":2", "--times", "1,15")
    assert f"page {out}" in result.output.replace("\n", "") and out.is_file()
    for wrong in ("x", "nan", "1,inf"):
        assert "--times" in run("view", DATA, "-o", out, "--times", wrong, ok=False).output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"times": [3.3]}, "nothing is known at such a time"),
        ({"frames": "40:"}, "outside of the frames"),
        ({"model": "nothing"}, "nothing"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(eg.InputError, match=message):
        eg.view(DATA, tmp_path / "page.html", **options)
    assert not (tmp_path / "page.html").exists()


# ------------------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def browser_page(page_file: Path) -> Iterator[Any]:
    """The page in headless Chromium, whose errors are collected; software draws."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            timeout=240_000,
            args=["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader"],
        )
        context = browser.new_context(viewport={"width": 800, "height": 700}, offline=True)
        page = context.new_page()
        page.set_default_timeout(240_000)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(f"file://{page_file}")
        page.wait_for_function("window.equiglass")
        yield page
        browser.close()


def settled(page: Any) -> None:
    """Wait until what was asked for is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")


def shown(page: Any, side: int = 0) -> int:
    return int(re.match(r"\d+", page.locator(".caption").nth(side).inner_text())[0])  # type: ignore[index]


def test_the_page_in_a_browser(browser_page: Any, predictions: list[eg.Prediction]) -> None:
    """What a person does: look, move the sliders, cut a slice, rank, hide a type, turn, point."""
    page, c = browser_page, predictions[0].configuration
    assert page.inner_text("#error") == "" and page.evaluate("window.evil") is None
    chosen = [page.locator("select.quantity").nth(k).input_value() for k in (0, 1)]
    assert chosen == [PROPENSITY, "propensity"]
    assert shown(page) == 1000 and page.inner_text("#time-is") == f"{c.times[-1]:g}"

    page.locator("#time").fill("1")
    settled(page)
    assert page.inner_text("#time-is") == "0.2"
    counts = page.evaluate("equiglass.sides.map((s) => s.counts.reduce((a, b) => a + b))")
    assert counts == [1000, 1000]

    page.select_option("#axis", "z")
    settled(page)
    away = np.abs(c.positions[:, 2] - c.box[2] / 2)
    assert shown(page) == shown(page, 1) == int((away <= 0.6).sum())
    page.locator("[data-type='1']").uncheck()
    settled(page)
    assert shown(page) == int(((away <= 0.6) & (c.types == 0)).sum())
    page.locator("[data-type='1']").check()
    page.select_option("#axis", "")

    page.locator("#frame").fill("1")
    page.select_option("#ranks", "ranks")
    page.locator("select.quantity").nth(1).select_option("type")
    settled(page)
    assert page.inner_text("#frame-is") == "2 of 2"
    assert page.evaluate("equiglass.sides[1].counts") == [800, 200]

    box = page.locator(".scene").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = page.evaluate("equiglass.sides[1].viewer.getView()")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20)
    page.mouse.up()
    views = page.evaluate("equiglass.sides.map((s) => s.viewer.getView())")
    np.testing.assert_allclose(views[0], views[1], atol=1e-6)
    assert np.abs(np.subtract(views[1], before)).max() > 0.05

    page.mouse.move(x + 1, y + 1)
    page.wait_for_selector("#particle table")
    told = page.inner_text("#particle")
    particle = int(re.search(r"particle\s+(\d+)", told)[1])  # type: ignore[index]
    second = predictions[1].configuration
    letter = "AB"[second.types[particle]]
    assert f"{particle}, type {letter}" in told
    assert f"{second.propensity[1, particle]:.3g}"[:4] in told  # type: ignore[index]
    assert page.problems == []


def test_features_alone_are_no_page(tmp_path: Path) -> None:
    arrays = {"configuration": np.zeros(2), "types": np.zeros(2), "representation": np.zeros(2)}
    np.savez(tmp_path / "r.npz", **arrays, positions=np.zeros((2, 3)), box=np.ones((1, 3)))  # type: ignore[arg-type]
    with pytest.raises(eg.InputError, match="what a page shows .*represent -o FILE.extxyz"):
        eg.view(tmp_path / "r.npz", tmp_path / "page.html")
