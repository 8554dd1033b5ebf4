"""Rules of the derives: how a pattern is rewritten, where a value is put (see `derive`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from html import escape

from transpile.schema._data import load
from transpile.schema._rewrite import (
    ANY,
    Context,
    ForwardRule,
    Glob,
    Pairs,
    Rewrite,
    RewriteRule,
    Test,
    Wild,
    glob_matches,
    normal,
    one_of,
)

# --- frames: the target holds the value between fixed texts ------------------------------------


def framed(before: Callable[[Context], str]) -> tuple[RewriteRule, ForwardRule]:
    """Return the rules of a value that is the end of the target, behind the text `before`.

    A value that itself holds `before` (a path where a name is expected) is the whole target.
    """

    def change(glob: Glob, context: Context) -> Rewrite:
        if glob == (ANY,):
            return one_of(Test(context.target))
        mark = before(context)
        behind = glob if glob[:1] == (ANY,) else normal((ANY, mark, *glob))
        if any(mark in part for part in glob if isinstance(part, str)):
            tests = dict.fromkeys((Test(context.target, glob), Test(context.target, behind)))
            return one_of(*tests, exact=False)
        wild = any(isinstance(part, Wild) for part in glob[1:]) or glob[:1] == (Wild.ONE,)
        test = Test(context.target, behind)
        return one_of(test, exact=not wild, bounded=mark if wild else None)

    def place(value: str, context: Context) -> Pairs:
        mark = before(context)
        return [(context.target, value if mark in value else mark + value)]

    return change, place


def inside(before: str, after: str, *, escaped: bool = False) -> tuple[RewriteRule, ForwardRule]:
    """Return the rules of a value between `before` and `after` somewhere in the target.

    `{}` in the texts is the Splunk field's name. escaped: the target is XML.
    """

    def text(value: str) -> str:
        return escape(value, quote=False) if escaped else value

    def change(glob: Glob, context: Context) -> Rewrite:
        head, tail = before.replace("{}", context.field), after.replace("{}", context.field)
        inner = (text(part) if isinstance(part, str) else part for part in glob)
        wild = any(isinstance(part, Wild) for part in glob)
        return one_of(Test(context.target, normal((ANY, head, *inner, tail, ANY))), exact=not wild)

    def place(value: str, context: Context) -> Pairs:
        head, tail = before.replace("{}", context.field), after.replace("{}", context.field)
        return [(context.target, head + text(value) + tail)]

    return change, place


def cn_rewrite(glob: Glob, context: Context) -> Rewrite:
    if glob == (ANY,):
        return one_of(Test(context.target))
    wild = any(isinstance(part, Wild) for part in glob)
    return one_of(Test(context.target, normal(("CN=", *glob, ",", ANY))), exact=not wild)


def service_rewrite(glob: Glob, context: Context) -> Rewrite:
    if glob == (ANY,):
        return one_of(Test(context.target))
    return one_of(Test(context.target, normal((*glob, ".amazonaws.com"))))


def host_rewrite(glob: Glob, context: Context) -> Rewrite:
    plain = Test(context.target, None if glob == (ANY,) else glob)
    if len(glob) != 1 or isinstance(glob[0], Wild) or "." in glob[0]:
        return one_of(plain)
    return one_of(plain, Test(context.target, (glob[0] + ".", ANY)), exact=False)


# --- parts: the target holds less than the Splunk field -----------------------------------------


def part_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    """Rewrite a pattern on a path (or DOMAIN\\name) to one on its last component."""
    if glob == (ANY,):
        return one_of(Test(context.target))
    at = max(
        (i for i, part in enumerate(glob) if isinstance(part, str) and context.separator in part),
        default=-1,
    )
    if at < 0:
        ending = len(glob) == 2 and glob[0] is ANY and isinstance(glob[1], str)
        literal = len(glob) == 1 and isinstance(glob[0], str)
        return one_of(Test(context.target, glob), exact=ending) if ending or literal else None
    head, _, tail = str(glob[at]).rpartition(context.separator)
    rest = normal((tail, *glob[at + 1 :]))
    if any(isinstance(part, Wild) for part in rest):
        return one_of(Test(context.target), exact=False)
    exact = glob[:at] == (ANY,) and head == ""
    return one_of(Test(context.target, rest or ("",)), exact=exact)


def part_forward(value: str, context: Context) -> Pairs:
    return [(context.target, value.rpartition(context.separator)[2])]


def has_separator(value: str, context: Context) -> bool:
    return context.separator in value


def has_no_separator(value: str, context: Context) -> bool:
    return context.separator not in value


def has_backslash(value: str, context: Context) -> bool:
    return "\\" in value


def has_no_backslash(value: str, context: Context) -> bool:
    return "\\" not in value


# --- hashes --------------------------------------------------------------------------------------

# length of a digest -> the algorithms that make one
_ALGORITHMS: Mapping[int, tuple[str, ...]] = {
    32: ("md5", "imphash"), 40: ("sha1",), 64: ("sha256",),
}
_HASH = re.compile(r"(?:(MD5|SHA1|SHA256|IMPHASH)=)?([0-9A-Fa-f]+)", re.IGNORECASE)


def _hash_fields(context: Context, algorithms: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(algorithms)
    fields = (context.target, *context.also)
    return tuple(name for name in fields if name.rpartition(".")[2] in wanted)


def _hashes(value: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the possible algorithms and the digest of each element of a hash list."""
    for found in _HASH.finditer(value):
        named = (found[1].lower(),) if found[1] else _ALGORITHMS.get(len(found[2]), ())
        yield named, found[2]


