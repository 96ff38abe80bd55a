"""Names and addresses like those of companies: organization n has the same ones in each run, and no two
share any. Number 0 is "Bench 0"."""

# Of the lowest 20 bits, shuffled: 13 for a coined word, 4 for a trade, 3 for where it is.
FRONTS = (
    "al ber cor dan el far gal hol in jor kar lin mar nor or pel"
    " quin ros sal tor ul ver wes yor zan bri cla fro gre sta thra vi"
).split()
MIDDLES = "a an e en i il o or u ur ala eni ia ola uma era".split()
ENDS = "bach berg by dale den feld gate ham ley mont nova ric son ton vik wick".split()
TRADES = (
    "Analytics Bakery Bau Books Capital Consulting Design Energy"
    " Foods Health Logistics Media Motors Software Textil Travel"
).split()
FORMS = [
    ("GmbH", "de"),
    ("Ltd", "co.uk"),
    ("Inc", "com"),
    ("AG", "ch"),
    ("LLC", "us"),
    ("SA", "fr"),
    ("SpA", "it"),
    ("& Sons", "net"),
]
FIRST = (
    "anna ben chiara david elena felix greta hugo ines jonas katya liam maria nils olga pedro"
    " rosa stefan tanja ulrich vera walter xenia yusuf zoe amir bruno carla dmitri emma farid george"
).split()
LAST = (
    "adams bauer costa dubois evans fischer garcia hansen ivanov jensen keller lopez mueller novak"
    " olsen petrov quist rossi silva tanaka urban vogel weber xu yilmaz zimmer andersson brown"
    " carlsen dahl eriksen fontana"
).split()
BITS = 20
SHUFFLE = 0x5BD1E5  # odd, so that each number has another place


def company(n):
    """The name and the administrator's address."""
    if n == 0:
        return "Bench 0", "b0@bench.example"
    bits = n * SHUFFLE % (1 << BITS)
    bits ^= bits >> 11
    form, country = FORMS[bits & 7]
    trade = TRADES[bits >> 3 & 15]
    word = FRONTS[bits >> 7 & 31] + MIDDLES[bits >> 12 & 15] + ENDS[bits >> 16 & 15]
    again = str(n >> BITS) if n >> BITS else ""
    person = f"{FIRST[n * 7919 % 8191 % 32]}.{LAST[n * 6089 % 8179 % 32]}"
    name = f"{word.capitalize()}{again} {trade} {form}"
    return name, f"{person}@{word}{again}-{trade.lower()}.{country}"


def key_of(name):
    """As the rules for names make it of one that is ASCII."""
    return name.lower()


def slug_of(name):
    return "_".join(key_of(name).replace("&", " ").split())
