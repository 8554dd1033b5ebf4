"""From facts to pages. Rule text is hostile: HTML escapes all of it, Markdown quotes all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from transpile.catalog.entry import LANGUAGES
from transpile.explain.render import FILTERS as MARKDOWN
from transpile.names import slug

if TYPE_CHECKING:
    from jinja2 import Environment

RELATIONS = (
    (
        "same",
        "The same",
        "These rules find the same events as this one.",
    ),
    (
        "broader",
        "Broader alternatives (more inclusive than this rule)",
        "These rules find every event that this one finds, and more. Use them for wider coverage "
        "if you can bear more false positives.",
    ),
    (
        "narrower",
        "Narrower alternatives (stricter than this rule)",
        "This rule finds every event that these find. Use them for fewer false positives.",
    ),
    (
        "alike",
        "Near duplicates",
        "These rules make nearly the same tests; neither is known to find all that the other does.",
    ),
    (
        "reading",
        "Rules that begin with these events",
        "These rules read every event that this one finds, and then ask for something that is not "
        "compared here, such as a number of events or a computed value.",
    ),
)
"""Relation, title and note of a section about neighbours."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the templates of the pages."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=PackageLoader("transpile.catalog"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"], default=False, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.filters |= {
        **MARKDOWN,
        "base": base,
        "cut": cut,
        "difference": difference,
        "has_any": lambda found: any(found.values()),
        "header": header,
        "language_name": lambda name: LANGUAGES.get(name, name),
        "slug": slug,
        "web": is_web,
    }
    made.globals["relations"] = RELATIONS
    return made


def page(template: str, name: str, site: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Return a page. name: its path below the site, from which links start."""
    root = "../" * name.count("/")
    found = environment().get_template(template)
    return found.render(x=facts, site=site, root=root, here=name)


def json_text(data: Any) -> str:
    """Return plain data as the text of a JSON file."""
    return json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n"


# -- filters -------------------------------------------------------------------------------------


def base(text: str, which: str = "last") -> str:
    """Return the last part of a path, or (`before`) a target without its variant."""
    return text.partition(":")[0] if which == "before" else text.rpartition("/")[2]


def cut(text: str, limit: int) -> str:
    """Return a text, shortened if it is longer than a page can bear."""
    return text if len(text) <= limit else text[:limit] + "…"


def difference(neighbour: Mapping[str, Any], kind: str) -> str:
    """Return in words how a neighbour differs."""
    less, more = len(neighbour["dropped"]), len(neighbour["added"])
    match kind:
        case "broader":
            return f"drops {_filters(less)} this rule applies"
        case "narrower":
            return f"applies {_filters(less)} this rule does not"
        case "reading":
            return f"drops {_filters(less)}, then asks for {_filters(more)} of its own"
        case "alike":
            return f"{_filters(less)} of this rule only, {_filters(more)} of the other only"
        case _:
            return ""


def _filters(number: int) -> str:
    return f"{number} filter{'' if number == 1 else 's'}"


def header(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the labels and values of a rule's head, without those that are empty."""
    pairs = (
        ("Status", facts["status"]),
        ("Severity", facts["severity"]),
        ("Type", facts["type"]),
        ("Group by", ", ".join(facts["group_by"])),
        ("Author", facts["author"]),
        ("Created", facts["date"]),
        ("Modified", facts["modified"]),
        ("Source", facts["source"]),
        ("Id", facts["id"]),
    )
    return [(label, value) for label, value in pairs if value]


def is_web(link: str) -> bool:
    """Return whether a link leads to a web page and nowhere else."""
    try:
        found = urlsplit(link)
    except ValueError:
        return False
    return found.scheme in ("http", "https") and bool(found.netloc) and link.isprintable()