def hash_field_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    if glob == (ANY,):
        return one_of(*(Test(name) for name in (context.target, *context.also)))
    chunks = [part for part in glob if isinstance(part, str)]
    elements = [item for chunk in chunks for item in _hashes(chunk)]
    if len(elements) != 1:
        return None
    algorithms, digest = elements[0]
    fields = _hash_fields(context, algorithms)
    if not fields or "".join(chunks).rpartition("=")[2] != digest:
        return None
    return one_of(*(Test(name, (digest,)) for name in fields), exact=glob == (digest,))


def hash_field_forward(value: str, context: Context) -> Pairs:
    return [
        (name, digest)
        for algorithms, digest in _hashes(value)
        for name in _hash_fields(context, algorithms[:1])
    ]


def hash_list_rewrite(glob: Glob, context: Context) -> Rewrite:
    if glob == (ANY,):
        return one_of(Test(context.target))
    digest = len(glob) == 1 and isinstance(glob[0], str) and len(glob[0]) in _ALGORITHMS
    return one_of(Test(context.target, normal((ANY, *glob, ANY))), exact=digest)


def hash_list_forward(value: str, context: Context) -> Pairs:
    algorithms = _ALGORITHMS.get(len(value), ())
    named = f"{algorithms[0].upper()}={value}" if algorithms and "=" not in value else value
    return [(context.target, named)]


# --- registry ------------------------------------------------------------------------------------

_DWORD = re.compile(r"0[xX][0-9A-Fa-f]{8}")
_DECIMAL = re.compile(r"0|[1-9][0-9]*")
_OF_NUMBERS = frozenset("0123456789abcdefx dwor()")
_HIVES: Mapping[str, str] = {
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKEY_USERS": "HKU",
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKEY_CURRENT_USER": "HKU",
}
_VALUE_TYPES: Mapping[str, Glob] = {
    "REG_DWORD": ("DWORD (", ANY),
    "REG_QWORD": ("QWORD (", ANY),
    "REG_BINARY": ("Binary Data",),
}


def reg_key_rewrite(glob: Glob, context: Context) -> Rewrite:
    if glob == (ANY,):
        return one_of(Test(context.target))
    if glob[0] is ANY or any(isinstance(part, str) and "\\" in part for part in glob):
        return Rewrite(((Test(context.target, glob),),), exact=True, followed="\\")
    core = glob[:-1] if glob[-1] is ANY else glob
    tests = [Test(context.target, normal((ANY, "\\", *core, ANY)))]
    if len(glob) > 1:  # the pattern may be the start of a whole path
        tests.append(Test(context.target, normal((*core, ANY))))
    return one_of(*tests, exact=False)


def reg_key_forward(value: str, context: Context) -> Pairs:
    return [(context.target, value + "\\" if "\\" in value else "\\" + value)]


def reg_data_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    if glob == (ANY,):
        return one_of(Test(context.target))
    if len(glob) == 1 and isinstance(glob[0], str):
        return _reg_literal(glob[0], context)
    plain = Test(context.target, glob)
    if _strange_to_numbers(glob):
        return one_of(plain)
    if context.taxonomy == "ecs":
        return None
    framed = Test(context.target, normal(("DWORD (", *glob, ")")))
    return one_of(plain, framed, exact=False)


def _reg_literal(text: str, context: Context) -> Rewrite:
    """Rewrite one text: a DWORD has several spellings, whose case is lost in the decimal one."""
    if not _DWORD.fullmatch(text):
        plain = (Test(context.target, (text,)),)
        if context.taxonomy != "ecs" or not _DECIMAL.fullmatch(text):
            return Rewrite((plain,), exact=True)
        kind = _data_type(context)
        return Rewrite((plain, (Test(kind, negated=True), Test(kind, _WORDS, negated=True))), True)
    texts = _dword_texts(text, context)
    exact = len(texts) == 1 or text[2:].isdecimal()
    tests = tuple(Test(context.target, (spelled,)) for spelled in texts)
    return Rewrite((tests,), exact, caseless=True)


