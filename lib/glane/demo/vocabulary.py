"""Phrases of French emergency notes: signs, antecedents, contacts, outcomes, and facts that no field asks for.

In all tables, "·" stands for the ending of gender agreement, "{n}" for a count and "{place}" for a distractor place.
"""

from typing import NamedTuple

from glane.demo.notation import phrases


class Sign(NamedTuple):
    """The ways to state and to deny one sign."""

    present: tuple[str, ...]  # noun phrases that can be listed
    clauses: tuple[str, ...]  # other ways to state it
    denied: tuple[str, ...]  # nouns that follow "pas de", "ni", "nie"
    denials: tuple[str, ...]  # other ways to deny it


SIGNS: dict[str, Sign] = {
    "fever": Sign(
        phrases(
            "fièvre | fièvre | fièvre élevée | fièvre avec frissons | hyperthermie | pic fébrile | fièvre mal tolérée"
        ),
        ("fébrile", "fébrile à la maison", "a de la fièvre", "fièvre rapportée à domicile", "fièvre +"),
        ("fièvre", "fièvre", "hyperthermie"),
        ("apyrétique", "apyrétique", "apyrétique", "afébrile", "non fébrile", "apyrexie", "fièvre : non"),
    ),
    "cough": Sign(
        phrases(
            "toux | toux | toux sèche | toux grasse | toux productive | toux quinteuse | quintes de toux | "
            "toux nocturne | toux irritative | toux persistante | toux rauque"
        ),
        ("tousse", "tousse beaucoup", "tousse la nuit", "tousse +++", "toux +", "toux (+)", "toux : oui"),
        ("toux",),
        ("ne tousse pas", "toux : non", "toux (-)", "toux 0", "ne tousse plus du tout"),
    ),
    "dyspnea": Sign(
        phrases(
            "dyspnée | dyspnée | gêne respiratoire | essoufflement | dyspnée d'effort | difficultés respiratoires | "
            "gêne respi | dyspnée de repos | détresse respiratoire | difficultés à respirer | dyspnée sifflante"
        ),
        phrases(
            "dyspnéique | essoufflé· au moindre effort | gêné· pour respirer | respire mal | dyspnée + | dyspnée : oui"
        ),
        ("dyspnée", "dyspnée", "gêne respiratoire", "essoufflement", "détresse respiratoire"),
        ("eupnéique", "eupnéique", "non dyspnéique", "dyspnée : non", "dyspnée (-)", "respire bien, eupnéique"),
    ),
    "vomiting": Sign(
        phrases(
            "vomissements | vomissements | vomissements répétés | vomissements alimentaires | "
            "vomissements bilieux | vomissements incoercibles | nausées et vomissements | vomissement | "
            "qq vomissements"
        ),
        phrases(
            "vomit | a vomi 3 fois | a vomi | vomit tout | vomissements x4 | vomissements + | a vomi 2x cette nuit"
        ),
        ("vomissement", "vomissement", "vomissements"),
        ("ne vomit pas", "nausées sans vomissement", "vomissements : non", "vomissements (-)", "n'a pas vomi"),
    ),
    "diarrhea": Sign(
        phrases(
            "diarrhée | diarrhée | diarrhées | selles liquides | diarrhée profuse | diarrhées aqueuses | "
            "selles liquides x6/j | diarrhée aiguë | selles glairo-liquides | débâcle diarrhéique"
        ),
        ("a de la diarrhée", "5 selles liquides par jour", "diarrhée +", "diarrhée : oui", "diarrhéique"),
        ("diarrhée", "diarrhée", "selles liquides"),
        ("n'a pas de diarrhée", "diarrhée : non", "diarrhée (-)", "diarrhée 0"),
    ),
}

