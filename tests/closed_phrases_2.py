"""What the documents of `closed_notes_2` are put together from: eight styles, each of some forms, each of slots of alternatives.

A form has a head, of which every slot is written in order, a body, of which some sentences are drawn in any order, and a tail.
`{a.full}` and the like are filled in by `closed_notes_2`, with marks around what identifies.
"""

from __future__ import annotations

from dataclasses import dataclass

Slot = tuple[str, ...]


@dataclass(frozen=True)
class Form:
    """A kind of document within a style."""

    head: tuple[Slot, ...]
    body: Slot
    tail: tuple[Slot, ...]
    drawn: tuple[int, int] = (3, 6)
    glue: str = " "


def parts(text: str, separator: str = "|") -> list[str]:
    """A list told in one string, so that it takes few lines."""
    return text.split(separator)


KEPT = parts(
    "Addison|Sjögren|Ménière|Dupuytren|Kernig|Brudzinski|Wernicke|Korsakoff|Capgras|Barthel|Katz|Zarit|Braden|Tinetti|Koplik|"
    "Panton-Valentine|Klebsiella|Kentucky|Legionella|Bordetella|Coombs|Kleihauer|Guthrie|Moro|Bishop|Quincke|Cushing|Hashimoto|"
    "Scheuermann|Biermer|Widal|Dukes|Waldenström|Vaquez|Tercian|Risperdal|Zyprexa|Seresta|Loxapac|Téralithe|Lexomil|Ventoline|"
    "Levothyrox|Lasix|Previscan|Coversyl|Spasfon|Solupred|Clamoxyl|Rovamycine|Syntocinon|Rhophylac|Gardasil|Priorix|Prevenar|"
    "Ritaline|Concerta|Subutex|Xarelto|Guedel|Zymad|Aricept|Forlax|Stesolid"
)
EPONYMS = (
    "Maladie d'Addison connue, pas d'oedème de Quincke.",
    "Sd de Sjögren, vertiges de Ménière.",
    "Dupuytren opéré à droite, Levothyrox 75 le matin pour Hashimoto.",
    "Pas de Kernig ni de Brudzinski, nuque souple.",
    "Gayet-Wernicke suspecté, Korsakoff constitué.",
    "Syndrome de Capgras à l'entrée, Tercian 50 si agitation, Loxapac refusé.",
    "Barthel 45, Katz B, Zarit 38.",
    "Braden à 14, Tinetti 17/28, Aricept arrêté, Forlax 2 sachets.",
    "Signe de Koplik +, Priorix jamais fait.",
    "Staph doré à toxine de Panton-Valentine, Klebsiella BLSE dans les urines.",
    "Salmonella Kentucky à la coproculture.",
    "Antigénurie Legionella négative, PCR Bordetella en cours, Rovamycine débutée.",
    "Coombs indirect négatif, Kleihauer 2/10000, Rhophylac fait.",
    "Guthrie prélevé, Moro symétrique, Zymad 4 gouttes.",
    "Bishop à 6, Syntocinon débit 3, Spasfon sans effet.",
    "Cushing iatrogène sous Solupred, Lasix 40 et Coversyl poursuivis.",
    "Scheuermann ancien, Biermer substitué.",
    "Widal : absence d'agglutinines ; Waldenström écarté.",
    "Vaquez suivi, Previscan relayé par Xarelto.",
    "Risperdal Consta 50 /15 j, Téralithe arrêté, Seresta 10 x3.",
    "Zyprexa 10 le soir, Lexomil 1/4 si besoin.",
    "Ventoline 10 bouffées puis nébulisation, canule de Guedel retirée.",
    "Gardasil et Prevenar à jour, Clamoxyl 6 jours pour l'angine.",
    "Ritaline LP 20 puis Concerta, Subutex chez le père.",
    "Convulsion, Stesolid 5 mg IR, cancer classé Dukes B chez la grand-mère.",
)
PLAIN = (
    "TA 14/8, pouls 96, sat 93 % AA, T° 38,9.",
    "Douleur thoracique depuis 2 h, irradiant au bras gauche.",
    "RAS sur le plan digestif, selles ce jour.",
    "Ne mange presque plus, perte de 4 kg.",
    "Toux sèche, pas de crépitants, pas de signe de lutte.",
    "CRP 87, leuco 13 400, créat 112, K+ 4,9.",
    "Pas d'ATCD notable, pas d'allergie connue.",
    "HTA, DNID, tabac 20 PA.",
    "Diarrhée glairo-sanglante, 8 selles/j, fièvre à 39,2.",
    "Plaie du front, 4 points, VAT à jour.",
    "Sommeil haché, ruminations, pas d'idée suicidaire exprimée.",
    "Pansement refait, escarre sacrée stade 2.",
    "Marche avec déambulateur, aide pour la toilette du bas.",
    "Eruption prurigineuse du tronc, non fébrile.",
    "Poids 62 kg pour 1 m 65, BU négative.",
    "Examen neuro sans particularité, pupilles symétriques.",
)
_REGULATION = (
    Form(
        (
            (
                "FICHE DE REGULATION {g.file}\n",
                "Appel n° {g.file} - ARM {c.first}\n",
                "SAMU - dossier {g.file} / PARM : {c.ini}\n",
                "CODIS inter {g.file}\n",
            ),
            ("{g.day} {g.time} ", "Reçu le {g.day} à {g.time}. ", "{g.time} le {g.day} - "),
            (
                "Appelant : {b.any} ({b.kin}) {b.tel}\n",
                "appel de {b.full}, {b.kin}, au {b.tel}\n",
                "Requérant {b.called} / contre-appel {b.tel}\n",
                "tiers sur place ({b.tel}), se dit {b.kin}, {b.first}\n",
            ),
            (
                "Lieu : {a.home}\n",
                "adr inter : {a.home}\n",
                "SUR {a.TOWN} - {a.street}\n",
                "ERP : {g.hosp}, {a.in_town}\n",
            ),
            (
                "Patient{a.e} : {a.any}, {g.age}\n",
                "victime {a.upper} DDN {a.dob}\n",
                "VIC 1 : {a.called} {g.age} / VIC 2 : {d.any}\n",
                "pour {a.full}, {g.age}, connu{a.e} du service\n",
            ),
        ),
        (
            "Motif : malaise au volant.",
            "{g.clin}",
            "chute de sa hauteur vue par {b.first}.",
            "VSAV {a.of_town} engagé à {g.time}, chef d'agrès {c.sgt} {c.last}.",
            "SMUR {b.of_town} parti avec Dr {d.last} et IADE {c.first} {c.last0}.",
            "{a.called} refuse le transport, décharge signée devant {c.rank} {c.last}.",
            "MT {d.dr} injoignable (répondeur {d.tel}).",
            "bilan passé par {c.last}, {g.clin}",
            "Dest {g.hosp}, accord {d.dr} poste {g.post}.",
            "transfert vers {g.hosp}, place réservée par {e.first} au dect {g.post}.",
            "le fils {e.any} arrive de {e.town}.",
            "IPP {a.id}.",
            "rappel {e.tel}, la voisine {e.called} a les clés.",
            "{b.first} fait le MCE guidé par l'ARM.",
            "digicode inconnu, interphone {a.last} / {e.last}.",
            "Accident rue en bas, direction {e.town}, moto contre VL.",
        ),
        (
            ("\nMédecin régulateur : {d.dr}", "\nrégul {d.last}", "\n{d.ini} / {c.ini}", ""),
            (" - clôture {g.time}\n", "\n", " - fin d'inter le {g.day} {g.time}\n"),
        ),
        (4, 8),
        "\n",
    ),
    Form(
        (
            (
                "BON DE TRANSPORT {g.file}\n",
                "Feuille de route ambulance, {g.day}\n",
                "PRESCRIPTION MEDICALE DE TRANSPORT\n",
            ),
            (
                "Assuré : {a.upper}  NIR {a.nir}\n",
                "Bénéficiaire {a.rev} né{a.e} le {a.dob}\nn° SS : {a.nir}\n",
                "Nom : {a.LAST}   Prénom : {a.first}\nImmat. {a.nir}\n",
            ),
            (
                "Départ : {a.home}\n",
                "Prise en charge : {g.hosp}, ch. 12\n",
                "PEC domicile {a.street}, {a.postcode} {a.TOWN}\n",
            ),
            (
                "Arrivée : {g.hosp}\n",
                "Dest. : {g.hosp} ({b.town})\n",
                "A destination de {b.town}, {g.hosp}, rdv {g.day} {g.time}\n",
            ),
        ),
        (
            "Equipage : {c.first} {c.LAST} (DEA), {e.first} {e.last0} (aux.).",
            "Accompagnant : {b.any}, {b.kin}.",
            "prévenir {b.tel}.",
            "Prescripteur {d.dr}.",
            "Position demi-assise, O2 2 L. {g.clin}",
            "Retour prévu {g.day}.",
            "Appeler le secrétariat ({d.tel}) avant 9 h.",
            "facturer à {g.insurer}.",
            "{a.called} ne monte pas les escaliers.",
        ),
        (("\nSignature : {c.ini}\n", "\n{d.LAST}\n", "\nlu et approuvé, {b.last}\n"),),
        (3, 6),
        "\n",
    ),
)
_RESIDENCE = (
    Form(
        (
            (
                "Transmissions EHPAD, {g.day}\n",
                "{g.hosp} - cahier de nuit du {g.day}\n",
                "Résidence {g.hosp0}, unité protégée, {g.day} {g.time}\n",
                "",
            ),
            ("{a.called} (ch. 112) : ", "{a.nick} : ", "Pour {a.short}, ", "{a.full} dite {a.nick0}. "),
        ),
        (
            "{g.clin}",
            "a réclamé {b.first} toute la nuit.",
            "{b.kin} ({b.tel}) avertie de la chute.",
            "Visite de {b.any} et de {e.first} à 15 h.",
            "refuse les soins sauf avec {c.first}.",
            "{c.first} et {d.first} ont fait la toilette à deux.",
            "s'est disputé{a.e} avec {e.called} au repas.",
            "{e.called}, voisin{e.e} de table, l'a poussé{a.e}.",
            "vu par {d.dr} le {g.day}, {g.clin}",
            "Ancien{a.ne2} boulanger{a.e} {a.at_town}, parle souvent de {b.town}.",
            "croit que {c.first} est sa fille {b.first}.",
            "Personne de confiance : {b.full}, {b.home}.",
            "Curatelle : {d.called}, {d.mail}.",
            "Kiné {d.last} passé, à revoir {g.day}.",
            "photo de {b.first} retrouvée dans la chambre de {e.last0}.",
            "fêter les {g.age} de {a.first} le {g.day}.",
            "{a.nick} pleure quand on parle de {e.town}.",
            "rdv ophtalmo à {g.hosp} {g.day}, VSL à 8 h.",
        ),
        (
            ("\nIDE {c.first} {c.last0}", "\nAS nuit : {c.first}/{d.first}", "\n{c.ini}", "\n- {c.rev}"),
            ("\n", " (dect {g.post})\n", ", poste {g.post}\n"),
        ),
        (4, 8),
    ),
    Form(
        (
            (
                "DECLARATION D'EVENEMENT INDESIRABLE {g.file}\n",
                "FICHE DE CHUTE\n",
                "Fiche de liaison d'urgence (DLU)\n",
            ),
            ("Etablissement : {g.hosp}\n", "{g.hosp}, {a.postcode} {a.town}\n", ""),
            (
                "Résident{a.e} : {a.maiden}, {a.born}\n",
                "{a.LAST} {a.first}, {a.dob}, n° {a.id}\n",
                "Nom d'usage {a.last} / nom de naissance {e.last} / prénom {a.first}\n",
            ),
            (
                "Découvert{a.e} par {c.full} à {g.time}\n",
                "témoin : {c.any} (ASH)\n",
                "Déclarant : {c.first} {c.LAST}, IDEC\n",
            ),
        ),
        (
            "Au pied du lit. {g.clin}",
            "Famille prévenue : {b.any}, {b.tel}.",
            "autre contact ({e.tel}) {e.first}, {e.kin}.",
            "Médecin coordonnateur : {d.dr}.",
            "Directives anticipées confiées à {b.called}.",
            "{a.first} dit avoir glissé.",
            "transfert {g.hosp} par ambulances {e.last}.",
            "MT : {d.dr}, {d.home}.",
            "N° sécu {a.nir}.",
            "Signalé à la directrice, {e.called}.",
        ),
        (("\nFait {a.at_town}, le {g.day}\n", "\n{g.day} {c.dots} {c.last}\n", "\nvisa {d.last}\n"),),
        (4, 7),
        "\n",
    ),
)
_PSYCHIATRY = (
    Form(
        (
            (
                "Observation d'entrée, {g.day}\n\n",
                "CERTIFICAT DES 24 HEURES\n\nJe soussigné {d.dr}, ",
                "CMP {g.hosp0}, entretien du {g.day}.\n",
                "Note d'évolution - {g.day} - {d.last}\n",
            ),
            (
                "{a.full}, {a.born}, ",
                "{a.called}, {g.age}, ",
                "Il s'agit de {a.rev}, {a.born}, domicilié{a.e} {a.home}, ",
                "{a.dots} {a.last}, {g.age}, ",
            ),
            (
                "admis{a.e} en SDT à la demande de {b.full} ({b.kin}). ",
                "amené{a.e} par {b.first} depuis {g.hosp}. ",
                "hospitalisé{a.e} librement. ",
                "adressé{a.e} par {c.dr} {c.at_town}. ",
            ),
        ),
        (
            "Discours diffluent, persuadé{a.e} que {e.full} l'espionne depuis {e.town}.",
            "Dit s'appeler « {e.first} » et être {e.of_town}.",
            "{g.clin}",
            "{a.il} a grandi {a.at_town} avec {b.first} et {e.first}, ses aînés.",
            "Son père, {e.first} {a.last}, s'est suicidé le {g.day}.",
            "Relation avec {e.first} rompue depuis que {e.first} a déménagé {e.at_town}.",
            "{a.first} entend la voix de {b.nick0}, sa tante.",
            "Travaillait chez {g.firm}, où {c.called} l'aurait humilié{a.e}.",
            "{b.called} décrit des dépenses de 4 000 euros en mars.",
            "Entretien téléphonique avec {b.first} ({b.tel}) : pas de rupture récente.",
            "Suivi par {c.dr} puis par la psychologue {e.called}.",
            "Tutrice : {e.called}, {e.mail}, dossier {a.id}.",
            "{a.short} critique partiellement les faits. {g.clin}",
            "Isolement levé le {g.day} à {g.time} par {d.dots} {d.last}.",
            "Référents : {c.first} et {d.first}.",
            "Sort fumer avec {e.any}, chambre 7.",
            "Ses enfants, {e.first} (8 ans) et {c.first} (5 ans), sont chez {b.first}.",
            "A fugué vers {e.town}, ramené{a.e} par la gendarmerie {b.of_town}.",
        ),
        (
            (
                "\n\n{d.dr}\n",
                "\n{d.first} {d.LAST}, psychiatre\n",
                "\nDr {d.dots}{d.last}\n",
                "\nIDE : {c.first} {c.last0}\n",
            ),
            ("", "Copie au juge, {g.file}\n", "cc {c.mail}\n"),
        ),
        (5, 9),
    ),
)
_BIRTH = (
    Form(
        (
            (
                "SALLE DE NAISSANCE - {g.day}\n",
                "Maternité {g.hosp}\n",
                "Compte rendu d'accouchement, dossier {m.id}\n",
                "",
            ),
            (
                "{m.maiden}, {g.age}, G3P2, ",
                "Mme {m.last} {m.first} DDN {m.dob} ",
                "Pte : {m.rev}, née {e.last}, ",
                "{m.called} ({m.first}) ",
            ),
            (
                "admise à {g.time} pour RPM. ",
                "arrive de {m.town} avec {b.first}, le père. ",
                "suivie par SF {c.full}. ",
                "entrée le {g.day}. ",
            ),
        ),
        (
            "{g.clin}",
            "Naissance de {n.first} le {n.dob} à {g.time}, 3 240 g.",
            "Bébé {n.first}, Apgar 9/10/10, peau à peau avec {b.first}.",
            "Jumeaux : {n.first} (J1) et {e.first} (J2).",
            "SF : {c.first} {c.last}, relais {d.first} à 20h.",
            "GO de garde {d.last}, appelé pour ERCF.",
            "Péridurale par {d.dr}.",
            "Reconnaissance anticipée par {b.full} en mairie {b.of_town}.",
            "Le père, {b.any}, est joignable ({b.tel}).",
            "Enfant prénommé{n.e} {n.first}, {n.second}, {e.first}.",
            "Ancienne césarienne à {g.hosp}.",
            "{m.first} allaite, fatiguée. {g.clin}",
            "Portera le nom {n.last} {b.last}.",
            "Grand-mère {e.first} garde l'aîné, {d.first}, {e.at_town}.",
            "N° sécu de madame {m.nir}.",
            "Sortie {g.day}, HAD, {m.home}.",
        ),
        (("\n{c.ini}, SF\n", "\nSage-femme : {c.dots} {c.last}\n", "\nPédiatre {d.last}, poste {g.post}\n", "\n"),),
        (5, 9),
    ),
    Form(
        (
            (
                "PMI {m.of_town} - VAD du {g.day}\n",
                "Consultation PMI, puéricultrice {c.called}\n",
                "Visite à dom. {g.day}, {m.home}\n",
            ),
            (
                "Vu {n.first} {n.last}, né{n.e} le {n.dob}, avec sa mère {m.first}. ",
                "{m.called} vient avec {n.first} et la grande soeur {e.first}. ",
                "{n.rev}, 4 mois, ",
            ),
        ),
        (
            "{g.clin}",
            "{m.first} a pleuré, évoque {b.first}, parti {b.at_town}.",
            "Logement au nom de {b.last}, insalubre.",
            "ASS {d.called} saisie ({d.tel}).",
            "Crèche {g.school0}, référente {e.first}.",
            "Carnet au nom de {n.first} {b.last}.",
            "Courbe de poids cassée depuis {g.day}.",
            "Nounou : {e.full}, {e.street}, {e.town}.",
            "{n.nick} sourit, tient sa tête.",
            "Prochain RDV {g.day} avec {d.dr}.",
            "TISF {c.first} 2 fois/sem.",
            "dossier CAF {m.id}.",
        ),
        (("\n{c.first} {c.last0}, puér.\n", "\n{c.rev} - {c.mail}\n", "\n{c.ini}\n"),),
        (4, 7),
    ),
)
_LABORATORY = (
    Form(
        (
            (
                "LABORATOIRE {g.lab}\n{e.street}, {e.postcode} {e.TOWN}\nTel {e.tel}\n",
                "{g.hosp} - Anatomie pathologique\n",
                "Laboratoire {g.lab} - site {e.of_town}\n",
                "BIOLOGIE MEDICALE {g.lab}   Biologistes : {c.dots} {c.LAST}, {d.dots} {d.LAST}\n",
            ),
            (
                "Dossier {g.file}   Prélevé le {g.day} à {g.time}\n",
                "N° {g.file} enregistré {g.day}\n",
                "Réf. {g.file}/{g.day}\n",
            ),
            (
                "{a.upper}\nNé{a.e} le : {a.dob}   Sexe {a.sex}\n",
                "Patient : {a.any} ({a.dob})\n",
                "{a.civ} {a.LAST} {a.FIRST} ep. {e.LAST}\n{a.dob}\n",
                "{a.maiden}   {a.dob}   {a.nir}\n",
            ),
            (
                "Prescripteur : {d.dr}\n",
                "Demandé par {d.LAST} {d.first}, {g.hosp}\n",
                "Dr {d.last}\n{d.street}\n{d.postcode} {d.town}\n",
            ),
        ),
        (
            "Sodium          139   mmol/L   (136-145)",
            "Hémoglobine     10,4  g/dL     (12-16)   anté. 11,2",
            "Plaquettes      98    G/L",
            "PCR grippe A    POSITIF",
            "Troponine       14    ng/L",
            "{g.clin}",
            "Commentaire : résultat téléphoné à {d.dr} le {g.day} à {g.time}, {c.ini}",
            "Appelé {b.first} {b.last0} ({b.tel}), à recontrôler",
            "Préleveur : {c.first} {c.last0}, à domicile ({a.town})",
            "Souche adressée au CNR, {g.file}",
            "Renseignements : contact de {b.any}",
            "IPP {a.id}",
            "Biopsie lue par {c.full} et {d.last} (double lecture)",
            "Transmis par mail à {d.mail}",
            "Antériorité {g.day} sous le nom de {e.last} {a.first}",
        ),
        (
            (
                "Validé par {c.full}\n",
                "Validation : {c.LAST} {c.first}, {g.day}\n",
                "Dr {c.dots} {c.last}, biologiste\n",
            ),
            ("", "Copie : {d.dr}, {b.called}\n", "Page 1/2   {a.LAST} {a.first}   {g.file}\n"),
        ),
        (4, 8),
        "\n",
    ),
)
_SCHOOL = (
    Form(
        (
            (
                "SERVICE DE PROMOTION DE LA SANTE EN FAVEUR DES ELEVES\n{g.school}\n",
                "Infirmerie, {g.school}, {g.day}\n",
                "Note de situation (CRIP) {g.file}\n",
                "{g.school} - {a.town} - passage infirmerie {g.time}\n",
            ),
            (
                "Elève : {n.full}, 4e B. ",
                "{n.rev} (CM2), né{n.e} le {n.dob}, ",
                "{n.first}, demi-pensionnaire, ",
                "Concerne : {n.upper} et sa soeur {e.first}. ",
            ),
        ),
        (
            "{g.clin}",
            "La mère, {m.any}, prévenue au {m.tel}.",
            "Père : {b.any}, {b.home}.",
            "Enseignante : {c.called}.",
            "S'est battu{n.e} avec {e.first} {e.last0} dans la cour.",
            "Dit que {b.first}, le compagnon de sa mère, « tape fort ».",
            "Vit en alternance {b.at_town} et chez {m.first} {m.at_town}.",
            "PAI signé par {d.dr} le {g.day}.",
            "Ses copains ({e.first}, {c.first} et {d.first}) confirment.",
            "CPE {c.last} et principal {d.called} informés.",
            "ancien{n.ne2} élève : {g.school}.",
            "AESH {e.first} présente.",
            "Educateur : {d.full}, {d.mail}.",
            "INE {n.ine}.",
            "Placement chez {e.called}, assistante familiale, lieu-dit {g.place}.",
            "Suivi au CMPP par {c.first} {c.last0}, psychomot.",
            "{n.nick} ne veut pas rentrer ce soir.",
        ),
        (
            (
                "\nInfirmière scolaire : {c.full}\n",
                "\n{d.first} {d.last}, ASS, poste {g.post}\n",
                "\n{c.dots} {c.last}\n",
                "\nvu, {d.last}\n",
            ),
        ),
        (4, 8),
    ),
    Form(
        (
            ("RAPPORT SOCIAL - {g.day}\n", "Demande MDPH, n° {a.id}\n", "Evaluation APA, {a.home}, {g.day}\n"),
            (
                "{a.called} {a.first}, {a.born}, ",
                "{a.full}, {g.age}, ",
                "M. et Mme {a.last} ({a.first} et {b.first}), ",
            ),
            ("vit seul{a.e} {a.at_town}. ", "hébergé{a.e} par {b.full}. ", "ancien{a.ne2} salarié{a.e} de {g.firm}. "),
        ),
        (
            "Dettes de loyer, bailleur {g.firm}.",
            "{b.first}, {b.kin}, fait les courses.",
            "Voisine : {e.called} ({e.tel}).",
            "Aide à domicile {c.first} lundi et jeudi.",
            "{g.clin}",
            "Allocataire {a.file}.",
            "Demande logement {b.at_town} ou {e.at_town}.",
            "Mesure de protection : UDAF, {d.called}, {d.tel}.",
            "Séparé{a.e} de {e.full} depuis le {g.day}.",
            "Compte joint avec {b.last}.",
            "Immat. {a.nir}.",
            "parle mal français, traduit par {e.first}.",
        ),
        (
            (
                "\n{c.called}, assistante sociale, {c.tel}\n",
                "\n{c.first} {c.LAST} - {c.mail}\n",
                "\n{c.ini} le {g.day}\n",
            ),
        ),
        (4, 8),
    ),
)
_OUTBREAK = (
    Form(
        (
            (
                "SIGNALEMENT {g.file} - {g.day}\n",
                "Investigation TIAC, {g.day}\n",
                "Fiche MDO - cas index\n",
                "CR appel ARS {g.day} {g.time} (veilleur : {c.first})\n",
            ),
            (
                "Cas index : {a.any}, {a.dob}, {a.town}\n",
                "CAS 1 = {a.upper} ({g.age}) {a.home}\n",
                "cas index {a.ini}, {g.age}, travaille chez {g.firm}\n",
                "Patient{a.e} zéro : {a.full} de {a.town}\n",
            ),
            ("Signalé par {d.dr} ({d.tel})\n", "déclarant : {d.full}, {g.hosp}\n", "Alerte de {g.hosp}, {d.mail}\n"),
            ("DDS {g.day}, {g.clin}\n", "Début des signes le {g.day}. {g.clin}\n"),
        ),
        (
            "- contact 1 : {b.any}, {b.kin}, {b.tel}",
            "- C2 {e.rev}, {e.dob}, {e.town}, sympto le {g.day}",
            "- cas 2 : {e.full} (repas du {g.day}), hospitalisé{e.e} {g.hosp}",
            "- {c.first} et {d.first} {c.last}, cousins, asympto",
            "- classe de {n.first} ({g.school}) : 23 contacts, liste chez {e.called}",
            "- collègue {e.called} chez {g.firm}, pas joignable ({e.tel})",
            "- traiteur {e.last}, {e.street}, {e.town}",
            "- foyer {a.last}/{b.last} : 5 personnes dont {n.first} 2 ans",
            "- {b.short} a dormi {b.at_town} chez {e.first}",
            "- bus {a.town}-{b.town} du {g.day}",
            "- vacciné{b.e} : {b.first} oui, {e.first} non",
            "- rappeler {e.called} {g.day} ; {e.mail}",
            "- mariage {a.last}-{e.last} le {g.day} {e.at_town}, 80 invités",
            "- {g.clin}",
            "- séjour {e.at_town} du {g.from_to}",
            "- n° e-SIN {g.file}",
        ),
        (
            ("Suivi : {c.first} {c.last0} (CVAGS)\n", "Epidémio : {c.full}, poste {g.post}\n", "{c.ini}/{d.ini}\n"),
            ("", "Prochain point {g.day}\n", "Clos le {g.day}\n"),
        ),
        (5, 9),
        "\n",
    ),
)
_PRACTICE = (
    Form(
        (
            ("{g.day} ", "{g.day} {g.time} : ", "C. du {g.day}. ", "visite {g.day} "),
            (
                "{a.last} {a.first} ",
                "{a.called} ",
                "{a.rev}, {g.age} ",
                "vu {a.full} ",
                "tel de {b.first} pour {a.short} ",
            ),
        ),
        (
            "{g.clin}",
            "avis pris auprès de {d.last}, {g.hosp}.",
            "courrier {d.dr} reçu.",
            "{b.first} ({b.kin}) inquiète, habite {b.town}.",
            "AT chez {g.firm}, employeur avisé.",
            "arrêt jusqu'au {g.day}.",
            "revoir {g.day} avec {b.called}.",
            "vit {a.home}.",
            "remplacé par {c.dr}.",
            "son gendre {e.last} le dépose.",
            "idel : {c.first} ({c.tel}).",
            "sort de {g.hosp}, opéré{a.e} par {d.last} {d.first}.",
            "tel {a.tel} change.",
            "a enterré {e.first} à {e.town} la semaine passée.",
            "pharma {e.last} prévenue.",
            "carte vitale {a.nir}.",
            "hospit du {g.from_to} à {g.hosp}.",
            "part vivre sur {b.town}.",
        ),
        (("\n", "\n{d.ini}\n", "\nrempla {c.last}\n"),),
        (4, 8),
    ),
    Form(
        (
            (
                "CERTIFICAT DE DECES - volet médical, commentaire\n",
                "Constat de décès {g.day} {g.time}\n",
                "Décès à domicile, note complémentaire\n",
            ),
            (
                "{a.full}, {a.born}, décédé{a.e} le {g.day} {a.at_town}. ",
                "Défunt{a.e} : {a.maiden}, {a.home}. ",
                "{a.civ} {a.LAST} {a.first} ",
            ),
        ),
        (
            "{g.clin}",
            "Corps découvert par {b.any}, {b.kin}.",
            "Décès constaté en présence de {c.rank} {c.last}, brigade {b.of_town}.",
            "Obstacle médico-légal levé par {d.called}.",
            "Pompes funèbres {e.last}, {e.town}, {e.tel}.",
            "Suivi {d.dr}, {g.hosp}.",
            "Veuf de {e.full} depuis le {g.day}.",
            "Pacemaker retiré par {d.last}.",
            "Dernière fois vu vivant par {e.first} {g.day}.",
            "Inhumation prévue {e.at_town}.",
        ),
        (("\nDr {d.full}\n", "\n{d.dr}, {d.street}, {d.town}\n", "\n{d.LAST}\n"),),
        (3, 6),
    ),
    Form(
        (
            (
                "{g.insurer}\nService médical\n{e.box}\n\n",
                "MUTUELLE {g.insurer0} - Réf. {g.file}\n",
                "Cabinet d'expertise {c.last} & {d.last}\n{c.home}\n",
            ),
            ("{a.town}, le {g.day}\n", "Le {g.day}\n"),
            (
                "Objet : sinistre {g.file}, {a.full}\n",
                "V/Réf : {a.LAST} / {e.LAST}\nN/Réf : {g.file}\n",
                "Assuré{a.e} : {a.any}, {a.born}\n",
            ),
            ("Madame, Monsieur,\n", "Docteur {d.last},\n", "Cher confrère,\n", "Chère {b.called},\n"),
        ),
        (
            "{a.called} a été victime d'un accident le {g.day} sur la commune {b.of_town}.",
            "Le tiers, {e.full}, conduisait le véhicule {g.plate}.",
            "Les soins reçus à {g.hosp} nous sont inconnus.",
            "{g.clin}",
            "Vous voudrez bien examiner {a.civ} {a.last} à son domicile, {a.home}.",
            "Notre médecin conseil, {c.dr}, reste joignable au {c.tel}.",
            "L'assureur de {e.called} a répondu le {g.day}.",
            "ITT du {g.from_to}.",
            "Matricule {a.nir}.",
            "Me {b.last}, avocat au barreau {b.of_town}, assiste {a.called}.",
            "Merci d'écrire à {c.mail}.",
            "Selon {b.first} {b.last}, témoin, {a.il} marchait.",
        ),
        (
            (
                "\nVeuillez agréer nos salutations.\n{c.full}\n",
                "\nP/o {c.dots} {c.last}\n",
                "\n{c.called}, gestionnaire, poste {g.post}\n",
            ),
        ),
        (4, 7),
    ),
)
STYLES: dict[str, tuple[Form, ...]] = {
    "regulation": _REGULATION,
    "residence": _RESIDENCE,
    "psychiatry": _PSYCHIATRY,
    "birth": _BIRTH,
    "laboratory": _LABORATORY,
    "school": _SCHOOL,
    "outbreak": _OUTBREAK,
    "practice": _PRACTICE,
}
