"""Installs Debian's R and packages of it, for tests of exports and tables: `python3 lib/glane_tools/r_base.py`."""

from __future__ import annotations

import debian
from debian import MissingError

__all__ = ["MissingError", "install"]
PACKAGES = {"Rscript": "r-base-core"}  # a program, and the package that brings it
SURVEILLANCE = {  # of R: what tables of cases are compared with
    **PACKAGES,
    "/usr/lib/R/site-library/surveillance": "r-cran-surveillance",
    "/usr/lib/R/site-library/incidence": "r-cran-incidence",
}
METAFOR = {**PACKAGES, "/usr/lib/R/site-library/metafor": "r-cran-metafor"}  # that pools effects of studies


def install(*, surveillance: bool = False, metafor: bool = False) -> list[str]:
    """Install what is missing, for tables of cases or of effects, too, if wanted; raises as `debian.install` does."""
    return debian.install({**(SURVEILLANCE if surveillance else PACKAGES), **(METAFOR if metafor else {})})


if __name__ == "__main__":
    debian.say("R", {**SURVEILLANCE, **METAFOR})
