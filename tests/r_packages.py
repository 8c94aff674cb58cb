"""R and packages of it for tests: installed where that is allowed, else the tests that need them are skipped, aloud."""

from __future__ import annotations

import sys
import warnings

import pytest

from conftest import ROOT


def need_r(what: str, *, surveillance: bool = False, metafor: bool = False) -> None:
    """Skip what needs R where it cannot be had; with `surveillance` or `metafor`, also its packages for these."""
    sys.path.insert(0, str(ROOT / "lib" / "glane_tools"))
    try:
        import r_base
    finally:
        sys.path.pop(0)
    try:
        r_base.install(surveillance=surveillance, metafor=metafor)
    except r_base.MissingError as missing:
        warnings.warn(f"{what} NOT TESTED WITH R: {missing}", stacklevel=2)
        pytest.skip(f"{what} NOT TESTED WITH R: {missing}")
