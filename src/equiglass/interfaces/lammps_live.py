"""Predicted mobility as a property of atoms in a running LAMMPS."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..commands.models import Model, loaded
from ..commands.options import Preparing, preparation_of
from ..data.atoms import build, is_layer
from ..data.configuration import Configuration
from ..errors import InputError
from ..models.members import error_bars, predict_by_members
from ..models.prepared import prepared

ENDS = ("", "_std", "_error")
CALLER, STORE = "equiglass_predict", "equiglass_store"
SOURCE = "LAMMPS"


class LiveMobility:
    """Predict every so many steps of a run; ``dump custom ... d_mobility`` writes what is known.

    Two fixes are added to the instance: ``fix property/atom`` with ``d_mobility``,
    ``d_mobility_std`` (the spread of the model's members), ``d_mobility_error`` (half width of the
    interval of 68 %) and ``d_order_parameter``, which are NaN until the first prediction and where
    the model has no members or calibration, and ``fix external``, through which LAMMPS calls Python
    and which exerts no force. The prediction of a step is there when that step is dumped. Energies
    that a prediction needs are quenched in another instance; the run itself is not touched. Of a
    model of bonds the names are ``d_bonds_kept`` and so on.

    Parameters
    ----------
    instance
        A ``lammps.lammps`` of one process with atoms, ``units lj``, in an orthorhombic box.
    every
        Steps between predictions, counted from step 0.
    time
        Which of the model's times, the nearest; the longest if None.
    species
        For each type of LAMMPS from 1 which species it is, ``"AB"``; by default in this order.
    options
        See :class:`equiglass.commands.options.Preparing`.

    Raises
    ------
    InputError
        If the instance is none of these, or the model does not fit.
    """

    def __init__(
        self,
        instance: Any,
        model: Model = "ka3d_t044",
        *,
        every: int = 1000,
        time: float | None = None,
        species: str = "ABCDEFGH",
        **options: Unpack[Preparing],
    ) -> None:
        if every < 1:
            raise InputError("not a number of steps", field="every", expected=">= 1", found=every)
        self.lammps, self.every = instance, every
        self.model, self.species = loaded(model), species
        options.setdefault("n_processes", 1)
        self.how = preparation_of(options)
        self.row = self.model.row_of(time)
        self.steps: list[int] = []
        self._error: Exception | None = None
        self._check()
        column = self.model.target.column
        self.properties = (*(f"{column}{end}" for end in ENDS), "order_parameter")
        names = " ".join(f"d_{name}" for name in self.properties)
        instance.command(f"fix {STORE} all property/atom {names}")
        instance.command(f"fix {CALLER} all external pf/callback 1 1")
        instance.set_fix_external_callback(CALLER, self._step, self)
        self._write(np.full((len(self.properties), instance.extract_setting("nlocal")), np.nan))

    def run(self, steps: int) -> None:
        """``run N``; as LAMMPS's own, but what went wrong in a prediction ends it and is raised.

        Raises
        ------
        InputError
            As :func:`equiglass.predict`.
        """
        self.lammps.command(f"run {steps}")
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _check(self) -> None:
        checks = (
            ("units", "lj", self.lammps.extract_global("units")),
            ("processes", 1, self.lammps.extract_setting("world_size")),
        )
        for field, expected, found in checks:
            if found != expected:
                raise InputError(
                    "cannot be coloured", source=SOURCE, field=field, expected=expected, found=found
                )

    def configuration(self) -> Configuration:
        """What the instance holds now, in the order of the atoms' ids.

        Raises
        ------
        InputError
            For a triclinic box, a film, or types that ``species`` does not name.
        """
        low, high, xy, yz, xz, periodic, _ = self.lammps.extract_box()
        if any((xy, yz, xz)):
            raise InputError("a triclinic box is not supported", source=SOURCE, field="box")
        order = self._order()
        types = self.lammps.numpy.extract_atom("type")[: len(order)][order]
        if types.max(initial=1) > len(self.species):
            raise InputError(
                "names fewer than there are types", source=SOURCE, field="species",
                expected=int(types.max()), found=self.species,
            )  # fmt: skip
        letters = [self.species[t - 1] for t in types]
        lengths = np.subtract(high, low)
        places = self.lammps.numpy.extract_atom("x")[: len(order)][order] - np.asarray(low)
        flat = self.lammps.extract_setting("dimension") == 2 or is_layer(
            places[:, 2], float(lengths[2]), bool(periodic[2]), SOURCE
        )
        if not all(periodic[:2]):
            raise InputError("must be periodic along x and y", source=SOURCE, field="boundary")
        numbers = np.array([ord(letter) - ord("A") for letter in letters])
        return build(numbers, lengths, places, SOURCE, flat=flat)

    def _order(self) -> NDArray[np.intp]:
        count = self.lammps.extract_setting("nlocal")
        return np.argsort(self.lammps.numpy.extract_atom("id")[:count], kind="stable")

    def _step(self, caller: Any, step: int, count: int, ids: Any, x: Any, f: Any) -> None:
        f[:count] = 0.0
        if step % self.every or self._error is not None:
            return
        # LAMMPS prints what is raised in a callback, and goes on.
        try:
            self._write(self._predicted())
            self.steps.append(int(step))
        except Exception as error:
            self._error = error
            self.lammps.force_timeout()

    def _predicted(self) -> NDArray[np.float64]:
        (c,) = prepared(self.model, [self.configuration()], self.how)
        mobility, spread = predict_by_members(self.model, c)
        ordered = self.model.order_parameter(c, mobility)
        unknown = np.full(len(c), np.nan)
        errors = error_bars(self.model, c, mobility, spread)
        rows = (
            mobility[self.row],
            unknown if spread is None else spread[self.row],
            unknown if errors is None else errors[0][self.row],
        )
        result = np.empty((len(self.properties), len(c)))
        result[:, self._order()] = np.stack([*rows, ordered[self.row]])
        return result

    def _write(self, values: NDArray[np.float64]) -> None:
        for name, row in zip(self.properties, values, strict=True):
            self.lammps.numpy.extract_atom(f"d_{name}")[: len(row)] = row
