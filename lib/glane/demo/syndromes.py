"""The syndromes of the demonstration: ages, seasons, signs and phrases of each."""

from typing import NamedTuple

from glane.demo.notation import phrases


class Syndrome(NamedTuple):
    """A syndrome: monthly weights, ages, signs and phrases. A complaint is the patient's reason for the visit."""

    monthly: tuple[float, ...]  # relative frequency, January to December
    ages: tuple[int, int]  # in years; (0, 1) means an infant, whose age is written in months
    signs: dict[str, tuple[float, float]]  # probabilities that a sign is stated and that it is denied
    complaints: tuple[str, ...]
    diagnoses: tuple[str, ...]
    contexts: tuple[str, ...]


_FLAT = (1.0,) * 12


def _signs(*stated_denied: tuple[float, float]) -> dict[str, tuple[float, float]]:
    return dict(zip(("fever", "cough", "dyspnea", "vomiting", "diarrhea"), stated_denied, strict=True))


SYNDROMES: dict[str, Syndrome] = {
    "syndrome_grippal": Syndrome(
        (6, 6, 3.5, 1.5, 0.6, 0.4, 0.3, 0.3, 0.6, 1, 2, 4),
        (1, 98),
        _signs((0.75, 0.1), (0.65, 0.1), (0.15, 0.35), (0.1, 0.25), (0.1, 0.2)),
        phrases(
            "courbatures | céphalées et courbatures | asthénie | frissons | myalgies diffuses | "
            "altération de l'état général"
        ),
        phrases(
            "syndrome grippal | syndrome grippal | grippe | tableau grippal | sd grippal | état grippal | "
            "grippe A | sd grippal | grippe saisonnière | grippe A confirmée par PCR | infection grippale | "
            "syndrome pseudo-grippal | grippe B"
        ),
        ("TROD grippe positif", "contexte épidémique", "courbatures depuis le début", "non vacciné·", "alité·"),
    ),
    "gastro_enterite": Syndrome(
        (4, 3, 2.5, 2, 1.5, 1.2, 1.5, 1.8, 1.5, 1.5, 2, 3.5),
        (0, 95),
        _signs((0.3, 0.35), (0.04, 0.15), (0.02, 0.15), (0.7, 0.15), (0.7, 0.15)),
        ("douleurs abdominales", "crampes abdominales", "nausées", "troubles digestifs", "douleurs abdo diffuses"),
        phrases(
            "GEA | GEA | gastro-entérite aiguë | gastro-entérite | gastro | gastroentérite | "
            "gastro-entérite virale | GEA virale | gastro-entérite à rotavirus | gastro entérite aiguë | "
            "GEA d'allure virale"
        ),
        phrases(
            "repas pris en collectivité | huîtres au dernier repas | pas de sang dans les selles | bonne hydratation"
        ),
    ),
    "bronchiolite": Syndrome(
        (4, 2, 1, 0.6, 0.3, 0.2, 0.1, 0.1, 0.5, 2, 5, 6),
        (0, 1),
        _signs((0.3, 0.35), (0.55, 0.05), (0.55, 0.15), (0.12, 0.15), (0.05, 0.15)),
        phrases(
            "encombrement | rhinorrhée | encombrement nasal | difficultés alimentaires | baisse des prises alimentaires"
        ),
        phrases(
            "bronchiolite | bronchiolite | bronchiolite aiguë | bronchiolite à VRS | 1er épisode de bronchiolite | "
            "bronchiolite du nourrisson | bronchiolite modérée | bronchiolite VRS + | 2e épisode de bronchiolite"
        ),
        phrases(
            "biberons pris à moitié | sibilants et crépitants diffus | lavages de nez | gardé· en crèche | VRS positif"
        ),
    ),
    "asthme": Syndrome(
        (1, 1, 1.3, 1.6, 1.8, 1.4, 0.8, 0.8, 2.2, 1.8, 1.2, 1),
        (2, 75),
        _signs((0.08, 0.4), (0.4, 0.15), (0.7, 0.1), (0.03, 0.12), (0.02, 0.08)),
        ("oppression thoracique", "sibilants", "sifflements", "crise sifflante"),
        phrases(
            "crise d'asthme | crise d'asthme | exacerbation d'asthme | asthme aigu | asthme aigu grave | "
            "crise d'asthme modérée | asthme exacerbé | AAG | exacerbation asthmatique | décompensation d'asthme"
        ),
        phrases(
            "DEP à 60 % de la théorique | Ventoline 6 bouffées x3 | aérosols de salbutamol | pollens +++ | "
            "chat au domicile"
        ),
    ),
    "coup_de_chaleur": Syndrome(
        (0, 0, 0, 0, 0.2, 1.5, 4, 4, 0.6, 0, 0, 0),
        (3, 99),
        _signs((0.3, 0.1), (0.02, 0.1), (0.08, 0.15), (0.2, 0.15), (0.03, 0.12)),
        phrases(
            "malaise | confusion | crampes | malaise au soleil | somnolence | céphalées après exposition au soleil"
        ),
        phrases(
            "coup de chaleur | coup de chaleur | coup de chaleur d'exercice | insolation | insolation sévère | "
            "coup de chaleur classique | coup de chaleur, déshydratation | coup de chaleur pendant la canicule"
        ),
        phrases(
            "canicule, 38 °C à l'ombre | travaillait par 36 °C | logement mal ventilé | exposé· au soleil | "
            "course à pied"
        ),
    ),
    "intoxication_co": Syndrome(
        (1.6, 1.3, 1, 0.6, 0.3, 0.15, 0.15, 0.15, 0.3, 0.8, 1.2, 1.6),
        (1, 92),
        _signs((0.02, 0.25), (0.04, 0.12), (0.15, 0.2), (0.3, 0.15), (0.02, 0.1)),
        phrases(
            "céphalées | céphalées et vertiges | malaise | vertiges | perte de connaissance brève | malaise au domicile"
        ),
        phrases(
            "intoxication au CO | intoxication au CO | intox CO | intoxication au monoxyde de carbone | "
            "intoxication oxycarbonée | intoxication CO | intox. au CO | intox au monoxyde de carbone | "
            "exposition au CO avec HbCO élevée"
        ),
        phrases(
            "HbCO à {co} % | chaudière défectueuse | brasero dans le salon | groupe électrogène au garage | HbCO {co}%"
        ),
    ),
    "traumatisme": Syndrome(
        (2.2, 2.2, 2.6, 2.8, 3, 3.2, 3.4, 3.2, 3, 2.6, 2.2, 2.2),
        (1, 97),
        _signs((0.01, 0.15), (0.01, 0.04), (0.04, 0.12), (0.03, 0.2), (0.005, 0.03)),
        (),
        (),
        phrases(
            "sutures 4 points | attelle posée | radio sans fracture | radio faite | SAT à jour | appui impossible | "
            "pas de PCI"
        ),
    ),
    "autre": Syndrome(_FLAT, (1, 98), {}, (), (), ()),
}
# Relative frequency of each syndrome, before the weight of the month.
WEIGHTS = {
    "syndrome_grippal": 1.0,
    "gastro_enterite": 1.0,
    "bronchiolite": 0.8,
    "asthme": 1.1,
    "coup_de_chaleur": 1.1,
    "intoxication_co": 1.2,
    "traumatisme": 0.85,
    "autre": 3.2,
}
OTHER_SIGNS = {
    "fever": (0.2, 0.35),
    "cough": (0.12, 0.25),
    "dyspnea": (0.12, 0.3),
    "vomiting": (0.15, 0.25),
    "diarrhea": (0.06, 0.2),
}
# Pairs of complaint and diagnosis that are none of the named syndromes.
OTHER_CASES = (
    ("douleur lombaire", "colique néphrétique"),
    ("douleur lombaire droite", "pyélonéphrite"),
    ("brûlures mictionnelles", "cystite"),
    ("céphalées", "migraine"),
    ("douleur thoracique", "douleur thoracique atypique"),
    ("douleur thoracique constrictive", "SCA"),
    ("palpitations", "crise d'angoisse"),
    ("palpitations", "passage en FA"),
    ("lombalgie", "lumbago"),
    ("déficit moteur transitoire", "AIT"),
    ("otalgie", "otite moyenne aiguë"),
    ("odynophagie", "angine"),
    ("grosse jambe rouge", "érysipèle"),
    ("point de côté", "pneumopathie"),
    ("encombrement bronchique", "pneumopathie"),
    ("ivresse", "intoxication alcoolique aiguë"),
    ("ingestion de benzodiazépines", "IMV"),
    ("douleur de FID", "appendicite"),
    ("douleur de l'HCD", "colique hépatique"),
    ("saignement de nez", "épistaxis"),
    ("vertiges rotatoires", "VPPB"),
    ("éruption prurigineuse", "urticaire"),
    ("œil rouge", "conjonctivite"),
    ("éruption vésiculeuse", "varicelle"),
    ("éruption douloureuse", "zona"),
    ("douleur abdominale", "constipation"),
    ("malaise", "malaise vagal"),
    ("crise convulsive", "crise d'épilepsie"),
    ("démangeaisons", "gale"),
    ("idées noires", "épisode dépressif"),
    ("gonflement de la jambe", "phlébite"),
    ("douleur dentaire", "abcès dentaire"),
    ("rectorragies", "poussée hémorroïdaire"),
)
INJURIES = (
    ("chute de sa hauteur", "fracture du poignet G"),
    ("chute de sa hauteur", "fracture du col fémoral"),
    ("chute mécanique", "contusion du genou"),
    ("chute de vélo", "plaie du cuir chevelu"),
    ("chute de vélo", "fracture de la clavicule"),
    ("chute d'une échelle", "traumatisme du rachis"),
    ("chute de 2 m", "TC simple"),
    ("chute dans les escaliers", "fracture de côte"),
    ("AVP VL contre piéton", "polytraumatisme"),
    ("AVP 2 roues", "fracture de jambe"),
    ("accident de trottinette", "traumatisme crânien sans PC"),
    ("choc direct au rugby", "luxation d'épaule"),
    ("choc au handball", "entorse du doigt"),
    ("faux pas dans l'escalier", "entorse de la cheville D"),
    ("torsion de cheville", "trauma cheville droite"),
    ("torsion du genou au ski", "entorse genou"),
    ("coup de couteau en cuisine", "plaie de la main"),
    ("doigt coincé dans une porte", "plaie du doigt suturée"),
    ("morsure de chien", "plaie de l'avant-bras par morsure"),
    ("brûlure avec eau bouillante", "brûlure du 2e degré"),
    ("accident de bricolage", "plaie de la main D"),
    ("ballon reçu au visage", "fracture des OPN"),
)
CONCLUSIONS = phrases(
    "conclusion : {} | dg : {} | diag retenu : {} | au total : {} | impression clinique : {} | CCL : {} | => {} | "
    "diagnostic : {} | {} probable | tableau évocateur : {} | on retient : {} | diagnostic retenu : {} | {} | "
    "HD : {} | diagnostic de sortie : {} | concl. : {} | au total, {} | en conclusion : {} | DP : {} | -> {}"
)
RULED_OUT: tuple[tuple[str, str], ...] = (
    ("pas d'argument pour une grippe", "syndrome_grippal"),
    ("grippe éliminée", "syndrome_grippal"),
    ("test grippe négatif", "syndrome_grippal"),
    ("GEA écartée", "gastro_enterite"),
    ("GEA évoquée puis écartée", "gastro_enterite"),
    ("pas d'argument pour une intox CO", "intoxication_co"),
    ("HbCO normale", "intoxication_co"),
    ("pas de notion de traumatisme", "traumatisme"),
    ("pas de traumatisme", "traumatisme"),
    ("pas d'argument pour un coup de chaleur", "coup_de_chaleur"),
    ("pas d'argument pour une crise d'asthme", "asthme"),
)
