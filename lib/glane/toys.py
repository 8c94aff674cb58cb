"""What is said of answers that are no results: random ones, and those of the demonstration model."""

from __future__ import annotations

from collections.abc import Mapping

from glane.types import Language, Toy

_NOTICES: Mapping[Language, Mapping[Toy, str]] = {
    "fr": {
        Toy.RANDOM: "Réponses tirées au hasard : aucun modèle n'a lu ces documents. Pour essayer glane seulement, "
        "jamais pour des résultats.",
        Toy.DEMONSTRATION: "Réponses du modèle de démonstration, entraîné sur des notes synthétiques et une seule "
        "question, à laquelle il répond quoi qu'on demande. Pour essayer glane seulement, jamais pour des résultats.",
    },
    "en": {
        Toy.RANDOM: "Random answers: no model has read these documents. For trying glane only, never for results.",
        Toy.DEMONSTRATION: "Answers of the demonstration model, trained on synthetic notes and one question, which it "
        "answers whatever is asked. For trying glane only, never for results.",
    },
}
SYNTHETIC = b"glane.synthetic"  # in the metadata of a Parquet file: its documents were made with their answers


def notice(toy: Toy | None, language: Language) -> str:
    """What a reader must know of answers of this kind; empty for those of a real model."""
    return "" if toy is None else _NOTICES[language][toy]


def notice_lines(toy: Toy | None) -> list[str]:
    """The same as lines of a terminal, where glane speaks English."""
    return [] if toy is None else [notice(toy, "en")]
