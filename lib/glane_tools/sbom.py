"""What glane installs, as a list for machines (SBOM, CycloneDX 1.6 in JSON): name, version, licence of each pin.

  .venv/bin/python -m glane_tools.sbom cpu sbom.json          # or gpu; make sbom
  .venv/bin/python -m glane_tools.sbom cpu                    # a table of the licences

Licences are read of the packages that are installed here, and of a list of those that only machines with GPUs install.
The same pins in the same environment make the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from glane_tools.builds import BUILDS, pinned, pins_of
from glane_tools.licences import EXCEPTIONS, UNKNOWN, complaint, licence_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A pinned package."""

    name: str  # as its address has it: small letters, one hyphen
    version: str
    licence: str

    @property
    def reference(self) -> str:
        """Its address in the form of package-url."""
        return f"pkg:pypi/{self.name}@{self.version}"


def packages(pins: Path) -> list[Package]:
    """The packages of a file of pins, by name."""
    found = {_normal(name): version for name, version in pinned(pins).items()}
    return [Package(name=name, version=found[name], licence=licence_of(name, found[name])) for name in sorted(found)]


def sbom(found: Sequence[Package], *, version: str) -> dict[str, Any]:
    """The list in CycloneDX's form. It has no time: what is the same has the same serial number."""
    own = f"pkg:generic/glane@{version}"
    content = "\n".join(f"{one.reference} {one.licence}" for one in found)
    return {
        "$schema": "https://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{own} {content}')}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": own, "name": "glane", "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [_component(one) for one in found],
        "dependencies": [{"ref": own, "dependsOn": [one.reference for one in found]}, *_dependencies(found)],
    }  # fmt: skip


def _component(one: Package) -> dict[str, Any]:
    licences = [] if one.licence == UNKNOWN else [{"expression": one.licence}]
    return {
        "type": "library", "bom-ref": one.reference, "name": one.name, "version": one.version, "purl": one.reference,
        **({"licenses": licences} if licences else {}),
    }  # fmt: skip


def _dependencies(found: Sequence[Package]) -> Iterator[dict[str, Any]]:
    """What each installed package says that it needs, of what is pinned."""
    known = {one.name: one.reference for one in found}
    for one in found:
        try:
            needs = metadata.requires(one.name) or []
        except metadata.PackageNotFoundError:
            continue
        names = {_normal(re.split(r"[^\w.-]", need, maxsplit=1)[0]) for need in needs if "extra ==" not in need}
        yield {"ref": one.reference, "dependsOn": sorted(known[name] for name in names if name in known)}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Write the list, or print the licences."""
    build, *out = sys.argv[1:] or [""]
    if build not in BUILDS or len(out) > 1:
        sys.exit(f"sbom: which build? Give one of {', '.join(BUILDS)}, and a file to write.")
    found = packages(pins_of(build))
    if out:
        content = json.dumps(sbom(found, version=metadata.version("glane")), indent=2) + "\n"
        Path(out[0]).write_text(content, encoding="utf-8")
        print(f"sbom: {out[0]}: {len(found)} packages")
        return
    for one in found:
        print(f"{one.name:<44}{one.version:<28}{one.licence}{_why(one.name)}")
    for line in filter(None, (complaint(one.name, one.licence) for one in found)):
        print(line)


def _why(name: str) -> str:
    return f"  ({EXCEPTIONS[name][1]})" if name in EXCEPTIONS else ""


if __name__ == "__main__":
    main()