COMORBIDITIES: dict[str, tuple[str, ...]] = {
    "asthme": phrases(
        "asthme | asthme | asthmatique | asthme intermittent | asthme allergique | asthme traité par Symbicort"
    ),
    "bpco": ("BPCO", "BPCO", "BPCO stade II", "BPCO sous O2", "BPCO post-tabagique", "BPCO GOLD 3"),
    "diabete": phrases(
        "diabète | diabétique | DT2 | DT1 | DNID | diabète de type 2 | diabète type 1 | diabète insuliné"
    ),
    "hta": phrases(
        "HTA | HTA | HTA | hypertension artérielle | hypertendu· | HTA traitée | hypertension | HTA sous ramipril"
    ),
    "insuffisance_cardiaque": phrases(
        "insuffisance cardiaque | insuffisance cardiaque | insuff. cardiaque | insuffisant· cardiaque | ICC | "
        "insuffisance cardiaque à FEVG 35 % | insuffisance cardiaque chronique"
    ),
    "immunodepression": phrases(
        "immunodépression | immunodéprimé· | immunodépression sous chimiothérapie | terrain immunodéprimé | "
        "immunodépression (greffe rénale) | immunodépression sous corticoïdes au long cours"
    ),
    "grossesse": phrases(
        "enceinte | grossesse en cours | enceinte de 24 SA | grossesse de 31 SA | enceinte de 5 mois | "
        "grossesse évolutive 12 SA | G2P1 enceinte de 28 SA"
    ),
}
DENIED_ANTECEDENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pas d'HTA ni de diabète", ("hta", "diabete")),
    ("ni HTA ni diabète", ("hta", "diabete")),
    ("diabète : non, HTA : non", ("hta", "diabete")),
    ("pas de diabète", ("diabete",)),
    ("non diabétique", ("diabete",)),
    ("pas d'HTA", ("hta",)),
    ("non asthmatique", ("asthme",)),
    ("pas d'asthme connu", ("asthme",)),
    ("pas de BPCO", ("bpco",)),
    ("pas d'insuffisance cardiaque connue", ("insuffisance_cardiaque",)),
    ("pas d'immunodépression", ("immunodepression",)),
    ("pas de terrain immunodéprimé", ("immunodepression",)),
)
NO_ANTECEDENTS = phrases(
    "pas d'ATCD | aucun antécédent | ATCD : 0 | pas d'ATCD notable | sans ATCD particulier | ATCD : RAS | "
    "ATCD : néant | antécédents : aucun | pas d'antécédent médical | aucun ATCD notable"
)
FAMILY_ANTECEDENTS = phrases(
    "père diabétique | mère asthmatique | mère hypertendue | ATCD familiaux : HTA chez la mère | "
    "BPCO chez le père | terrain familial : asthme chez la sœur | frère asthmatique | grand-père diabétique | "
    "sœur enceinte | insuffisance cardiaque chez le père | diabète dans la famille (grand-mère) | "
    "ATCD fam : père HTA"
)
OTHER_ANTECEDENTS = phrases(
    "appendicectomie | dyslipidémie | migraines | cholécystectomie | AVC en 2018 | RGO | hypothyroïdie | glaucome | "
    "FA | AOMI | épilepsie | fracture du poignet en 2015 | amygdalectomie | lombalgies chroniques | psoriasis | "
    "dépression | hernie inguinale opérée | SAOS appareillé | embolie pulmonaire en 2019 | goutte"
)

