"""Networks whose representation is decoded for each type and time."""

from __future__ import annotations

import torch

from ..nn.decoder import Decoder
from .base import Network, S


class DecodedNetwork(Network[S]):
    """A network with a :class:`~equiglass.nn.decoder.Decoder` at its end, which it makes itself."""

    decoder: Decoder

    def decode(self, representation: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Standardised propensity from the representation, (N, n_times)."""
        prediction: torch.Tensor = self.decoder(representation, types)
        return prediction

    def rescale_output(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        """Make every prediction ``scale`` times itself plus ``shift``, (n_types, n_times) each."""
        self.decoder.weight.mul_(scale[:, None])
        self.decoder.bias.mul_(scale).add_(shift)

    def of_times(self) -> dict[str, torch.Tensor]:
        """The decoders."""
        return {"decoder.weight": self.decoder.weight, "decoder.bias": self.decoder.bias}
