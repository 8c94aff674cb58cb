"""Licences of the packages that are pinned, as expressions of SPDX, and which of them are taken.

Packages say it in three ways, of which the first that says something is read: an expression, the field `License`, and
classifiers. What they say is not checked against their files. Those that are not installed here are in a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import metadata

from glane_tools.licences_elsewhere import ELSEWHERE, NVIDIA

UNKNOWN = "NOASSERTION"
# Permissive: use, change and passing on, also with closed work, against naming the author.
ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "CNRI-Python", "ISC", "LicenseRef-BSD", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib",
})  # fmt: skip
# Those that are not, each with the reason for which it is taken all the same.
EXCEPTIONS: Mapping[str, tuple[str, str]] = {
    "certifi": ("MPL-2.0", "copyleft of its own files, which are used as they are; a list of certificates"),
    "fqdn": ("MPL-2.0", "copyleft of its own files, which are used as they are; of JupyterLab alone"),
    "hypothesis": ("MPL-2.0", "copyleft of its own files, which are used as they are; of the tests alone"),
    "pathspec": ("MPL-2.0", "copyleft of its own files, which are used as they are; of the tests alone"),
    "tqdm": ("MPL-2.0 AND MIT", "copyleft of its own files, which are used as they are; vLLM wants it"),
    "pycountry": ("LGPL-2.1-only", "a library of its own that is loaded, and not changed; codecarbon wants it"),
    "intel-openmp": ("LicenseRef-Proprietary", "may be passed on as it is; PyTorch on CPU wants it"),
    "intel-cmplr-lib-ur": ("LicenseRef-Proprietary", "may be passed on as it is; intel-openmp wants it"),
    **{
        pin.partition("==")[0]: (told, "NVIDIA's terms: read them before you pass it on; vLLM on GPUs wants it")
        for pin, told in ELSEWHERE.items()
        if NVIDIA in told
    },
}  # fmt: skip
# Of packages that say nothing in their metadata: as the file LICENSE says that they bring.
_BY_THEIR_FILES = {
    "axe-playwright-python": "MIT", "oss-harmony": "Apache-2.0", "setuptools": "MIT",
}  # fmt: skip
_NAMES = {
    "apache 2.0": "Apache-2.0", "apache 2.0 license": "Apache-2.0", "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0", "3-clause bsd license": "BSD-3-Clause", "2-clause bsd": "BSD-2-Clause",
    "bsd 3-clause license": "BSD-3-Clause", "bsd 2-clause license": "BSD-2-Clause", "bsd": "LicenseRef-BSD",
    "bsd license": "LicenseRef-BSD", "isc license": "ISC", "isc license (iscl)": "ISC", "mit license": "MIT",
    "psfl": "PSF-2.0", "python software foundation license": "PSF-2.0", "the unlicense (unlicense)": "Unlicense",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0", "other/proprietary license": "LicenseRef-Proprietary",
    "bsd-3-clause, apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
    "bsd-derived (http://www.repoze.org/license.txt)": "LicenseRef-BSD",
}  # fmt: skip
_NO_LICENCE = ("osi approved", "dfsg approved")
_TOKENS = re.compile(r"\s*(\(|\)|(?:(?!\b(?:AND|OR)\b)[^\s()]+(?:\s+WITH\s+\S+)?|AND|OR))")


def licence_of(name: str, version: str) -> str:
    """The licence of a package as an expression; `NOASSERTION` if it says none, or is not installed and not listed."""
    if listed := ELSEWHERE.get(f"{name}=={version}"):  # by what its files say: metadata of some says less
        return listed
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return UNKNOWN
    if expression := told.get("License-Expression"):
        return str(expression)
    field = (told.get("License") or "").strip().splitlines()
    classifiers = [
        one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if one.startswith("License :: ")
    ]
    if field and (found := _expression(field[0])):
        return found
    known = [_NAMES.get(one.lower(), one) for one in classifiers if one.lower() not in _NO_LICENCE]
    return " OR ".join(known) or _BY_THEIR_FILES.get(name, UNKNOWN)


def _expression(told: str) -> str | None:
    """What the field `License` says as an expression; None if it is a text, or says nothing."""
    if told.lower() in _NAMES:
        return _NAMES[told.lower()]
    parts = [one for one in _TOKENS.findall(told) if one not in ("AND", "OR", "(", ")")]
    known = ALLOWED | {"MPL-2.0"}
    return told if parts and all(one in known for one in parts) else None


def is_allowed(expression: str) -> bool:
    """Whether a licence is permissive: of alternatives one, of several that hold together all.

    Raises:
        ValueError: if it is no expression.
    """
    tokens = _TOKENS.findall(expression)
    found = _either(tokens)
    if tokens:
        raise ValueError(f"{expression!r} is no expression of SPDX.")
    return found


def _either(tokens: list[str]) -> bool:
    found = _both(tokens)
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        found = _both(tokens) or found
    return found


def _both(tokens: list[str]) -> bool:
    found = _one(tokens)
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        found = _one(tokens) and found
    return found


def _one(tokens: list[str]) -> bool:
    token = tokens.pop(0) if tokens else ""
    if token == "(":
        found = _either(tokens)
        if tokens[:1] != [")"]:
            raise ValueError("a bracket is not closed.")
        tokens.pop(0)
        return found
    return " ".join(token.split()) in ALLOWED


def complaint(name: str, expression: str) -> str:
    """Why a package may not be used without a decision, with the remedy; empty if it may."""
    if expression == EXCEPTIONS.get(name, (None,))[0]:
        return ""
    try:
        if is_allowed(expression):
            return ""
    except ValueError:
        pass
    if name in EXCEPTIONS:
        return f"{name}: licence {expression}, and EXCEPTIONS has it as {EXCEPTIONS[name][0]}. Decide again."
    return f"{name}: licence {expression}, which ALLOWED does not have. Leave it out, or give a reason in EXCEPTIONS."
