"""Write the real Clebsch-Gordan coefficients that the kernels use, from e3nn.

    python tools/clebsch_gordan.py > src/equiglass/kernels/clebsch_gordan.csv

The file is data of the project: both the reference and the native code are made from it, so that
models do not change meaning with the version of e3nn that happens to be installed. A test
compares it with e3nn (up to the sign of a path, which is a convention).
"""

from __future__ import annotations

import torch
from e3nn.o3 import wigner_3j

L_MAX = 4


def main() -> None:
    print("l_in,l_filter,l_out,m_in,m_filter,m_out,coefficient")
    for l_in in range(L_MAX + 1):
        for l_filter in range(L_MAX + 1):
            for l_out in range(abs(l_in - l_filter), min(L_MAX, l_in + l_filter) + 1):
                table = wigner_3j(l_in, l_filter, l_out, dtype=torch.float64)
                # 'component' normalisation: each output component of unit inputs has variance 1.
                table = table * (2 * l_out + 1) ** 0.5
                for m_in, m_filter, m_out in (table.abs() > 1e-12).nonzero().tolist():
                    value = float(table[m_in, m_filter, m_out])
                    print(f"{l_in},{l_filter},{l_out},{m_in},{m_filter},{m_out},{value!r}")


if __name__ == "__main__":
    main()
