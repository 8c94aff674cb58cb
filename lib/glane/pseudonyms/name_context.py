"""Names that the words around them tell: whose child, dossier or colleague, who does something, how old somebody is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from glane.pseudonyms.name_growth import is_lower_initial, is_unknown, with_particles
from glane.pseudonyms.name_words import TITLES
from glane.pseudonyms.tokens import Token
from glane.pseudonyms.words import listed, names_a_disease

_KIN = (
    r"(?:compagne|compagnon|concubine?|epouse|epoux|mari|femme|conjointe?|filles?|fils|soeurs?|freres?|meres?"
    r"|peres?|maman"
    r"|papa|parents?|enfants?|niece|neveu|cousine?s?|oncle|tante|(?:grand|belle|beau|petite?)-(?:meres?|peres?|parents?"
    r"|fils|filles?|soeurs?|freres?|enfants?)|mamie|papi|amie?s?|voisine?s?|collegues?|jume(?:au|aux|lles?)"
    r"|ex-(?:mari|femme)"
    r"|proches?|aidante?s?)"
)
_ROLE = (
    r"(?:infirmiere?s?|ide|mt|senior|iao|ibode|iade|medecins?|internes?|externes?|medecin-chef|cadre"
    r"|chirurgiene?s?|chirurgienne"
    r"|anesthesistes?|psychologues?|psychiatres?|pediatres?|puericultrices?|sages?-femmes?|kine|kinesitherapeutes?"
    r"|orthophonistes?|ergotherapeutes?|dieteticien(?:ne)?s?|pharmacien(?:ne)?s?|biologistes?|technicien(?:ne)?s?"
    r"|laborantine?s?|secretaires?|assistante?s?|aide-soignante?s?|aides? soignante?s?|aides? a domicile"
    r"|ambulanciere?s?"
    r"|regulat(?:eur|rice)s?|permanenciere?s?|educat(?:eur|rice)s?|enseignante?s?|institut(?:eur|rice)s?|maitresse"
    r"|professeure?s?|animat(?:eur|rice)s?|auxiliaires?|nourrice|direct(?:eur|rice)s?|responsables?|chef(?:fe)?"
    r"|coordinat(?:eur|rice)s?|coordonnat(?:eur|rice)s?|gerante?s?|patron(?:ne)?|employe(?:e|ur)s?|gardien(?:ne)?s?"
    r"|tut(?:eur|rice)s?|curat(?:eur|rice)s?|mandataire|avocate?s?|notaire|juge|stagiaires?|eleves?|etudiante?s?"
    r"|appelante?s?|requerante?s?|temoins?|residente?s?|locataires?|cas|contacts?|[a-z]{3,}olog(?:ue|iste)s?"
    r"|geriatres?)"
)
_OF_ROLE = (
    r"(?: (?:liberale?s?|sociale?s?|scolaires?|maternelle|referente?s?|traitante?s?|principale?|adjointe?s?|index"
    r"|sources?|generaliste|coordonnat(?:eur|rice)|(?:de|du|d'|de la|de l'|des) ?(?:garde|nuit|jour|service|ecole"
    r"|classe|secteur|permanence|college|lycee|etablissement|unite|creche|vie|astreinte|pmi|famille|soins?"
    r"|geriatrie|pediatrie|medecine|chirurgie|laboratoire|rue)))?"
)
_CUE = re.compile(
    rf"(?<!\w)(?:{_KIN}(?:,? (?:de |d')?| ?\()|cas (?:n° ?)?\d{{1,3}} ?[:,(] ?|(?:interphone|sonner chez) |(?:mme|m|mr"
    rf"|mlle|monsieur|madame)\.? [a-z]\. ?\("
    rf"|{_ROLE}{_OF_ROLE}(?: ?[,:(] ?| )|(?:dossiers?|courriers?|mails?|appels?|messages?"
    r"|nouvelles|accord|situation|famille|secretariat|signature|propos|presence|absence|demande|cas|classe|chambre"
    r"|demenagement|naissance|deces|transfert|remplacante?|consultation|garde|cabinet|telephone|tel|numero|mot"
    r"|lettre|etat|entourage|prenom|nom) (?:de |d')|(?:chers?|cheres?|bonjour|bonsoir|salut|hello|coucou|merci|bises"
    r"|amities|cordialement|cdlt|bien a (?:toi|vous)|ok|entendu)[ ,]{1,2}(?:a )?"
    r"|(?:mets|mettre|ajoute|ajouter|prevenir|previens|prevenez|prevenu|appelle|appeler|rappelle|rappeler"
    r"|contacter|joindre|demande a|demander a|dis a|dire a|parle a|parler a|parle avec|transmis a|remis a|confie a"
    r"|donne a|telephone a|rdv avec|vois avec|voir avec|vu avec|vue?(?: ce (?:jour|matin|soir)| hier)?"
    r"|relais avec|discute avec|evoque avec|valide avec"
    r"|echange avec|entretien avec|selon|d'apres|dixit|par|avec|et sa mere|signe) )(?=\w)"
)
_HEADER = re.compile(
    r"^[ \t>]*(?:de|a|cc|cci|from|to|objet|sujet|expediteur|exp|destinataires?|dest|pour|attn|concerne|re|patiente?"
    r"|eleve|residente?|agent|appelante?|requerante?|enfant|mere|pere|victime|salariee?|assuree?|declarante?"
    r"|responsable legal|operat(?:eur|rice)|recu par|transmis par|prescripteur|preleve par|valide par) ?: ?(?=\w)",
    re.MULTILINE,
)
_ROW = re.compile(
    r"^[ \t>*•-]*(?:(?:ch|chambre|lit|box|apt|appt|cas)\.? ?)?\d{1,4}[a-z]?(?: ?(?:[.:)/—–-]|\|) ?| )(?=[^\W\d_]{2})",
    re.MULTILINE,
)
_PERSONAL = (
    r"(?:appelee?|telephone|dit|vue?s?|recue?s?|mange|dormi|vomi|chute|pleure|refuse|accepte|demande|signe|accouche"
    r"|consulte|declare|raconte|examinee?s?|hospitalisee?s?|prevenue?s?|informee?s?|contactee?s?|jointe?s?|adressee?s?"
    r"|transferee?s?|admise?s?|operee?s?|revue?s?|interrogee?s?|vaccinee?s?|scolarisee?s?|convoquee?s?"
    r"|rappelee?s?|evacuee?s?|accompagnee?s?|venue?s?|nee?s?|sortie?s?|entree?s?|partie?s?|tombee?s?|arrivee?s?"
    r"|decedee?s?"
    r"|rentree?s?|revenue?s?|asthmatique|diabetique|allergique|mariee?|veuve|veuf"
    r"|celibataire|divorcee?"
    r"|retraitee?|fatiguee?|inquiete?|d'accord|calme|agitee?|joignable|injoignable|autonome"
    r"|enceinte|agee?|febrile|malades?|en (?:classe|arret|vacances|conge|garde)|a l'ecole"
    r"|couchee?|installee?|reveillee?|orientee?|desorientee?|tousse|bien|mieux|rentrer|sortir|appeler|venir"
    r"|rappeler|passer|recontacter|consulter|manger|marcher|dormir|voir|prendre|quitter|partir|retourner|revenir"
    r"|beneficier|avoir|se |s')"
)
_AFTER = re.compile(
    r"(?:,? (?:ne |n')?(?:(?:a|avait|ont|aurait) (?:bien |deja |ete |pas |donc |aussi )?|(?:est|etait|sera|sont"
    r"|etaient)"
    r" (?:bien |deja |donc |aussi |pas |tres )?|(?:va|peut|doit|souhaite|veut|vient|pourra|devra|vont) (?:pas "
    r"|de |d')?)"
    rf"{_PERSONAL}|,? ?\(?\d{{1,3}} ?(?:ans\b|a\.)|,? age?e de|(?: ?,| ?\() ?(?:(?:son|sa|leur|notre|votre"
    rf"|mon|ma|la|le"
    rf"|l'|une?) ?)?(?:{_KIN}|{_ROLE})\b|,? ?\(?(?:tel|portable|port|dect|poste)\b"
    rf"|,? ?\(?0[1-9](?:[ .]?\d\d){{4}}| s'(?:inquiete"
    r"|oppose|occupe|est|appelle|absente|endort|alimente|agite|installe|exprime)|,? ?\(?(?:ddn|nee? (?:le|en|a)"
    r"|ipp|nir|secu)\b"
    r"| ?\(\d{6,10}\))"
)
_OF_DRUG = re.compile(  # what is done with drugs, and by what a disease is caused
    r"(?:trait(?:e|ement)|relais|relaye|remplace|substitue|couvert|complique|cause|provoque|soulage|calme|stabilise"
    r"|equilibre|induit|favorise|mis|commence|debute|introduit|introduction|switch|ajout|association|associe|arret|stop"
    r"|poursuivi|poursuite|reprise|poursuivre|vaccination|vaccine|rappel|injection|perfusion|bolus|aerosols?|cure"
    r"|antibio\w*|sedation|anticoagulation|corticotherapie|chimio\w*|infection|infecte|colonisation|contamination"
    r"|portage|du|\d ?(?:mg|g|ml|ui))(?:e?s)? (?:par|avec|de|d'|a|sous) ?$"
)
_LEAST_LETTERS = 3  # of a surname in a row
_INITIALS = re.compile(
    r"(?:(?<=[.!?:;/(–-] )|(?<=[.!?/(])|(?:^[ \t>]*))(?P<initials>[^\W\d_]{2})(?=[ \t.)]*$)", re.MULTILINE
)


def told_by_context(words: Sequence[Token], plain: str, marked: list[bool]) -> None:
    """Mark unknown words that the words around them tell to be somebody's name."""
    at = {token.start: place for place, token in enumerate(words)}
    for pattern in (_CUE, _HEADER, _ROW):
        for found in pattern.finditer(plain):
            is_of_drug = _OF_DRUG.search(plain[max(0, found.end() - 40) : found.end()]) is not None
            begun = None if is_of_drug else at.get(found.end())
            for place in _begins(words, begun, plain):
                marked[place] = True
            if pattern is _ROW and begun is not None and _is_with_initial(words, begun):
                marked[begun] = marked[begun + 1] = True
    for place, token in enumerate(words):
        if not marked[place] and is_unknown(words, place, plain) and _AFTER.match(plain, token.end):
            marked[place] = True
        if token.in_lower and is_lower_initial(token, plain) and _is_behind_initial(words, place + 1, plain):
            marked[place] = token.text != "m"  # as a title it is not one
            for one in _begins(words, place + 1, plain):
                marked[one] = True
    for place in range(len(words) - 1):
        if _are_two(words, place) and is_unknown(words, place, plain) and is_unknown(words, place + 1, plain):
            marked[place] = marked[place + 1] = True
    for place, token in enumerate(words[:-2]):
        if words[place + 1].word.plain == "et" and words[place + 1].gap == words[place + 2].gap == " ":
            for one, other in ((place, place + 2), (place + 2, place)):
                if marked[one] and not token.word.is_particle and is_unknown(words, other, plain):
                    marked[other] = True


