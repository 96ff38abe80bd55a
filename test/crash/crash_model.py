"""What the server has acknowledged, and what it was asked for when it died.

Each worker owns its organizations, and its own documents in an organization that all share, so that it
has at most one change without an answer, and every other change is known to be there or not.
"""

from dataclasses import dataclass, field


def name_key(name):
    """How names compare; the workers' names are ASCII with single spaces."""
    return name.casefold()


@dataclass(frozen=True)
class Face:
    """An organization as acknowledged, but for its documents."""

    name: str
    email: str
    password: str
    collection: str | None = None  # None: not known, since the answer was lost


@dataclass
class Organization:
    face: Face
    id: str | None = None
    token: str | None = None
    documents: dict = field(default_factory=dict)  # _id: (body, etag)
    dead_tokens: list = field(default_factory=list)
    unchecked_login: bool = True  # credentials are new since they were last tried


@dataclass
class PendingFace:
    """A create (before None), an update, or a delete (after None) without an answer."""

    organization: Organization
    before: Face | None
    after: Face | None


@dataclass
class PendingDocument:
    """A change of one document without an answer; None: no such document."""

    organization: Organization
    document_id: str
    before: dict | None
    after: dict | None


@dataclass
class Totals:
    acknowledged: int = 0
    kept: int = 0  # changes without an answer that were there afterwards
    gone: int = 0  # and those that were not

    def add(self, other):
        self.acknowledged += other.acknowledged
        self.kept += other.kept
        self.gone += other.gone


def merge(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result
