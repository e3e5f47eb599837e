"""The C++ of the convolution under the address, undefined-behaviour and thread sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "csrc" / "tests"


def build_and_run(folder: Path, sanitizer: str, compiler: str | None, **environment: str) -> str:
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake not at hand")
    options = [f"-DCMAKE_CXX_COMPILER={compiler}"] if compiler else []
    subprocess.run(
        [cmake, "-S", SOURCE, "-B", folder, f"-DSANITIZE={sanitizer}", *options],
        check=True,
        capture_output=True,
    )
    subprocess.run([cmake, "--build", folder, "-j2"], check=True, capture_output=True)
    done = subprocess.run(
        [folder / "convolution_test"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_address_and_undefined_behaviour(tmp_path: Path) -> None:
    # Leaks at exit are those of the OpenMP runtime's thread pool.
    options = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1"}
    assert "passed" in build_and_run(tmp_path, "address,undefined", None, **options)


def test_threads(tmp_path: Path) -> None:
    """GCC's OpenMP runtime is opaque to the sanitizer; LLVM's reports its barriers (Archer)."""
    compiler = shutil.which("clang++")
    archer = sorted(Path("/usr/lib").glob("llvm-*/lib/libarcher.so"))
    if compiler is None or not archer:
        pytest.skip(
            "needs clang++ and LLVM's OpenMP runtime with Archer (Debian: clang, libomp-dev)"
        )
    output = build_and_run(
        tmp_path,
        "thread",
        compiler,
        OMP_TOOL_LIBRARIES=str(archer[-1]),
        TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=1",
    )
    assert "passed" in output