def initials_of_names(text: str, words: Sequence[Token], marked: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where the initials of somebody who was named stand for a signature: at the end of a line, "Merci. AB"."""
    pairs = {
        f"{one.text[0]}{other.text[0]}".upper()
        for (one, is_name), (other, is_also) in pairwise(zip(words, marked, strict=True))
        if is_name and is_also and other.gap in (" ", "\u00a0")
    }
    signs = pairs | {pair[::-1] for pair in pairs}
    yield from (one.span("initials") for one in _INITIALS.finditer(text) if one["initials"].upper() in signs)


def _are_two(words: Sequence[Token], place: int) -> bool:
    """Whether two words follow each other as a first name and a surname do, in a line whose capitals tell something."""
    one, other = words[place : place + 2]
    if other.gap != " " or one.in_lower or one.in_capitals or one.word.is_upper:
        return False
    return min(len(one.text), len(other.text)) >= _LEAST_LETTERS and not one.word.is_common


def _is_with_initial(words: Sequence[Token], place: int) -> bool:
    """Whether an initial stands behind the first word of a row: "11 PRINTEMPS C. 19/07/2016"."""
    pair = words[place : place + 2]
    if pair[0].word.plain in TITLES or pair[0].word.plain in listed("clinical"):
        return False
    if len(pair) < 2 or pair[1].gap != " " or len(pair[0].text) < _LEAST_LETTERS:
        return False
    return len(pair[1].text.rstrip(".")) == 1 and (pair[1].text.endswith(".") or pair[1].in_lower)


def _is_behind_initial(words: Sequence[Token], place: int, plain: str) -> bool:
    return place < len(words) and words[place].gap in (". ", ".") and any(True for _ in _begins(words, place, plain))


def _begins(words: Sequence[Token], place: int | None, plain: str) -> Iterator[int]:
    """The words of the name that begins at a place, if one does."""
    if place is None:
        return
    if words[place].word.is_particle:
        yield from () if names_a_disease(plain, words[place].start) else with_particles(words, place)
    elif is_unknown(words, place, plain):
        yield place
