"""A screening as a page: what was read, what is certain, and what it costs to go on."""

from __future__ import annotations

from glane.assess.pages.page import decimal, heading, page, paragraph, table
from glane.assess.screen.record import ScreeningState
from glane.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Screening",
        "question": "A case is a document with {what}, as people read it. All {documents} documents of the run are "
        "candidates; of {without} the model gave no answer.",
        "guarantee": "With a probability of {certainty}, there are at no moment of the reading more cases than is told "
        "here. It holds however often one looks, whenever the reading stops, and whatever the model's order is "
        "worth. It counts what the readers said: their errors are not in it, and it is not of documents that are not "
        "in the run.",
        "reached": "The recall of {recall} is reached: the reading can stop.",
        "go_on": "The recall of {recall} is not certain yet. If none of them were a case, {more} more documents drawn "
        "at random would do; where cases turn up, it takes another number.",
        "state": "So far",
        "state_head": "read|of documents|cases found|cases at most|recall at least",
        "batches": "Batch by batch",
        "batches_head": "batch|how drawn|read|cases|cases at most, in all|recall at least",
        "ranked": "next of the model's order",
        "random": "at random",
    },
    "fr": {
        "title": "Recherche des cas",
        "question": "Un cas est un document avec {what}, tel que le lisent les relecteurs. Les {documents} documents "
        "de l'extraction sont tous candidats ; pour {without}, le modèle n'a pas donné de réponse.",
        "guarantee": "Avec une probabilité de {certainty}, il n'y a à aucun moment de la lecture plus de cas que ce "
        "qui est dit ici. Cela vaut quel que soit le nombre de fois qu'on regarde, quel que soit le moment de l'arrêt, "
        "et quelle que soit la valeur de l'ordre du modèle. On compte ce qu'ont dit les relecteurs : leurs erreurs n'y "
        "sont pas, ni les documents qui ne sont pas dans l'extraction.",
        "reached": "La sensibilité de {recall} est atteinte : on peut arrêter de lire.",
        "go_on": "La sensibilité de {recall} n'est pas encore certaine. Si aucun n'était un cas, {more} documents de "
        "plus tirés au hasard suffiraient ; si des cas apparaissent, il en faut un autre nombre.",
        "state": "À ce jour",
        "state_head": "lus|sur documents|cas trouvés|cas au plus|sensibilité d'au moins",
        "batches": "Lot par lot",
        "batches_head": "lot|tirage|lus|cas|cas au plus, en tout|sensibilité d'au moins",
        "ranked": "les suivants dans l'ordre du modèle",
        "random": "au hasard",
    },
}


def screening_page(state: ScreeningState) -> str:
    """Return the page of a screening, in both languages; it opens in that of the task."""
    return page(WORDS[state.language]["title"], lambda code: _body(state, code), language=state.language, toy=state.toy)


def _body(state: ScreeningState, language: Language) -> str:
    words, asked = WORDS[language], state.screening
    what = asked.case if asked.case is not None else f"{asked.field}={asked.value}"
    recall = decimal(asked.recall, language, digits=2)
    verdict = words["reached" if state.is_reached else "go_on"].format(recall=recall, more=state.still_to_draw)
    now = [
        str(state.read), str(asked.documents), str(state.found), str(state.most_cases),
        decimal(state.recall_at_least, language),
    ]  # fmt: skip
    batches = [
        [
            str(one.number), words[one.how], str(one.read), str(one.cases), str(one.most_cases),
            decimal(one.recall_at_least, language),
        ]
        for one in state.batches
    ]  # fmt: skip
    of_batches = [words["batches_head"].split("|"), *batches]
    if not state.is_reached:  # who still reads is not told how batches were drawn
        of_batches = [[row[0], *row[2:]] for row in of_batches]
    question = words["question"].format(what=what, documents=asked.documents, without=state.without_answer)
    return "".join(
        [
            heading(words["title"], 1),
            paragraph(question),
            paragraph(verdict),
            heading(words["state"]),
            table(words["state_head"].split("|"), [now], text_columns=0),
            paragraph(words["guarantee"].format(certainty=decimal(asked.certainty, language, digits=2))),
            heading(words["batches"]),
            table(of_batches[0], of_batches[1:], text_columns=2 if state.is_reached else 1),
        ]
    )
