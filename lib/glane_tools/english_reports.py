"""Synthetic reports of outbreaks in English, with what they say: for trying a real model.

They are written by several templates, with distractors (other countries, other figures, dates of other events). Names
of places are of real countries, the events are invented. The task's example names a country that none of them has.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

DISEASES = (
    "Cholera", "Measles", "Lassa fever", "Yellow fever", "Meningococcal disease", "Diphtheria", "Plague", "Mpox",
    "Dengue", "Rift Valley fever", "Marburg virus disease", "Poliomyelitis",
)  # fmt: skip
COUNTRIES = (
    "Chad", "Nigeria", "Benin", "Peru", "Yemen", "Kenya", "Haiti", "Nepal", "Sudan", "Zambia", "Madagascar", "Brazil",
    "Guinea", "Somalia", "Bolivia", "Cambodia",
)  # fmt: skip
MONTHS = ("January", "March", "April", "June", "August", "October", "November")
EXAMPLE_TEXT = (
    "On 9 September 2011, the Ministry of Health of Freedonia informed WHO of an outbreak of tularaemia "
    "in the valley of "
    "Sylvania. As of that date, 417 cases and 29 deaths were counted."
)
EXAMPLE = {
    "disease": {"value": "tularaemia", "quote": "an outbreak of tularaemia"},
    "country": {"value": "Freedonia", "quote": "the Ministry of Health of Freedonia"},
    "cases": {"value": 417, "quote": "417 cases"},
    "deaths": {"value": 29, "quote": "29 deaths"},
    "report_date": {"value": "2011-09-09", "quote": "9 September 2011"},
}
TASK: dict[str, Any] = {
    "name": "outbreak_news",
    "language": "en",
    "instructions": (
        "You read a report of an outbreak. Fill each field from the text alone. What the text does not say "
        "has no value, "
        "but a reason."
    ),
    "fields": {
        "disease": {
            "type": "string", "max_length": 40, "evidence": True, "missing": True,
            "description": "The disease.",
        },
        "country": {
            "type": "string", "max_length": 40, "evidence": True, "missing": True,
            "description": "The country of the outbreak, in English.",
        },
        "cases": {
            "type": "integer", "minimum": 0, "maximum": 1000000, "evidence": True, "missing": True,
            "description": "The number of cases of this outbreak in all.",
        },
        "deaths": {
            "type": "integer", "minimum": 0, "maximum": 1000000, "evidence": True, "missing": True,
            "description": "The number of deaths of this outbreak in all.",
        },
        "report_date": {
            "type": "date", "evidence": True, "missing": True, "description": "The date of the report.",
        },
    },
    "examples": [{"text": EXAMPLE_TEXT, "output": EXAMPLE}],
}  # fmt: skip
_TEMPLATES = (
    "On {day} {month} {year}, the Ministry of Health of {country} notified WHO of an outbreak of {disease}. Since the "
    "start of the outbreak, {cases} cases, including {deaths} deaths, have been reported. A team was "
    "sent to the capital.",
    "{disease} - {country}. Health authorities have recorded {cases} cases and {deaths} deaths as of "
    "{day} {month} {year}. "
    "Neighbouring {other} has reported no case. Vaccination began in {few} districts.",
    "{country}: {disease} outbreak. Report of {day} {month} {year}. Of the {cases} patients, {deaths} "
    "died. Most live in "
    "two rural districts; {few} health workers were among them. An earlier outbreak in {other} ended in {before}.",
    "The regional office reports {disease} in {country}. Situation on {day} {month} {year}: {cases} cases in total, "
    "{few} of them confirmed by a laboratory; {deaths} patients died. Travel from {other} was not restricted.",
    "Between January and {day} {month} {year}, {cases} people fell ill with {disease} in {country}, and "
    "{deaths} people "
    "died. In {before}, {other} had reported {few} cases.",
)


class Report(NamedTuple):
    """A report, and what it says by field."""

    text: str
    gold: dict[str, Any]


def reports(number: int, *, seed: int = 0) -> list[Report]:
    """Reports that differ in template, disease, country and figures."""
    draw = random.Random(seed)
    found = []
    for index in range(number):
        country, other = draw.sample(COUNTRIES, 2)
        month = draw.randrange(len(MONTHS))
        year, day = draw.randint(2015, 2024), draw.randint(1, 28)
        said = {
            "disease": draw.choice(DISEASES), "country": country, "cases": draw.randint(40, 3000),
            "deaths": draw.randint(3, 39),
        }  # fmt: skip
        text = _TEMPLATES[index % len(_TEMPLATES)].format(
            **said, other=other, few=draw.randint(2, 12), before=year - 3, day=day, month=MONTHS[month], year=year
        )
        number_of_month = (1, 3, 4, 6, 8, 10, 11)[month]
        found.append(Report(text, {**said, "report_date": f"{year}-{number_of_month:02}-{day:02}"}))
    return found