NO_CASES = phrases(
    "pas d'autre cas dans l'entourage | aucun cas similaire autour | pas de cas similaire dans l'entourage | "
    "entourage : 0 cas | personne d'autre malade à la maison | aucun autre malade dans la famille | "
    "pas d'autre malade | 0 cas dans l'entourage | aucun autre cas au foyer | pas d'autre cas connu | "
    "nie tout autre cas autour"
)
ONE_CASE = phrases(
    "conjoint malade aussi | son frère présente les mêmes signes | sa mère a les mêmes symptômes | "
    "1 autre cas au foyer | un autre cas à la maison | 1 cas similaire dans la fratrie | "
    "un collègue malade avec les mêmes signes | 1 cas dans l'entourage | sa sœur est malade également | "
    "un voisin de table avec les mêmes signes | un autre cas"
)
TWO_CASES = phrases(
    "son frère et sa sœur sont malades aussi | ses deux enfants ont les mêmes signes | "
    "ses 2 parents malades aussi | ses deux parents présentent les mêmes symptômes | "
    "son fils et sa fille malades également"
)
SOME_CASES = phrases(
    "{n} autres cas dans la famille | {n} cas similaires dans l'entourage | {n} autres cas | "
    "{n} cas dans la fratrie | {n} personnes de l'entourage avec les mêmes symptômes | "
    "{n} enfants de la crèche malades aussi | {n} cas au foyer | {n} autres cas à l'école | {n} collègues malades | "
    "notion de contage : {n} cas dans la classe | {n} autres malades | entourage : {n} cas identiques | "
    "{n} convives malades également | contage + ({n} cas à la maison)"
)
MANY_CASES = phrases(
    "{n} résidents de l'EHPAD touchés également | {n} cas groupés à l'école | {n} autres cas à l'internat | "
    "{n} cas similaires dans la collectivité | {n} autres cas au centre de vacances | "
    "{n} malades dans l'établissement"
)

DISPOSITIONS: dict[str, tuple[str, ...]] = {
    "retour_domicile": phrases(
        "RAD | RAD | RAD avec ordonnance | retour à domicile | retour au domicile avec consignes | "
        "sortie à domicile | RAD + ttt symptomatique | rentre à domicile | retour domicile | RAD avec SRO | "
        "regagne son domicile | devenir : domicile | pas d'indication d'hospitalisation, RAD | "
        "sortie au domicile avec surveillance | rad"
    ),
    "hospitalisation": phrases(
        "hospitalisation | hospit. en médecine | hospitalisation en pneumologie | hospitalisé· en pédiatrie | "
        "hospit UHCD | admis· en médecine polyvalente | admission en gériatrie | hospitalisation en UHCD | "
        "gardé· en hospitalisation | hospitalisation courte durée | hospit en chirurgie | "
        "avis réa : pas d'indication, hospit. en médecine | hospit"
    ),
    "reanimation": phrases(
        "admission en réanimation | transféré· en réa | réa | passage en réanimation | admis· en réanimation | "
        "réa med | hospitalisation en réanimation | pris· en charge en réanimation | départ en réa | "
        "admission en réa polyvalente"
    ),
    "transfert": phrases(
        "transfert au CH de {place} | transfert vers le CHU | transféré· au CHU de {place} | "
        "transfert en clinique | transfert inter-hospitalier | transfert vers une autre structure | "
        "muté· vers l'hôpital de {place} | transfert CHU | transfert secondaire vers le CHU de {place} | "
        "transfert pour manque de place"
    ),
    "sortie_contre_avis": phrases(
        "sortie contre avis médical | sort contre avis médical | SCAM | sortie contre avis | "
        "part contre avis médical | refuse l'hospitalisation, décharge signée | sortie CAM | "
        "décharge signée, sort contre avis | sortie contre AM | quitte le service contre avis médical"
    ),
    "deces": phrases(
        "décès aux urgences | décédé· malgré la réanimation | décès constaté à 04h10 | décès en SAUV | "
        "décède en SAUV | évolution vers le décès | décès malgré les soins | DCD | décès dans le service | décès"
    ),
}

