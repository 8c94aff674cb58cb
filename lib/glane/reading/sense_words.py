"""The words that turn a statement into another, and those that do not, in French and English."""

from __future__ import annotations

# Each line is one sense: its words, folded, without the endings of number and gender.
NEGATIONS = """
ne n'
pas point
jamais
peu
aucun aucunement
sans
ni
non
nul nulle nuls nullement
rien
guere
nie nient nier niait niant
dement dementir dementi dementent
exclut exclu exclue exclure excluent excluant exclusion exclude excluded excluding
refute refutee refuter
infirme infirmee infirmer infirment infirmant
elimine eliminee eliminer eliminent eliminant eliminate eliminated
ecarte ecartee ecarter ecartent
absence absent absente
indemne exempt exempte
depourvu depourvue
sauf hormis except
contre against
not
no
never
hardly scarcely barely
without
denies deny denied denying denial
ruled rules rule
free
nor
neither
none nil
lack lacking lacked
fail fails failed
refuse refusee refused refuser
"""
SENSES = (
    NEGATIONS
    + """
ou or
si if
seulement only
presque almost nearly
plus
moins
more
less fewer
faux fausse false
vrai true

droit droite right
gauche left
bilateral bilaterale bilateraux bilaterally
unilateral unilaterale unilateraux
anterieur anterieure anterior
posterieur posterieure posterior
superieur superieure superior upper
inferieur inferieure inferior lower
interne internal
externe external
ipsilateral homolateral
controlateral contralateral

positif positive positivite positivement positively positivity
negatif negative negativite negativement negatively negativity
augmente augmentee augmenter augmentent augmentait augmentant augmentation augmented
diminue diminuee diminuer diminuent diminuait diminuant diminution diminished
majore majoree majorer majoration
minore minoree minorer minoration
maximum maximal maximale
minimum minimal minimale
hausse
baisse baissee baisser
croissant croissante croissance
decroissant decroissante decroissance
increase increased increasing
decrease decreased decreasing
reduit reduite reduction reduce reduced
rise rises rising rose risen raised
fall falls falling fell fallen
drop drops dropped
higher high
low
above over
below under
haut haute
bas basse
eleve elevee elevated
normal normale normaux normally
anormal anormale anormaux abnormal
aggravation aggrave aggravee worse worsening worsened
amelioration ameliore amelioree improved improvement better

suspecte suspectee suspect suspicion suspected suspects suspecter
confirme confirmee confirmer confirmation confirmed confirms
probable probablement probably
improbable unlikely
possible possiblement possibly
eventuel eventuelle eventuellement
certain certaine certainement certainly
incertain incertaine uncertain
doute douteux douteuse doubtful
presume presumee presumed
hypothese hypothesis
peut may might
could
likely
perhaps maybe
semble

avant
apres
before
after
prior
pre
post
antecedent atcd atcds
history
ancien ancienne former formerly
previous previously
hier yesterday
aujourd'hui today
demain tomorrow
lendemain
veille
lundi monday
mardi tuesday
mercredi wednesday
jeudi thursday
vendredi friday
samedi saturday
dimanche sunday
matin morning
soir evening
nuit night

pere papa father dad
mere maman mother mum mom
frere brother
soeur sister
fils
fille daughter
mari husband
epoux
epouse wife
conjoint
conjointe
compagnon
compagne
oncle uncle
tante aunt
neveu nephew
niece
cousin
cousine
grandfather
grandmother
voisin voisine neighbour neighbor
homme man men
femme woman women
garcon boy boys
fillette girl
monsieur mr
madame mme mrs
masculin male
feminin female
familial familiale familiaux

zero
un une one
deux two
trois three
quatre four
cinq five
six
sept seven
huit eight
neuf nine
dix ten
onze eleven
douze twelve
treize thirteen
quatorze fourteen
quinze fifteen
seize sixteen
vingt twenty
trente thirty
quarante forty
cinquante fifty
soixante sixty
septante seventy
huitante octante eighty
nonante ninety
cent hundred
mille thousand
million
milliard billion
demi demie half halves
moitie
tiers
quart quarter
premier premiere first
second seconde seconds
third
fourth
fifth
sixth
seventh
eighth
ninth
tenth
dernier derniere last
once
twice
double doubled
thrice
triple
quadruple
dizaine
douzaine dozen
vingtaine
trentaine
quinzaine
centaine
millier
seul seule
unique single
ii
iii
iv
vi
vii
viii
ix

jour jr jrs day days
semaine week
mois month
annee ans year yr yrs
heure hour
minute
gramme
milligramme milligram
microgramme microgram
kilogramme kilogram kilo
litre liter
millilitre milliliter
mg
kg
ug mcg μg
ng
ml
cl
dl
μl ul
mmol
μmol umol
mmhg
cm
mm
km
kcal
ui iu
pourcent percent
degre degree
celsius
fahrenheit

arthrite arthritis
arterite arteritis
uretere ureter
uretre urethra
uretrite urethritis
prostate
prostree prostration prostrate
poisson fish
poison
mortalite mortality
moralite morality
unclear
nuclear
causal causale
casual
hypocalcemie hypocalcemia hypocalcaemia
hypercalcemie hypercalcemia hypercalcaemia
hypokaliemie hypokalemia hypokalaemia
hyperkaliemie hyperkalemia hyperkalaemia
"""
)
_FUNCTIONS = """
le la les l' j' m' t' du de des d' a au aux en et y dans par pour sur chez avec que qu' qui dont ce c' cet cette ces s'
se son sa ses leur leurs est sont etait ete etre ont avait avoir ayant fait on lui soit puis alors donc tres
the an of to in on at by for with from and is are was were be been do does did has have had this that these
those which who there as its it than then also very
"""
FUNCTION_WORDS = frozenset(_FUNCTIONS.split())
# Function words that say who does what to whom, from where to where, and when. Each line is one relation. "A" may be
# "à" or an article.
_RELATIONS = """
de du des d'
a au aux
par
pour
chez
avec
to
by
for
with
from
etait avait was were did had
est sont ont is are do does has have
"""
STRICT = frozenset({"par", "pour", "to", "by", "for", "from"})  # these are on both sides or on none
RELATIONS = {word: line.split()[0] for line in _RELATIONS.splitlines() for word in line.split()}
# Figures tell the place of "2e" and "2nd".
ORDINALS = frozenset({"e", "er", "re", "eme", "ere", "st", "nd", "rd", "th"})
AFTER_NUMBERS = {"an": "annee", "min": "minute", "sec": "second"}  # elsewhere they are other words
