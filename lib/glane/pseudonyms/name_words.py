"""The words by which names of persons are announced in French clinical texts, in their plain form."""

from __future__ import annotations

import re

from glane.pseudonyms.words import several

TITLES = frozenset(
    several(
        "monsieur madame mademoiselle docteur professeur professeure mr mme mlle mmes mrs dr dre drs pr prs prof "
        "maitre me sr veuve epoux epouse ep vve melle messieurs mesdames"
    )
)
ROLES = frozenset(
    several(
        "interne externe medecin infirmier infirmiere ide iao ioa chirurgien chirurgienne anesthesiste praticien "
        "senior operateur operatrice aide anesth instrumentiste brancardier psychologue dieteticienne orthophoniste "
        "pharmacien pharmacienne dentiste "
        "sage-femme kinesitherapeute cadre enfant patient patiente nommee nomme dit dite prenommee prenomme"
    )
)
LABEL = re.compile(
    r"\b(?:noms?(?: (?:de|du|d'|et)? ?(?:naissance|usuel|usage|marital|patronymique|jeune fille|famille"
    r"|prenoms?|patient|patiente|medecin|"
    r"medecin traitant))*(?: ?/ ?prenoms?)?|nom-prenom|prenoms?|patiente?|identite|beneficiaire|assure\(?e?\)?"
    r"|medecin(?:s)?(?: (?:traitant|prescripteur|responsable|"
    r"adresseur|correspondant|generaliste|referent))?|praticien|prescripteur|operateur|chirurgien|anesthesiste"
    r"|radiologue|interne|externe|senior|"
    r"redacteur|redige par|redaction|signe(?:e)?(?: par)?|signature|valide(?:e)? par|dicte(?:e)? par|saisi par"
    r"|vu par|adresse(?:e)? par|realise(?:e)? par|"
    r"frappe|secretaire|ide|iao|ioa|infirmier(?:e)?|ambulancier|chauffeur|equipage|accompagn(?:ant|ateur)"
    r"|destinataires?|copies?(?: a)?|cc|correspondants?|"
    r"chef de service|personne (?:a prevenir|de confiance)|contact|tuteur|tutrice|curateur|conjointe?|epoux"
    r"|epouse|mari|mere|pere|fils|fille|soeur|frere|"
    r"nee|ne|usage|naissance|civilite|nom complet)(?: ?\(e?s?\))?[ \t]*(?:[:=|\t]|\.{2,}|_{2,}|\n)[ \t|:]*"
)  # fmt: skip
BY = re.compile(
    r"\b(?:(?:adresse|vu|examine|opere|suivi|recu|signe|valide|redige|dicte|appele|confie)e?s?(?:\(e\))? par"
    r"|nee|alias|nomme|nommee|appele|appelee|prenomme|prenommee|interne|externe|senior|enfant|bebe|famille"
    r"|patient|patiente|fils|fille|mari|epouse|conjointe?|freres?|soeurs?|compagne?|compagnon|amie?|voisine?"
    r"|cousine?|niece|neveu|oncle|tante|gendre|petit-fils|petite-fille|belle-fille|colocataire|voir|avec|chez"
    r"|prevenir|appeler|contacter|joindre|rappeler|cordialement|confraternellement|amicalement)[ \t]*,?[\s]+"
)
KIN = re.compile(
    r"\b[^\W\d_]{1,40}(?:-[^\W\d_]{1,40})?(?=,? ?\(?(?:sa|son|ses|leur) (?:\w+-)?(?:soeur|frere|mere|pere|fille|fils"
    r"|niece"
    r"|neveu|epouse|mari|conjointe?|compagne|"
    r"compagnon|amie?|voisine?|cousine?|oncle|tante|gendre|tuteur|tutrice|aidante?|parents?|enfants?)\b)"
)
ARTICLES = frozenset(several("de du des d l la le les n st saint"))  # particles that are ordinary words, too
HEADING = re.compile(
    r"\s*(?:nom|prenom|patient|medecin|praticien|operateur|interne|ide)\w*(?: .{0,20})?\s*"
)  # of a column of names