# Phrases that mention a fact without telling its value. "{noun}" is a sign, "{de}" the same after "de". "{first}" and
# "{second}" are two figures that disagree, "{one}" and "{other}" two people.
UNCERTAIN_SIGN = phrases(
    "{noun} ? | {noun} ? | {noun} : ? | {noun} à préciser | {noun} : à préciser | notion {de} non vérifiée | "
    "notion {de} à confirmer | {noun} : ne sait pas | {noun} non documentée | {noun} : à vérifier | "
    "doute sur {noun} | présence {de} à vérifier"
)
UNCERTAIN: dict[str, tuple[str, ...]] = {
    "age": phrases(
        "âge exact inconnu | âge inconnu | âge à préciser | âge approximatif | âge non connu | âge : ? | "
        "âge : à vérifier | date de naissance inconnue"
    ),
    "onset_date": phrases(
        "date de début imprécise | date de début à préciser | date de début inconnue | début à une date inconnue | "
        "date de début : ? | date exacte du début non connue | début difficile à dater"
    ),
    "duration_days": phrases(
        "symptômes depuis quelques jours | évolution depuis peu | depuis quelques jours | durée à préciser | "
        "ancienneté des symptômes inconnue | durée d'évolution imprécise | depuis une durée indéterminée | "
        "durée des symptômes : ? | ne sait pas depuis quand"
    ),
    "similar_cases": phrases(
        "entourage : à préciser | entourage : ? | cas dans l'entourage ? | notion de contage à préciser | "
        "nombre de cas dans l'entourage inconnu | autres cas : à vérifier | contage ? | "
        "ne sait pas s'il y a d'autres cas"
    ),
}
UNCERTAIN_ACCIDENT = phrases(
    "date de l'accident imprécise | date de l'accident inconnue | date de l'accident : ? | "
    "date de l'accident à préciser"
)
UNREADABLE_MARKS = phrases(
    "[illisible] | [illisible] | [illisible] | (illisible) | ## | #### | [tache] | [rature] | [effacé] | [non lisible]"
)
UNREADABLE: dict[str, tuple[str, ...]] = {  # "{x}" is one of the marks above
    "age": phrases("âge : {x} | âge : {x} | âge {x} | âgé· de {x} | {x} ans | âge illisible"),
    "municipality": phrases(
        "commune : {x} | commune : {x} | habite à {x} | domicilié· à {x} | adresse : {x} | résidant à {x} | "
        "commune illisible | adresse illisible | domicile : {x}"
    ),
    "onset_date": phrases(
        "début le {x} | début le {x} | début des symptômes le {x} | date de début : {x} | date de début illisible | "
        "symptômes apparus le {x}"
    ),
    "temperature": phrases(
        "T° {x} | T° {x} | T° : {x} | température : {x} | température {x} | temp. {x} | T° illisible"
    ),
}
UNREADABLE_ACCIDENT = phrases(
    "accident du {x} | date de l'accident : {x} | date de l'accident illisible | survenu le {x}"
)
CONFLICTING: dict[str, tuple[str, ...]] = {
    "age": phrases(
        "{first} ans selon le dossier, {second} ans selon la famille | {first} ou {second} ans selon les documents | "
        "âge : {first} ans à l'accueil, {second} ans sur l'ordonnance | âge discordant : {first} ans ou {second} ans | "
        "{first} ans (mais {second} ans sur le courrier)"
    ),
    "sex": phrases(
        "sexe : F sur l'étiquette, M sur le bon | sexe : M au dossier, F à l'accueil | "
        "sexe discordant : M ou F selon les documents | femme sur le courrier, homme sur l'étiquette | "
        "Mme sur le bracelet, M. sur le dossier | sexe discordant : F puis M"
    ),
    "duration_days": phrases(
        "depuis {first} jours selon {one}, {second} selon {other} | depuis {first} jours selon {one}, {second} selon "
        "{other} | depuis {first} ou {second} jours selon les versions | "
        "depuis {first} jours ({second} jours selon {other}) | durée discordante : {first} jours ou {second} jours | "
        "évolue depuis {first} j pour {one}, {second} j pour {other}"
    ),
    "temperature": phrases(
        "T° {first} ou {second} selon la feuille | T° discordante : {first} puis {second} à la même heure | "
        "T° {first} à l'IOA, {second} au dossier pour la même mesure | température {first} ou {second} selon le support"
    ),
}
CONFLICTING_SIGN = phrases(
    "{present} selon {one}, {denied} selon {other} | {present} selon {one}, {denied} selon {other} | "
    "{present} pour {one}, {denied} pour {other} | {denied} selon {one}, {present} selon {other} | "
    "{present} selon {one} mais {denied} selon {other}"
)
INFORMANTS: dict[str, tuple[tuple[str, str], ...]] = {
    "child": (
        ("la mère", "le père"),
        ("le père", "la mère"),
        ("la mère", "la nourrice"),
        ("les parents", "l'école"),
        ("l'enfant", "la mère"),
    ),
    "M": (("le patient", "la famille"), ("la famille", "le patient"), ("le patient", "les pompiers")),
    "F": (("la patiente", "la famille"), ("la famille", "la patiente"), ("la patiente", "les pompiers")),
    "adult": (
        ("la famille", "le SAMU"),
        ("la fille", "le fils"),
        ("l'entourage", "les pompiers"),
        ("la fille", "le médecin traitant"),
        ("le fils", "la voisine"),
    ),
}

