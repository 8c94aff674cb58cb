"""Configuration composed by Hydra: from the files of `conf/` and the words of a command line to plain values.

The only room that knows Hydra and OmegaConf.
"""

from glane.composition.bare import with_keys
from glane.composition.compose import composed, run_composed, unresolved
from glane.composition.files import read_mapping, read_text
from glane.composition.listing import dotted_keys, files_of, groups, is_chosen_by_name
from glane.composition.places import CONF
from glane.composition.several import joined
from glane.composition.translations import as_told
from glane.composition.words import OPTIONS, own_folders

__all__ = [
    "CONF",
    "OPTIONS",
    "as_told",
    "composed",
    "dotted_keys",
    "files_of",
    "groups",
    "is_chosen_by_name",
    "joined",
    "own_folders",
    "read_mapping",
    "read_text",
    "run_composed",
    "unresolved",
    "with_keys",
]
