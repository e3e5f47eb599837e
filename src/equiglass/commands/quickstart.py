"""``equiglass quickstart``: the main job on packaged data, in minutes."""

from __future__ import annotations

from ..evaluation.compare import Comparison, Contender
from ..evaluation.predictors import energy_predictor
from ..evaluation.score import score
from ..reporting.figures import mobility_map, rho_against_time, save, scatter
from ..written import write_json
from .evaluate import evaluate
from .options import PathLike, check_output
from .train import train

DATA = "ka3d_quickstart"


def quickstart(
    output: PathLike = "quickstart",
    *,
    epochs: int = 40,
    ranks: bool = False,
    progress: bool = False,
) -> Comparison:
    """Train on the packaged data, evaluate on held-out configurations, draw the figures.

    The same call continues a stopped one.

    Parameters
    ----------
    output
        Folder for the run (``network/``), ``evaluation.json`` and the figures ``rho.png``,
        ``scatter.png`` and ``map.png``.
    ranks
        Whether the map is coloured by ranks within each type in place of values.

    Returns
    -------
    The network and the inherent energy alone, side by side.

    Raises
    ------
    InputError
        If a run of other settings is there already.
    """
    from ..training.config import DataConfig, OptimizerConfig, TrainConfig
    from ..training.folder import CONFIG

    folder = check_output(output, folder=True)
    run = folder / "network"
    settings = TrainConfig(
        data=DataConfig(path=DATA), optimizer=OptimizerConfig(epochs=epochs), seed=1
    )
    model = train(settings, run, resume=(run / CONFIG).is_file(), progress=progress)
    result = evaluate(model, DATA, split="test", progress=progress)
    energy = score(
        energy_predictor(), None, result.configurations, model="energy alone", data=result.data
    )
    write_json(folder / "evaluation.json", result.as_dict())
    picture = mobility_map(
        result.configurations[0],
        result.predicted[0][-1],
        result.measured[0][-1],
        title=f"a configuration not trained on, propensity at t = {result.times[-1]:g}",
        ranks=ranks,
    )
    save(rho_against_time([result, energy]), folder / "rho.png")
    save(scatter(result), folder / "scatter.png")
    save(picture, folder / "map.png")
    seconds = model.card.notes.get("training_seconds")
    return Comparison(
        [Contender(result, model.n_parameters, seconds, None), Contender(energy, None, None, None)]
    )
