"""What is measured and what it has to come to, one row for each figure; and the table."""

import statistics
from dataclasses import asdict, dataclass, field

from measure import median_ratio

EMBEDDED, MONGODB, BOTH = "embedded", "MongoDB", "–"


@dataclass(frozen=True)
class Row:
    """target: what the ratio to the reference has to be, or the figure itself where there is none.
    None: the figure is there to explain others."""

    key: str
    title: str
    store: str
    unit: str
    reference: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def target(self):
        if self.least is not None:
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if self.most is not None else ""


ROWS = [
    Row("wrk", "wrk on one core, against a socket that answers unread", BOTH, "/s"),
    # reads.py
    Row("org_get", "GET /org/get, 64 connections, one core", EMBEDDED, "/s",
        "bare libmicrohttpd", least=0.85),
    Row("org_get_p99", "the same, p99", EMBEDDED, "ms", "bare libmicrohttpd", most=2),
    Row("document_get", "GET of a document with a token, one core", EMBEDDED, "/s",
        "bare libmicrohttpd", least=0.6),
    Row("org_get_many", "GET /org/get of one name among {tenants}", EMBEDDED, "/s",
        "among 100", least=0.9),
    Row("org_get_any", "GET /org/get of any name of {tenants}", EMBEDDED, "/s",
        "of 100", least=0.9),
    Row("document_get_many", "GET of a document of 100 organizations among {tenants}", EMBEDDED,
        "/s", "among 100", least=0.9),
    Row("document_get_any", "GET of any of {documents} documents of one organization", EMBEDDED,
        "/s", "any of 100 of them"),
    # writes.py
    Row("post_64", "POST of a document, 64 clients", EMBEDDED, "/s", "bare group commit", least=0.8),
    Row("post_1", "POST of a document, one client, p50", EMBEDDED, "ms", "bare commit", most=1.5),
    # logins.py
    Row("login", "logins, all cores", EMBEDDED, "/s", "bare Argon2id", least=0.97),
    Row("crowd", "1,000 logins at once: answered 200, or 503 with Retry-After", EMBEDDED, "",
        "all", least=1),
    Row("crowd_refused", "the slowest 503 of them", EMBEDDED, "ms", most=1000),
    Row("crowd_served", "the slowest 200 of them", EMBEDDED, "ms", "the deadline", most=1),
    Row("crowd_memory", "their memory at its peak, over idle", EMBEDDED, "MB",
        "19 MiB a hashing thread", most=1.02),  # and 68 requests that wait, in some 0.4 MB
    Row("storm", "GET's p99 among 64 that log in, two cores", EMBEDDED, "ms", most=5),
    # neighbours.py
    Row("neighbour", "POST's p99 beside a tenant that writes without pause", EMBEDDED, "ms",
        "alone", most=2),
    Row("neighbour_mongo", "POST's p99 beside a tenant that writes without pause", MONGODB, "ms",
        "alone", most=2),
    # tenants.py
    Row("import", "import of {tenants} organizations", EMBEDDED, "/s", least=50_000),
    Row("ready", "ready after the start, {tenants} organizations", EMBEDDED, "ms", most=100),
    Row("resident", "resident after a second of look-ups of any name", EMBEDDED, "MB", most=64),
    Row("rename", "rename of one with {documents} documents", EMBEDDED, "ms", most=5),
    Row("delete", "delete of one with {documents} documents", EMBEDDED, "ms", most=50),
    Row("removal", "POST's p99 while those documents are removed", EMBEDDED, "ms", "alone", most=2),
    # mongo.py
    Row("mongo_get", "GET of a document with a token, 64 clients", MONGODB, "/s", "bare libmongoc", least=0.8),
    Row("mongo_post", "POST of a document, 64 clients", MONGODB, "/s", "bare libmongoc", least=0.8),
    Row("mongo_org", "GET /org/get of any name, 16 clients", MONGODB, "/s", "bare libmongoc", least=0.8),
    Row("mongo_get_share", "our share of a document's GET", MONGODB, "µs", most=60),
    Row("mongo_post_share", "our share of a document's POST", MONGODB, "µs", most=60),
    Row("mongo_org_share", "our share of GET /org/get", MONGODB, "µs", most=60),
    Row("mongo_org_again_share", "the same within a second", MONGODB, "µs", most=60),
    Row("seeds", "GET /org/get of one of 20 names", MONGODB, "/s", "the seeds' stack", least=10),
    # growth.py
    *(
        Row(f"growth_{what}", f"{title} among {{grown}} organizations", MONGODB, "ms",
            "of a tenth")
        for what, title in (
            ("create", "a create"), ("look_up", "a look-up"), ("rename", "a rename and another"),
        )
    ),
    # soak.py
    *(
        row
        for key, store in (("soak", EMBEDDED), ("soak_mongo", MONGODB))
        for row in (
            Row(f"{key}_memory", "{minutes} minutes of mixed load: memory at the end", store, "MB",
                "in the middle", most=1.05),
            Row(f"{key}_fds", "the same, file descriptors", store, "", "in the middle", most=1.05),
            Row(f"{key}_threads", "the same, threads", store, "", "in the middle", most=1.05),
        )
    ),
    Row("soak_log", "the same, write-ahead log", EMBEDDED, "MB", "in the middle", most=1.2),
]  # fmt: skip
BY_KEY = {row.key: row for row in ROWS}


