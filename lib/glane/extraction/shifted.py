"""Documents that were pseudonymised, by this run or before: what their files say of it, and what follows for a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glane.conditions import read_condition
from glane.corpus.files import InputFile
from glane.corpus.pseudonymised import PseudonymRules, pseudonymised_beside, rules_of
from glane.errors import ConfigError
from glane.settings import DataSettings


def pseudonym_rules(data: DataSettings, files: Sequence[InputFile]) -> PseudonymRules | None:
    """How the documents were pseudonymised, if they were."""
    return rules_of(data.path, [file.mark for file in files])


def pseudonym_values(data: DataSettings, files: Sequence[InputFile]) -> dict[str, Any] | None:
    """What a fingerprint says of it; None of documents that were not pseudonymised."""
    rules = pseudonym_rules(data, files)
    return None if rules is None else rules.as_values()


def refuse_shifted_columns(data: DataSettings, files: Sequence[InputFile]) -> None:
    """Refuse to choose or to order documents by dates that were shifted with their texts.

    Raises:
        ConfigError: naming the column and the remedy.
    """
    rules = pseudonym_rules(data, files)
    if rules is None or rules.dates != "shifted":
        return
    read = [] if data.where is None else read_condition(data.where, place="data.where").meta.root_names()
    for name in rules.shift_columns:
        if name in read:
            raise ConfigError(
                f"data.where: the dates of {name!r} were shifted by up to {rules.most_days} days, by another "
                "number for each person: other rows would be chosen than those of that time. Choose the rows before "
                f"they are pseudonymised, or pseudonymise with {name!r} in data.carry_columns, where it stays as it is."
            )
        if name == data.order_by and (rules.person_column is None or rules.person_column != data.group_by):
            raise ConfigError(
                f"data.order_by: the dates of {name!r} were shifted, by another number of days for each person "
                f"(without a person column, each document), and groups of {data.group_by!r} are no such persons: their "
                f"order is not that of time. Pseudonymise the originals with data.person_column={data.group_by}."
            )


def pseudonym_lines(data: DataSettings, files: Sequence[InputFile]) -> list[str]:
    """What must be known of documents that were pseudonymised before; none of those that the run made itself."""
    rules = pseudonym_rules(data, files)
    if rules is None or pseudonymised_beside(data.path) is not None:
        return []
    lines = ["the documents were pseudonymised before, as their files say: these are personal data still"]
    if rules.dates == "shifted":
        lines.append(
            f"dates of the texts are shifted by up to {rules.most_days} days: dates in the answers are shifted, too, "
            "and counts by week or month are wrong"
        )
    if len({file.mark for file in files}) > 1:
        lines.append(
            "some files of data.path were pseudonymised otherwise than others, or not: a name may have several "
            "pseudonyms, or stand as it is"
        )
    return lines