def _strange_to_numbers(glob: Glob) -> bool:
    """Return whether no spelling of a DWORD matches: a character occurs in none of them."""
    texts = "".join(part for part in glob if isinstance(part, str))
    return not set(texts.lower()) <= _OF_NUMBERS


def is_not_decimal(value: str, context: Context) -> bool:
    return context.taxonomy != "ecs" or not _DECIMAL.fullmatch(value)


def reg_data_forward(value: str, context: Context) -> Pairs:
    placed = [(context.target, _dword_texts(value, context)[0])]
    if context.taxonomy == "ecs" and _DWORD.fullmatch(value):
        placed.append((_data_type(context), "SZ_DWORD"))
    return placed


_WORDS: Glob = (ANY, "WORD")  # REG_DWORD, REG_QWORD, and SZ_DWORD, SZ_QWORD of Sysmon's ingest


def _data_type(context: Context) -> str:
    """Return the field beside `registry.data.strings` that has the type of the data."""
    return f"{context.target.rpartition('.')[0]}.type"


def _dword_texts(value: str, context: Context) -> tuple[str, ...]:
    """Return the spellings of registry data in the target, the usual one first."""
    if not _DWORD.fullmatch(value):
        return (value,)
    if context.taxonomy == "ecs":
        return (str(int(value, 16)), value)
    return (f"DWORD ({value})",) if context.taxonomy == "sigma" else (value,)


def reg_type_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    tests = tuple(
        Test(context.target, start) for name, start in _VALUE_TYPES.items()
        if glob_matches(glob, name)
    )
    if any(glob_matches(glob, name) for name in ("REG_SZ", "REG_EXPAND_SZ", "REG_MULTI_SZ")):
        return None
    return one_of(*tests) if tests else None


def reg_type_forward(value: str, context: Context) -> Pairs:
    texts = {"REG_DWORD": "DWORD ()", "REG_QWORD": "QWORD ()", "REG_BINARY": "Binary Data"}
    text = texts.get(value.upper())
    return [] if text is None else [(context.target, text)]


def hive_rewrite(tail: Glob) -> RewriteRule:
    def change(glob: Glob, context: Context) -> Rewrite | None:
        names = {name for name in (*_HIVES, *_HIVES.values()) if glob_matches(glob, name)}
        short = dict.fromkeys(_HIVES.get(name, name) for name in sorted(names))
        tests = (Test(context.target, normal((name, *tail))) for name in short)
        return one_of(*tests, exact=False) if short else None

    return change


def hive_forward(tail: str) -> ForwardRule:
    return lambda value, context: [(context.target, _HIVES.get(value.upper(), value) + tail)]


# --- the rest -----------------------------------------------------------------------------------


def null_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    """Success is a missing field, failure a field that exists, other words its value."""
    if glob == (ANY,):
        return None
    if len(glob) != 1:
        return one_of(Test(context.target, glob))
    word = str(glob[0]).lower()
    if word == "failure":
        return one_of(Test(context.target), exact=context.field == "action")
    if word == "success":
        return one_of(Test(context.target, negated=True))
    return one_of(Test(context.target, glob))


def one_of_two_outcomes(value: str, context: Context) -> bool:
    """Return whether an action is a success or a failure; other fields hold codes of errors too."""
    return context.field != "action" or value.lower() in ("success", "failure")


def null_forward(value: str, context: Context) -> Pairs:
    return [] if value.lower() == "success" else [(context.target, value)]


def system_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    """A system is named in the target; what else an object can be, no field tells."""
    if glob == (ANY,) or is_system("".join(map(str, glob)), context):
        return one_of(Test(context.target))
    return None


def is_system(value: str, context: Context) -> bool:
    return value.lower() == "system"


def title_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    codes = [code for code, title in _titles() if glob_matches(glob, title)]
    tests = (Test(context.target, (code,)) for code in codes)
    return one_of(*tests, exact=False) if codes else None


def title_forward(value: str, context: Context) -> Pairs:
    codes = [code for code, title in _titles() if title.lower() == value.lower()]
    return [(context.target, code) for code in codes[:1]]


@cache
def _titles() -> tuple[tuple[str, str], ...]:
    facts: Mapping[str, Mapping[str, str]] = load("windows_events.json")
    return tuple(item for events in facts.values() for item in events.items())


def member(context: Context) -> str:
    """Return the field of a flattened object's member: the path behind the first `{}.`."""
    return f"{context.target}.{context.field.partition('{}.')[2].replace('{}', '')}"


def flat_rewrite(glob: Glob, context: Context) -> Rewrite:
    return one_of(Test(member(context), None if glob == (ANY,) else glob))


