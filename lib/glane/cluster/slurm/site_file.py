"""The site's file: defaults of a request and habits of a site, for both ways of submission.

Scripts of shell read two things of it themselves, since nodes may have no Python before its lines are run
(slurm/begin.sh), and sbatch takes variables (slurm/site.sh). So the file is written in a form that `sed` reads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from glane.cluster.slurm.variables import taken
from glane.errors import ConfigError
from glane.settings import SlurmSettings
from glane.settings.site import SiteSettings
from glane.validation import validated

SITE = "GLANE_SITE"
_BESIDE_THE_SCRIPTS = Path(__file__).resolve().parents[2] / "slurm" / "site.yaml"
_BLOCK = re.compile(r"^environment: \|[^\S\n]*\n((?:(?:  .*)?\n)*)", re.MULTILINE)
_SBATCH = {"partition": "partition", "account": "account", "qos": "qos", "constraint": "constraint", "time": "time"}


def path_of_site(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The site's file; None if there is none.

    Raises:
        ConfigError: if GLANE_SITE names one that is not there.
    """
    if told := environment.get(SITE):
        path = Path(told).expanduser().absolute()
        if not path.is_file():
            raise ConfigError(f"{SITE}: {told} is not there. Name the site's file, or unset {SITE}.")
        return path
    return _BESIDE_THE_SCRIPTS if _BESIDE_THE_SCRIPTS.is_file() else None


def read_site(environment: Mapping[str, str] = os.environ) -> SiteSettings:
    """What the site says; only defaults if it has no file.

    Raises:
        ConfigError: naming what is wrong in the file.
    """
    from glane.composition.files import read_mapping, read_text  # with Hydra; a status needs it only where there is one

    path = path_of_site(environment)
    if path is None:
        return SiteSettings()
    text = read_text(path)
    site = validated(SiteSettings, read_mapping(text, place=str(path)), place=str(path))
    if site.environment.strip() != shell_lines(text).strip():
        raise ConfigError(
            f"{path}: environment is not written as the batch script reads it. Write 'environment: |', and below it "
            "the lines of shell, each after two blanks."
        )
    return site


def audit_of_site(environment: Mapping[str, str] = os.environ) -> str | None:
    """The folder of the audit log. A file that cannot be read is left to those who need it, unless it names one.

    Raises:
        ConfigError: if it does, and something in it is wrong.
    """
    try:
        path = path_of_site(environment)
        text = "" if path is None else path.read_text(encoding="utf-8")
    except (ConfigError, OSError, ValueError):
        return None
    is_told = re.search(r"^audit:\s*(?!null\b|~)[^\s#]", text, re.MULTILINE)
    return read_site(environment).audit if is_told else None


def shell_lines(text: str) -> str:
    """The lines of shell, as slurm/begin.sh reads them."""
    found = _BLOCK.search(f"{text}\n")
    return re.sub("^  ", "", found[1], flags=re.MULTILINE) if found else ""


def with_site(cluster: SlurmSettings, environment: Mapping[str, str] = os.environ) -> SlurmSettings:
    """The settings, with what the site says where neither they nor sbatch's variables say anything.

    Raises:
        ConfigError: if the site's file is wrong.
    """
    site = read_site(environment)
    values = {
        key: told
        for option, key in _SBATCH.items()
        if (told := getattr(site, key)) is not None and taken(cluster, option, environment) is None
    }
    for key in ("interface", "submission_dir"):
        if getattr(cluster, key) is None and getattr(site, key) is not None:
            values[key] = getattr(site, key)
    return cluster.model_copy(update=values) if values else cluster


def gpu_options(cluster: SlurmSettings, site: SiteSettings) -> dict[str, str]:
    """The options of sbatch that ask for `cluster.gpus_per_node`, in the site's way."""
    if cluster.gpus_per_node is None:
        return {}
    parts = str(cluster.gpus_per_node).split(",")
    if site.gpus_as == "gpus":
        parts = [_times(part, cluster.nodes) for part in parts]
    elif site.gpus_as == "gres":
        others = str(cluster.sbatch.get("gres", ""))
        parts = [*(f"gpu:{part}" for part in parts), *filter(None, [others])]
    return {site.gpus_as: ",".join(parts)}


def _times(part: str, nodes: int) -> str:
    """`h100:4` on two nodes is `h100:8`."""
    kind, _, count = part.rpartition(":") if part.rpartition(":")[2].isdecimal() else (part, "", "1")
    return f"{kind}:{int(count) * nodes}" if kind else str(int(count) * nodes)
