"""The formats, by the name that `to` takes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from glane.exports.target import Writer
from glane.settings.export import Target

_PLACES: Mapping[Target, str] = {
    "csv": "csv.write_csv",
    "xlsx": "xlsx.write_xlsx",
    "parquet": "parquet.write_parquet",
    "duckdb": "duckdb.write_duckdb",
    "r": "r.write_r",
    "sas": "sas.write_sas",
    "datapackage": "datapackage.write_datapackage",
    "omop": "omop.write_omop",
    "labelstudio": "labelstudio.write_labelstudio",
    "brat": "brat.write_brat",
}


def writer_of(target: Target) -> Writer:
    """The function that writes a format; its libraries are loaded now."""
    module, _, name = _PLACES[target].partition(".")
    found: Writer = getattr(importlib.import_module(f"glane.exports.{module}"), name)
    return found