# Facts that no field asks for. Several carry a figure, a date, a place or a sign that must not be taken for an answer.
EXAM_FILLERS = phrases(
    "SpO2 {spo2} % en AA | TA {sys}/{dia} | FC {hr}/min | FC à {hr} | FR {rr} | Glasgow 15 | MV +/+ symétrique | "
    "sat {spo2}% | TA : {sys}/{dia} mmHg | auscultation sans anomalie | abdomen souple, indolent | BDC réguliers | "
    "mollets souples | pas de signe méningé | examen neuro sans particularité | CRP {crp} mg/L | EVA {eva}/10 | "
    "leucocytes 11 200 | iono normal | créat {hr} umol/L | RP sans foyer | ECG : RSR | BU négative | "
    "constantes OK | poids {weight} kg | dextro {dex} g/L | diurèse conservée | TRC < 3 s | troponine négative | "
    "bon état général | gorge claire | tympans normaux | pas d'éruption | pas de purpura | conscience normale | "
    "murmure vésiculaire normal | PNN 8 400 | Hb {hb} g/dL | lactates 1,2 | gaz du sang sans anomalie | "
    "EVA à {eva} | plaquettes 234 000 | téguments bien colorés | pas de signe de déshydratation | ROT présents | "
    "poids : {weight},5 kg"
)
STORY_FILLERS = phrases(
    "pas d'allergie connue | vaccins à jour | MDV : vit seul· | pas de voyage récent | sous paracétamol 1 g | "
    "asthénie | arrivée à {hour}h{minute} par ses propres moyens | amené· par les pompiers | "
    "adressé· par son médecin traitant | adressé· par le CH de {place} | amené· par le SMUR de {place} | "
    "tri IOA {tri} | tabac {eva} PA | IDE : tri {tri} | vacciné· contre la grippe le {past} | "
    "déjà vu· aux urgences le {past} pour une entorse | rhinorrhée | céphalées | dernière consultation le {past} | "
    "hospitalisé· en 2019 pour chirurgie | foyer de {some} personnes | myalgies | école de {crowd} élèves | "
    "travaille en usine | anorexie | insomnie | douleur cotée à {eva}/10 | nausées | suivi· au CHU de {place} | "
    "ttt habituel non connu | pas de prise médicamenteuse | "
    "amoxicilline débutée par le MT | dernier repas à {hour}h{minute} | vit en appartement | "
    "examen du {visit} | vu· le {visit} à {hour}h{minute} | consultation du {visit} | perte de {eva} kg en 6 mois"
)
PLAN_FILLERS = phrases(
    "paracétamol si douleur | consignes de surveillance données | ordonnance remise | "
    "arrêt de travail {some} jours | à revoir à 48h si persistance | contrôle à J10 | O2 2 L/min | MT informé | "
    "réévaluation dans 24h | repos | reconsulter si fièvre | reconsulter si vomissements ou dyspnée | "
    "paracétamol 1 g x3/j pendant 5 jours | bonne évolution sous ttt | famille prévenue | "
    "rdv de contrôle le {future} | hydratation | surveillance {some} h | bilan bio prélevé | avis spécialisé pris | "
    "réassurance | consulter si toux persistante | certificat remis"
)
