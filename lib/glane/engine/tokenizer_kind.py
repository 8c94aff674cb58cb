"""Which tokenizer vLLM makes of a folder: known by the folder's files, before weights are loaded.

The rules are those of vLLM 0.32 (`vllm.tokenizers.registry`, `transformers.MistralCommonBackend`), and a test compares
them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path

FAST = "tokenizer.json"
TEKKEN = "tekken.json"
# As mistral-common names its files: name.model, name.model.v3, name.model.v7m1. The name has no points.
_SENTENCEPIECE = re.compile(r"[^.]+\.model(\.v\d+(m\d+)?)?")
COMMON_MODES = ("auto", "hf", "mistral")


class TokenizerKind(StrEnum):
    """What kind of tokenizer vLLM makes."""

    TEKKEN = "tekken"
    SENTENCEPIECE = "SentencePiece, by mistral-common"
    HUGGING_FACE = "Hugging Face"
    OTHER = "of one family of models"


def tokenizer_kind(folder: Path, mode: str) -> TokenizerKind | None:
    """The kind of tokenizer that vLLM makes of a folder under `model.tokenizer_mode`; None if there is no such folder.

    `auto` is `mistral` where Mistral's weights (consolidated*.safetensors) lie beside Mistral's tokenizer.
    """
    if not folder.is_dir():
        return None
    if mode not in COMMON_MODES:
        return TokenizerKind.OTHER
    if mode == "mistral" or (mode == "auto" and _is_mistrals(folder)):
        file = mistral_file(folder)
        return None if file is None else TokenizerKind.TEKKEN if file.name == TEKKEN else TokenizerKind.SENTENCEPIECE
    return TokenizerKind.HUGGING_FACE


def mistral_file(folder: Path) -> Path | None:
    """The file that mistral-common reads: tekken.json, or else the last of SentencePiece by its name."""
    names = sorted(path.name for path in folder.iterdir())
    if TEKKEN in names:
        return folder / TEKKEN
    of_sentencepiece = [name for name in names if _SENTENCEPIECE.fullmatch(name)]
    return folder / of_sentencepiece[-1] if of_sentencepiece else None


def _is_mistrals(folder: Path) -> bool:
    """Whether vLLM takes a folder for one of Mistral's, in subfolders, too."""
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    return any(fnmatch(name, "consolidated*.safetensors") for name in names) and any(
        name == TEKKEN or fnmatch(name, "tokenizer.model.v*") for name in names
    )
