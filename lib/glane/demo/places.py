"""Made-up names of French municipalities, in disjoint sets for training and test."""

import random
import unicodedata
import zlib
from typing import Literal

from glane.demo.notation import words

Split = Literal["train", "test"]

_HEADS = words(
    "Aub Bar Bel Ber Bour Bra Cas Cha Char Clé Cor Cour Dam Dor Es Fal Fer Fon Gar Gou Gran Hau Her Jon Jou Lan Lau "
    "Lor Mar Mau Mer Mon Mor Nan Nor Or Pa Per Plo Pou Pré Qué Ra Rem Ro Sar Sau Ser Sou Tal Tour Tré Val Var Ver Vil "
    "Vou"
)
_MIDDLES = ["", "", "", *words("be bo da di ga ge la li lo ma mé mi mo na ne no ra ri ro sa ti va ve vi zo")]
_TAILS = words(
    "ville court mery méry gny nac gnac ières ancourt eux illy igny ay oux court ronde bach heim euil zon thès lans "
    "viers tot fleur mont val bec dun lieu nay cy vy ges gues sac sart sey thoire rac lonne relle champ bourg"
)
_SAINTS = words(
    "Amand Aubin Cyr Didier Éloi Fiacre Gervais Hilaire Julien Léger Loup Maixent Marcel Martin Médard Nazaire Omer "
    "Pardoux Quentin Rémy Savin Sernin Ulrich Valéry Vaast Yrieix Brieux Céré Dorat Evroult Guénolé Jorioz Laon"
)
_SAINTES = words("Agathe Aurore Colombe Eulalie Foy Geneviève Maure Odile Radegonde Sévère Solange Ursule")
_QUALIFIERS = words(
    "les-Bains le-Vieux le-Grand le-Petit la-Forêt la-Plaine sous-Bois en-Forêt aux-Bois du-Lac les-Pins la-Rivière "
    "le-Château les-Étangs la-Montagne sur-Mer en-Vallée d'Aval d'Amont le-Neuf la-Blanche"
)
_GENERICS = words("Pont Mont Port Bourg Val Fontaine Roche Mas Puy Châtel Neuville Villers Champ Croix")


def municipality(rng: random.Random, split: Split) -> str:
    """A made-up municipality of one set. No name of "train" is ever a name of "test"."""
    while True:
        name = _compose(rng)
        if split_of(name) == split:
            return name


def split_of(name: str) -> Split:
    """The set of a name. Case, accents and hyphens make no difference."""
    # A checksum of the name makes the sets disjoint by construction, and is stable across versions of Python.
    return "test" if zlib.crc32(normal_form(name).encode()) % 4 == 0 else "train"


def normal_form(name: str) -> str:
    """The name in lower case, without accents, hyphens and apostrophes."""
    bare = unicodedata.normalize("NFD", name.casefold())
    return " ".join("".join(c if c.isalpha() else " " for c in bare if not unicodedata.combining(c)).split())


def _root(rng: random.Random) -> str:
    return rng.choice(_HEADS) + rng.choice(_MIDDLES) + rng.choice(_TAILS)


def _saint(rng: random.Random) -> str:
    short = rng.random() < 0.2
    if rng.random() < 0.25:
        return f"{'Ste' if short else 'Sainte'}-{rng.choice(_SAINTES)}"
    # Half of the saints are made up too, as the model would memorise a list of thirty names.
    return f"{'St' if short else 'Saint'}-{rng.choice(_SAINTS) if rng.random() < 0.5 else _root(rng)}"


def _compose(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.40:
        return _root(rng)
    if draw < 0.58:
        return f"{_root(rng)}-{rng.choice(('sur', 'sur', 'en', 'lès', 'sous'))}-{_root(rng)}"
    if draw < 0.72:
        return f"{_root(rng)}-{rng.choice(_QUALIFIERS)}"
    if draw < 0.82:
        return _saint(rng)
    if draw < 0.94:
        return f"{_saint(rng)}-{rng.choice(('sur', 'en', 'lès', 'de'))}-{_root(rng)}"
    return f"{rng.choice(_GENERICS)}{rng.choice(('-', '-de-', '-'))}{_root(rng)}"
