"""What all tables of a register have in common: only tables that count the same, of the same documents, are linked."""

from __future__ import annotations

from collections.abc import Mapping

from glane.conditions import canonical
from glane.errors import ConfigError
from glane.validation import Strict

_SETTING = "table.disclosure.register"


class Series(Strict):
    """What is counted, and where it is from."""

    unit: str
    names: tuple[str, ...] = ()  # of persons: the columns that name one
    links: str | None = None  # or the folder of the links
    case: str  # the condition of a case
    id_column: str
    collection: tuple[str, ...]  # the folders with the documents

    def refuse_other(self, earlier: Series, *, register: object) -> None:
        """Refuse a table of another case, unit or collection.

        Folders of documents may be added: one of them is enough to be the same collection.

        Raises:
            ConfigError: naming what differs.
        """
        of_both = (
            ("cases that are", earlier.case, self.case, _form(earlier.case) != _form(self.case)),
            ("by the unit", _unit(earlier), _unit(self), _unit(earlier) != _unit(self)),
            ("documents of", ", ".join(earlier.collection), ", ".join(self.collection),
             set(earlier.collection).isdisjoint(self.collection)),
            ("documents by", earlier.id_column, self.id_column, earlier.id_column != self.id_column),
        )  # fmt: skip
        for what, before, now, is_other in of_both:
            if is_other:
                raise ConfigError(
                    f"{_SETTING}: the tables of {register} count {what} {before}, and this one {now}. A "
                    "register holds tables of one case, one unit and one collection. Give this table a register of "
                    "its own; nothing protects across registers."
                )


def refuse_other_roles(earlier: Mapping[str, str], now: Mapping[str, str], *, register: object) -> None:
    """Refuse a column that stood for something else in tables of the register, such as a place and a group.

    Args:
        earlier: What each column is in the tables of the register.
        now: And in this one.
        register: The folder.

    Raises:
        ConfigError: naming the first of them.
    """
    for column, role in now.items():
        if earlier.get(column, role) != role:
            raise ConfigError(
                f"{_SETTING}: in the tables of {register} the column {column!r} is {earlier[column]}, and in this one "
                f"{role}, so its values could not be known for the same. Take it for {earlier[column]}, or leave it "
                "out."
            )


def _unit(one: Series) -> str:
    """The unit, and what makes one."""
    return " ".join([one.unit, *one.names, *([] if one.links is None else [one.links])])


def _form(case: str) -> str:
    return canonical(case, place=_SETTING)
