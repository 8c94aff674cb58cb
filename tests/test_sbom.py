"""What is pinned is listed, and under licences that are taken: a copyleft, closed or unknown one needs a reason."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from conftest import ROOT
from glane_tools.builds import BUILDS, pinned, pins_of
from glane_tools.licences import ALLOWED, EXCEPTIONS, UNKNOWN, complaint, is_allowed, licence_of
from glane_tools.licences_elsewhere import ELSEWHERE
from glane_tools.sbom import packages, sbom

LISTS = sorted(path for path in (ROOT / "lib" / "glane_tools").glob("*.txt") if path.stem != "small_model")


@pytest.mark.parametrize("pins", LISTS, ids=lambda path: path.stem)
def test_every_package_that_is_pinned_has_a_licence_that_is_taken(pins):
    assert [said for one in packages(pins) if (said := complaint(one.name, one.licence))] == []


def test_each_exception_is_pinned_and_still_says_what_it_said():
    found = {one.name: one.licence for pins in LISTS for one in packages(pins)}
    assert {name: found[name] for name in EXCEPTIONS} == {name: told for name, (told, _) in EXCEPTIONS.items()}


def test_what_is_listed_is_of_the_pinned_version_alone():
    pins = {f"{one.name}=={one.version}" for one in packages(pins_of("gpu"))}
    assert set(ELSEWHERE) <= pins
    name, version = "nvidia-cublas", "99.0"
    assert licence_of(name, version) == UNKNOWN
    assert "Leave it out" in complaint("some-kernels", licence_of("some-kernels", version))


@pytest.mark.parametrize(
    ("expression", "is_taken"),
    [
        ("MIT", True), ("GPL-3.0-only", False), ("MIT OR GPL-3.0-only", True), ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-2.0-only) AND ISC", True), ("(MIT AND GPL-2.0-only) OR AGPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", True), ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("Apache-2.0 AND  Apache-2.0 WITH LLVM-exception AND MIT", True), ("", False), (UNKNOWN, False),
        ("MITX", False), ("LGPL-2.1-only", False),
    ],
)  # fmt: skip
def test_expressions_are_read(expression, is_taken):
    assert is_allowed(expression) is is_taken


def test_what_is_no_expression_is_not_taken():
    for told in ("MIT MIT", "(MIT", "MIT) AND", "AND MIT", "MIT AND"):
        assert "Leave it out" in complaint("some-package", told)
    with pytest.raises(ValueError, match="no expression"):
        is_allowed("MIT ISC")


def test_another_licence_than_the_exception_was_made_for_is_not_taken():
    assert complaint("certifi", "MPL-2.0") == ""
    assert "Decide again" in complaint("certifi", "GPL-3.0-only")
    assert "give a reason" in complaint("other", "MPL-2.0")
    assert not ALLOWED & {"MPL-2.0", "LGPL-2.1-only"}


@pytest.mark.parametrize("build", BUILDS)
def test_the_list_names_each_pin_once_and_is_the_same_for_the_same(build):
    found = sbom(packages(pins_of(build)), version="1.0")
    assert len(found["components"]) == len(pinned(pins_of(build)))
    references = [one["bom-ref"] for one in found["components"]]
    assert len(set(references)) == len(references)
    assert f"pkg:pypi/polars@{pinned(pins_of(build))['polars']}" in references
    (own, *others) = found["dependencies"]
    assert own["dependsOn"] == references
    assert {one for other in others for one in (other["ref"], *other["dependsOn"])} <= set(references)
    assert any("pkg:pypi/pydantic-core" in need for other in others for need in other["dependsOn"])
    assert found == sbom(packages(pins_of(build)), version="1.0")
    assert found["serialNumber"] != sbom(packages(pins_of(build)), version="1.1")["serialNumber"]
    told = [one["licenses"] for one in found["components"] if "licenses" in one]
    assert all(one != [{"expression": UNKNOWN}] for one in told)


def test_the_command_writes_it(tmp_path):
    words = [sys.executable, "-m", "glane_tools.sbom"]
    out = tmp_path / "sbom.json"
    told = subprocess.run([*words, "cpu", str(out)], cwd=ROOT / "lib", capture_output=True, text=True, check=True)
    assert "packages" in told.stdout
    assert json.loads(out.read_text())["bomFormat"] == "CycloneDX"
    wrong = subprocess.run([*words, "tpu"], cwd=ROOT / "lib", capture_output=True, text=True, check=False)
    assert (wrong.returncode, "one of cpu, gpu" in wrong.stderr) == (1, True)
