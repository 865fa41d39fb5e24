"""The words of the world that columns are recognised by: orders, yes and no, months, currencies, missing values.

Lists and nothing else; `written` says how they are used. All but the signs of currencies are in small letters.
"""

__all__ = ["CURRENCY", "MANY", "MISSING", "MONTHS", "ORDERS", "TRUTH"]

# Words for a missing value that stand among numbers and dates, beside an empty cell and those that pandas knows.
_MISSING = "- -- --- – — . .. ... ? na n/a n.a. #n/a #na nan nil none null missing unknown unbekannt inconnu 无"
MISSING = frozenset(_MISSING.split(" "))
# Words for yes and no, without regard to capitals.
_YES = "yes y true t 1 on ja j oui o vrai sí si sì sim wahr 是 是的 有"
_NO = "no n false f 0 off nein non faux não nao falsch 否 不是 无"
TRUTH = {word: truth for truth, words in (("yes", _YES), ("no", _NO)) for word in words.split(" ")}
# Orders that are known by their words, each from low to high, without regard to capitals; synonyms share a place.
ORDERS = [
    [place.split("|") for place in order.split(" < ")]
    for order in (
        "very low|verylow|very-low < low < medium|moderate|mid|middle|average|normal < high "
        "< very high|veryhigh|very-high",
        "none|no|absent < mild|minor|slight < moderate < severe|serious|major < critical|extreme|very severe",
        "tiny|very small < small < medium|mid-size|midsize < large|big < very large|extra large|huge",
        "xxs < xs < s < m < l < xl < xxl|2xl < xxxl|3xl < 4xl",
        "po < fa < ta < gd < ex",
        "very poor|very bad|terrible < poor|bad < fair|ok|okay|average|mediocre < good < very good|very_good "
        "< excellent|great|premium < ideal",
        "never < rarely|seldom < sometimes|occasionally < often|frequently|usually < always",
        "strongly disagree < disagree|somewhat disagree < neutral|neither agree nor disagree < agree|somewhat agree "
        "< strongly agree",
        "very dissatisfied < dissatisfied|unsatisfied < neutral < satisfied < very satisfied",
        "very unlikely < unlikely < neutral|possible < likely < very likely",
        "beginner|novice < intermediate < advanced < expert",
        "primary|elementary < secondary|high school < tertiary|university|college",
        "junior < mid|middle|intermediate < senior < lead|principal",
        "bronze < silver < gold < platinum < diamond",
        "cold < cool < mild|warm < hot",
        "slow < medium|moderate < fast",
        "short < medium|average < tall|long",
        "young < middle|middle-aged|adult < old|senior|elderly",
        "first < second < third < fourth < fifth < sixth < seventh < eighth < ninth < tenth",
        "low|niedrig|gering < mittel < hoch",
        "低 < 中 < 高",
        "差 < 中|一般 < 良|好 < 优|很好",
    )
]

# Signs and codes of currencies, as a pattern.
CURRENCY = (
    r"(?:(?:US|C|A|NZ|HK|S|R|NT)?\$|€|£|¥|￥|₹|₽|₩|₺|₫|₴|₱|฿|zł|Kč|kr\.?|Fr\.?|元|円|EUR|USD|GBP|JPY|CNY|RMB|CHF|SEK|NOK"
    r"|DKK|PLN|CZK|INR|Rs\.?|AUD|CAD|BRL)"
)
# What makes more of a sum of money: $1.2M.
MANY = {"k": 1e3, "m": 1e6, "b": 1e9, "bn": 1e9, "mio": 1e6, "mrd": 1e9}
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier janv enero ene gennaio gen janeiro",
            "february feb februar février févr febrero febbraio fevereiro fev",
            "march mar märz mär mrz mars marzo março",
            "april apr avril avr abril abr aprile",
            "may mai mayo maggio maio mag",
            "june jun juni juin junio giugno giu junho",
            "july jul juli juillet juil julio luglio lug julho",
            "august aug août agosto ago",
            "september sep sept septembre septiembre settembre set setembro",
            "october oct oktober okt octobre octubre ottobre ott outubro out",
            "november nov novembre noviembre novembro",
            "december dec dezember dez décembre déc diciembre dic dicembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}
