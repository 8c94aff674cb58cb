"""Finds documents that speak to a model: text that could make it answer something else than what the document says.

It is a mark for people to look at, not a defence: the prompt tells the model that documents are data, and nothing can
make sure that it heeds that. The text is folded first, so that case, accents, odd spaces and invisible characters hide
nothing. French and English are known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from glane.task.fields import Field, all_names
from glane.task.fold import fold
from glane.task.keys import Keys
from glane.task.schema import MISSING, QUOTE, VALUE

# What templates put around messages, and what stands before an answer.
_TURNS = re.compile(
    r"<\|?/?(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|start_of_turn)\b[^>]{0,20}>"
    r"|\[/?(?:inst|system_prompt|available_tools)\]|<</?sys>>|<start_of_turn>|</?(?:document|found)\b[^>]{0,40}>"
    r"|(?<!#)#{2,} ?(?:instruction|consigne|response|reponse|answer|system)s?\b"
    r"|(?:^|[.!?] )(?:system|systeme|assistant|user) ?:"
    r"|\b(?:reponse|answer|output|response|sortie) ?: ?[{\[]"
)
# At the start of a line, which folding does not keep.
_ROLE = re.compile(
    r"^[ \t>*#-]{0,8}(?:system|système|systeme|assistant|user)[ \t\u00a0\u202f]{0,3}[::]", re.IGNORECASE | re.MULTILINE
)
_VERBS = (
    r"(?:ignor\w*|disregard\w*|forget\w*|oubli\w+|neglig\w*|overrid\w*|bypass\w*|skip|annul\w*|outrepass\w*|"
    r"contourn\w*)"
)
_TOLD = (
    r"(?:instruction|consigne|directive|prompt|rule|regle|guideline|ordre|message|context|contexte|task|tache|question|"
    r"system|systeme)s?"
)
_WHAT = r"(?:answer|reponse|output|sortie|json|field|champ|value|valeur|extraction|resultat|result)s?"
_ORDERS = re.compile(
    rf"\b{_VERBS}\b[^.\n]{{0,60}}\b{_TOLD}\b"
    rf"|\b{_VERBS}\b[^.\n]{{0,20}}\b(?:all|everything|tout|toutes?)\b[^.\n]{{0,30}}\b(?:above|before|previous\w*|said|precede\w*|avant|dit|haut|dessus)\b"
    rf"|\b(?:new|nouvelles?|updated|real|vraies?|actual|following|suivantes?) {_TOLD}\b ?:"
    r"|\b(?:you are|you're|tu es|vous etes|act as|agis comme|agissez comme|pretend\w* to be|behave as|fais comme si)\b"
    r"[^.\n]{0,30}"
    r"\b(?:ai|ia|assistant|model\w*|modele|chatbot|bot|llm|gpt|machine|system|systeme|developer|developpeur)\b"
    r"|\b(?:language model|modele de langue|modele de langage|system prompt|prompt systeme|large language|"
    r"intelligence artificielle)\b"
    rf"|\b(?:you must|you should|you shall|please|always|now|tu dois|vous devez|toujours|maintenant)\b[^.\n]{{0,40}}"
    rf"\b(?:answer|respond|reply|output|return|write|extract|report|repond\w*|renvo\w+|ecri\w+|extrai\w*|retourn\w*|indiqu\w*)\b"
    rf"[^.\n]{{0,40}}(?:{_WHAT}\b|[:=\"])"
    rf"|\b(?:answer|respond|reply|output|return|repond\w*|renvo\w+|retourn\w*)\b[^.\n]{{0,20}}\b(?:with|only|exactly|par|avec|seulement|uniquement|"
    rf"toujours|exactement)\b[^.\n]{{0,60}}(?:{_WHAT}\b|[:=\"{{])"
    rf"|\b(?:set|put|change|replace|fill|mets|mettez|remplac\w+|chang\w+|rempli\w+|fix\w+)\b[^.\n]{{0,30}}\b(?:the|le|la|les|each|every|chaque|all|tous)\b"
    rf"[^.\n]{{0,20}}\b{_WHAT}\b"
    r"|\b(?:note|message|attention|information)s? (?:to|for|a|pour)(?: the| l'| le| la| toute?)? ?"
    r"(?:ai|ia|model\w*|llm|extract\w+|annotat\w+|system\w*|assistant|machine|reader model)\b"
)

# Who speaks of the filling in of a form, and not of a patient or an outbreak.
_TEXTS = r"(?:documents?|notes?|reports?|texts?|textes?|rapports?|comptes?)"
_CLERKS = (
    r"(?:developers?|developpeurs?|annotat(?:ors?|ion|eurs?|rices?)|coders?|codeurs?|coding (?:guide\w*|rules?)|"
    r"(?:guide|consigne|regle)s? de (?:codage|saisie)|data entry|software|logiciel|programme informatique|"
    rf"extraction (?:of|de|du)(?: this| the| ce| cette| la)? ?{_TEXTS}|"
    r"(?:this|the|ce|le) (?:form|formulaire) (?:is|are|gets?|est|recoit|sera)|(?:fills?|filling) in this form|"
    r"(?:remplit|remplir|remplissez) (?:ce|le) formulaire)"
)
_CODES = (
    r"(?:cod(?:e|er|ez|ed)|record|enter|correct|set|not(?:er|ez)|saisi(?:r|ssez)|corrig(?:er|ez)|inscri(?:re|vez)|"
    r"mett(?:re|ez))"
)
_INTO = r"(?:as|to|with|par|en|comme|a|avec)"
_IS = r"(?:is|are|must be|shall be|should be|est|sont|doit etre|vaut|equals?)"


class Suspicion:
    """The signs of a task's documents that speak to a model. Made once for a task."""

    def __init__(self, fields: Mapping[str, Field], spelling: Keys) -> None:
        names = {spelling.written(name) for name in (*all_names(fields), VALUE, QUOTE, MISSING)}
        words = "|".join(sorted(map(re.escape, {fold(name) for name in names})))
        keys = {fold(one) for name in all_names(fields) for one in (name, spelling.written(name))}
        key = f"[\"'“”«`]? ?(?:{'|'.join(sorted(map(re.escape, keys)))}) ?[\"'“”»`]?"
        put = rf"(?:\b{_CODES} {key} {_INTO}\b|(?<!\w){key} :?=)"
        told = rf"(?<!\w)(?<!the )(?<!le )(?<!la ){key} {_IS}\b"  # as in a story, too: in one sentence with its teller
        self._entry = re.compile(
            rf"\b{_CLERKS}\b.{{0,100}}?{put}|{put}.{{0,60}}?\b{_CLERKS}\b|\b{_CLERKS}\b[^.]{{0,100}}?{told}"
            rf"|<!--[^>]{{0,40}}(?<!\w){key} ?[:=]"
        )
        self._answer = re.compile(rf"[{{,] ?[\"'“”«] ?(?:{words}) ?[\"'“”»] ?:")

    def in_text(self, text: str) -> list[str]:
        """Which signs a text has: `turns` (marks of a conversation), `answer` (the task's keys as JSON), `orders`.

        And `entry`: a key of the task with what is to be put there, beside those who fill in forms, or their software.
        """
        folded = fold(text)
        signs = {"turns": _TURNS, "answer": self._answer, "orders": _ORDERS, "entry": self._entry}
        found = [name for name, pattern in signs.items() if pattern.search(folded)]
        return ["turns", *found] if "turns" not in found and _ROLE.search(text) else found