@dataclass(frozen=True)
class Result:
    """A row's figures: medians, and the median of the ratios. A reason instead where there are none.
    samples: what a soak saw, in even steps of its time, for whoever wants the curve."""

    key: str
    title: str
    store: str
    unit: str
    reference_name: str
    target: str
    ours: float | None = None
    reference: float | None = None
    ratio: float | None = None
    met: bool | None = None
    note: str = ""
    samples: list = field(default_factory=list)


def judge(row, value):
    if row.least is not None:
        return value >= row.least
    return value <= row.most if row.most is not None else None


def named(row, sizes):
    title = row.title.format(**sizes)
    return (row.key, title, row.store, row.unit, row.reference, row.target)


def measured(row, sizes, ours, theirs=None, note="", samples=()):
    """ours and theirs: what each round gave, in the same order."""
    middle = statistics.median(ours)
    words = {"note": note, "samples": list(samples)}
    if not theirs:
        return Result(*named(row, sizes), ours=middle, met=judge(row, middle), **words)
    ratio = median_ratio(ours, theirs)
    return Result(
        *named(row, sizes),
        ours=middle,
        reference=statistics.median(theirs),
        ratio=ratio,
        met=judge(row, ratio),
        **words,
    )


def missing(row, sizes, reason):
    return Result(*named(row, sizes), note=reason)


def figure(value, unit):
    """Three digits that matter, with the thousands apart; "" for none."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".replace(" /s", "/s").strip()


def verdict(result):
    if result.ours is None:
        return "not measured"
    return {True: "met", False: "NOT MET", None: ""}[result.met]


COLUMNS = ["", "store", "ours", "reference", "ratio", "target", ""]


def cells(result):
    """A result's words, in the order of COLUMNS."""
    reference = figure(result.reference, result.unit)
    limit = result.target
    if limit and not result.reference_name:
        limit += f" {result.unit}"
    return [
        result.title,
        result.store,
        figure(result.ours, result.unit),
        f"{reference} ({result.reference_name})" if reference else "",
        f"{result.ratio:.2f}" if result.ratio is not None else "",
        limit,
        ", ".join(filter(None, [verdict(result), result.note])),
    ]


def text(results):
    """The table as it is printed."""
    lines = [COLUMNS, *map(cells, results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    right = {2, 4}
    return "\n".join(
        "  ".join(
            word.rjust(width) if i in right else word.ljust(width)
            for i, (word, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    )


def markdown(results):
    """The table as the README has it."""
    lines = [COLUMNS, [":--", ":--", "--:", ":--", "--:", ":--", ":--"], *map(cells, results)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plain(results):
    """For JSON; without samples where there are none."""
    found = [asdict(result) for result in results]
    return [{key: each[key] for key in each if key != "samples" or each[key]} for each in found]


def of_plain(found):
    return [Result(**each) for each in found]