def args_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    """Rewrite a pattern on the arguments joined with blanks to one on each argument.

    The list of arguments ends with their number, so that a blank follows each of them.
    """
    if glob == (ANY,):
        return one_of(Test(context.target))
    names = _args(context)
    match glob:
        case (Wild.ANY, *inner, Wild.ANY) if (tests := _in_one_argument(tuple(inner))) is not None:
            return one_of(*(Test(name, test) for test in tests for name in names))
        case _:
            return _whole_words(glob, names)


def _in_one_argument(parts: Glob) -> list[Glob] | None:
    """Return the patterns on an argument in which a text stands; None if it needs several.

    A blank before it may also be the one before the argument, and one behind it likewise. None as
    well for a text that might be the number of arguments.
    """
    texts = [part for part in parts if isinstance(part, str)]
    if ANY in parts or not any(char.isalpha() for text in texts for char in text):
        return None
    before = isinstance(parts[0], str) and parts[0].startswith(" ")
    behind = isinstance(parts[-1], str) and parts[-1].endswith(" ")
    core = list(parts)
    core[0] = str(parts[0]).removeprefix(" ") if before else core[0]
    core[-1] = str(core[-1]).removesuffix(" ") if behind else core[-1]
    if any(" " in part for part in core if isinstance(part, str)):
        return None
    starts: tuple[Glob, ...] = ((ANY, " "), ()) if before else ((ANY,),)
    ends: tuple[Glob, ...] = ((" ", ANY), ()) if behind else ((ANY,),)
    return [normal((*start, *core, *end)) for start in starts for end in ends]


def _whole_words(glob: Glob, names: tuple[str, ...]) -> Rewrite | None:
    """Ask for each whole word of the pattern as an argument; None if there is no word.

    A number that ends the pattern may be that of the arguments, which is none of them.
    """
    marked = "".join("\0" if isinstance(part, Wild) else part for part in glob)
    *inner, last = marked.split() or [""]
    asked = inner if last.isdigit() else [*inner, last]
    words = [word for word in asked if "\0" not in word]
    groups = tuple(tuple(Test(name, (word,)) for name in names) for word in words)
    return Rewrite(groups, exact=False) if groups else None


def _args(context: Context) -> tuple[str, ...]:
    return tuple(f"a{i}" for i in range(10)) if context.taxonomy == "sigma" else (context.target,)


def args_forward(value: str, context: Context) -> Pairs:
    words, names = value.split(), _args(context)
    if counts_arguments(value, context):
        words.pop()
    return [(names[min(i, len(names) - 1)], word) for i, word in enumerate(words)]


def counts_arguments(value: str, context: Context) -> bool:
    """Return whether joined arguments end with their number, as a record's do."""
    *words, last = value.split() or ("",)
    return last == str(len(words))


def hex_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    """Rewrite a pattern that no digits meet: the title is as it is (others are found as well)."""
    if glob == (ANY,):
        return one_of(Test(context.target))
    texts = "".join(part for part in glob if isinstance(part, str))
    if re.fullmatch("[0-9A-Fa-f]*", texts):
        return None
    return one_of(Test(context.target, glob), exact=False)


def hex_forward(value: str, context: Context) -> Pairs:
    """Place a title of the audit, decoded: two digits are a byte, and a zero byte is a blank."""
    if re.fullmatch(r"(?:[0-9A-F]{2})+", value):
        value = bytes.fromhex(value).replace(b"\0", b" ").decode("utf-8", "replace")
    return [(context.target, value)]


def pairs_of_digits(value: str, context: Context) -> bool:
    """Return whether a title is no hexadecimal digits, or two for each byte."""
    return len(value) % 2 == 0 or not re.fullmatch("[0-9A-F]+", value)


def record_rewrite(glob: Glob, context: Context) -> Rewrite:
    lowered = (part if isinstance(part, Wild) else part.lower() for part in glob)
    return one_of(Test(context.target, None if glob == (ANY,) else tuple(lowered)))


def props_rewrite(glob: Glob, context: Context) -> Rewrite | None:
    """A name becomes the existence of its member; a value alone cannot be placed."""
    if not context.field.endswith(".Name") or len(glob) != 1 or isinstance(glob[0], Wild):
        return None
    leaf = ".NewValue" if context.target.endswith("ModifiedProperties") else ""
    return one_of(Test(f"{context.target}.{glob[0]}{leaf}"))


def names_property(value: str, context: Context) -> bool:
    """Return whether a text can be the name of a member; the value of one is any text."""
    return value.isalnum() or not context.field.endswith(".Name")


def same(glob: Glob, context: Context) -> Rewrite:
    return one_of(Test(context.target, None if glob == (ANY,) else glob))


def unsaid(glob: Glob, context: Context) -> Rewrite | None:
    return None


def nowhere(value: str, context: Context) -> Pairs:
    return []


def keep(value: str, context: Context) -> Pairs:
    return [(context.target, value)]
