"""Commands that work row by row (spl-semantics 5): one function a command, a line of `ROWS`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from transpile.ir.expr import Call, Case, Expr, Field, Lit, Node, RegexLit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Condition, Glob, Matches, Not, Pred, Test, TextEq
from transpile.ir.regex import Regex, RegexError, parse_regex
from transpile.ir.stages import (
    Compute,
    ComputeNamed,
    Expand,
    Extract,
    Fill,
    Filter,
    ForEach,
    Geo,
    Lookup,
    Opaque,
    Parse,
    Project,
    Rename,
    Stage,
    Store,
)
from transpile.ir.walk import rebuild, rename_fields
from transpile.lower.common import CannotLower, read_inner, where_is
from transpile.lower.expressions import is_condition, true_of, value_of
from transpile.spl import ast, parse_subsearch


def where(command: ast.Where) -> list[Stage]:
    """`where expr`: keeps rows for which the condition is TRUE."""
    return [Filter(true_of(command.expr), span=where_is(command))]


def eval_(command: ast.Eval) -> list[Stage]:
    """`eval a=x, b=y`; what cannot be computed makes its field unknown."""
    stages: list[Stage] = []
    pending: list[tuple[str, Expr]] = []
    for item in command.assignments:
        stage = _assignment(item)
        if isinstance(stage, tuple):
            pending.append(stage)
            continue
        if pending:
            stages.append(Compute(tuple(pending), span=where_is(command)))
            pending = []
        stages.append(stage)
    if pending:
        stages.append(Compute(tuple(pending), span=where_is(command)))
    return stages


def _assignment(item: ast.Assignment) -> tuple[str, Expr] | Stage:
    """Return an assignment, or the stage that one of another kind is."""
    span = where_is(item)
    try:
        value = value_of(item.expr)
    except CannotLower as refusal:
        adds = ("*",) if item.dynamic else (item.field,)
        return Opaque("eval", refusal.reason, adds=adds, span=refusal.span or span)
    return ComputeNamed(item.field, value, span=span) if item.dynamic else (item.field, value)


# -- regular expressions -------------------------------------------------------------------------


def _regex(text: str, command: ast.Command) -> Regex:
    try:
        return parse_regex(text)
    except RegexError as error:
        reason = f"the regular expression cannot be read: {error}"
        raise CannotLower(reason, where_is(command)) from error


def rex(command: ast.Rex) -> list[Stage]:
    """`rex`: named groups become fields; `mode=sed` rewrites the field (5.10)."""
    if command.option("offset_field"):
        raise CannotLower("rex with offset_field", where_is(command))
    if command.mode == "sed":
        return [_sed(command)]
    regex = _regex(command.pattern, command)
    limit = command.number("max_match", 1)
    return [Extract(command.field, regex, 1 if limit is None else limit, span=where_is(command))]


_SED_FLAGS = re.compile(r"(?:g|\d+|i|I)*")


def _sed(command: ast.Rex) -> Stage:
    parts = _sed_parts(command.pattern)
    if parts is None:
        raise CannotLower("the sed expression cannot be read", where_is(command))
    kind, old, new, flags = parts
    field = Field(command.field)
    if kind == "y":
        value: Expr = Call("translate", (field, Lit(old), Lit(new)))
    else:
        prefix = "(?i)" if "i" in flags.lower() else ""
        digits = re.sub(r"\D", "", flags)
        nth = 0 if "g" in flags else int(digits or 1)
        regex = RegexLit(_regex(prefix + old, command))
        value = Call("sed", (field, regex, Lit(new), Lit(nth)))
    return Compute(((command.field, value),), span=where_is(command))


def _sed_parts(text: str) -> tuple[str, str, str, str] | None:
    """Split `s/old/new/flags` at unescaped delimiters."""
    text = text.strip()
    if len(text) < 4 or text[0] not in "sy":
        return None
    delimiter = text[1]
    pieces: list[str] = []
    current, position = "", 2
    while position < len(text) and len(pieces) < 2:
        if text[position] == "\\" and position + 1 < len(text):
            escaped = text[position + 1]
            current += escaped if escaped == delimiter else text[position : position + 2]
            position += 2
        elif text[position] == delimiter:
            pieces.append(current)
            current = ""
            position += 1
        else:
            current += text[position]
            position += 1
    flags = text[position:]
    if len(pieces) != 2 or not _SED_FLAGS.fullmatch(flags):
        return None
    return text[0], pieces[0], pieces[1], flags


def regex(command: ast.Regex) -> list[Stage]:
    """`regex f="re"` keeps rows that match, `f!=` those that do not, also without f (U12)."""
    span = where_is(command)
    matches = Test(Field(command.field), Matches(_regex(command.pattern, command)), span=span)
    pred: Pred = Not(matches, span=span) if command.negated else matches
    return [Filter(pred, span=span)]


# -- names ---------------------------------------------------------------------------------------


def rename(command: ast.Rename) -> list[Stage]:
    """`rename a AS b, ...`."""
    pairs = tuple((p.source, p.target) for p in command.pairs)
    return [Rename(pairs, span=where_is(command))]


def table(command: ast.Table) -> list[Stage]:
    """`table list`: exactly these fields."""
    return [Project(command.fields, span=where_is(command))]


def fields(command: ast.Fields) -> list[Stage]:
    """`fields [+|-] list`; a keep leaves internal fields."""
    keep = command.keep
    return [Project(command.fields, drop=not keep, keep_internal=keep, span=where_is(command))]


# -- values --------------------------------------------------------------------------------------


def fillnull(command: ast.Fillnull) -> list[Stage]:
    """`fillnull [value=] [fields]`."""
    return [Fill(command.value, command.fields, span=where_is(command))]


def filldown(command: ast.Filldown) -> list[Stage]:
    """`filldown [fields]`."""
    return [Fill("", command.fields, down=True, span=where_is(command))]


def replace(command: ast.Replace) -> list[Stage]:
    """`replace old WITH new IN fields`: whole values, `*` carried over, without case (U17)."""
    span = where_is(command)
    if not command.fields:
        return [ForEach(("*",), (("<<FIELD>>", _replaced("<<FIELD>>", command)),), span=span)]
    return [Compute(tuple((f, _replaced(f, command)) for f in command.fields), span=span)]


def _replaced(name: str, command: ast.Replace) -> Expr:
    field = Field(name)
    branches = []
    for pair in command.pairs:
        condition: Condition = TextEq(pair.source)
        value: Expr = Lit(pair.target)
        if "*" in pair.source:
            condition = Glob(Pattern.from_spl(pair.source))
            if "*" in pair.target:
                value = Call("replace", (field, RegexLit(_captures(pair.source)), _numbered(pair)))
        branches.append((Test(field, condition), value))
    return Case(tuple(branches), field)


def _captures(pattern: str) -> Regex:
    body = "(.*)".join(re.escape(part) for part in pattern.split("*"))
    return parse_regex(rf"(?si)^{body}\z")


def _numbered(pair: ast.Renaming) -> Lit:
    """Return the target with its wildcards numbered; only a backslash before a digit is special."""
    if re.search(r"\\\d", pair.target):
        raise CannotLower("a replacement with a backslash before a digit", where_is(pair))
    head, *rest = pair.target.split("*")
    return Lit(head + "".join(f"\\{i}{part}" for i, part in enumerate(rest, 1)))


CTIME_FORMAT = "%m/%d/%Y %H:%M:%S"


def convert(command: ast.Convert) -> list[Stage]:
    """`convert func(field) AS new`: a value that cannot be converted stays (5.20)."""
    stages: list[Stage] = []
    span = where_is(command)
    form = command.option("timeformat") or CTIME_FORMAT
    for item in command.conversions:
        if item.func == "none":
            continue
        target = item.alias or item.field
        if "*" in item.field:
            value = _converted(item.func, Field("<<FIELD>>"), form, item)
            stages.append(ForEach((item.field,), (("<<FIELD>>", value),), span=span))
        else:
            value = _converted(item.func, Field(item.field), form, item)
            stages.append(Compute(((target, value),), span=span))
    return stages


def _converted(func: str, field: Field, form: str, item: ast.Conversion) -> Expr:
    match func:
        case "ctime":
            return Call("coalesce", (Call("strftime", (field, Lit(form))), field))
        case "mktime":
            return Call("coalesce", (Call("strptime", (field, Lit(form))), field))
        case "num":
            return Call("tonumber", (field,))
        case "auto":
            return Call("coalesce", (Call("tonumber", (field,)), field))
        case "dur2sec" | "mstime" | "memk" | "rmunit" | "rmcomma":
            return Call("coalesce", (Call("unit_number", (field, Lit(func))), field))
        case _:
            raise CannotLower(f"convert function {func}", where_is(item))


def makemv(command: ast.Makemv) -> list[Stage]:
    """`makemv`: splits by a delimiter or by the matches of a tokenizer (5.13)."""
    field = Field(command.field)
    tokenizer = command.option("tokenizer")
    if tokenizer is not None:
        value = Call("mvtokens", (field, RegexLit(_regex(tokenizer, command))))
    else:
        delimiter = Lit(command.option("delim", " ") or " ")
        empty = Lit(1 if command.flag("allowempty") else 0)
        value = Call("mvsplit", (field, delimiter, empty))
    return [Compute(((command.field, value),), span=where_is(command))]


def nomv(command: ast.Nomv, delimiter: str = "\n") -> list[Stage]:
    """`nomv`: values joined by newlines, or by what an earlier `mvcombine` set for the field."""
    value = Call("mvjoin", (Field(command.field), Lit(delimiter)))
    return [Compute(((command.field, value),), span=where_is(command))]


def mvexpand(command: ast.Mvexpand) -> list[Stage]:
    """`mvexpand field [limit=]`."""
    return [Expand(command.field, command.number("limit", 0) or 0, span=where_is(command))]


# -- structured text -----------------------------------------------------------------------------


def spath(command: ast.Spath) -> list[Stage]:
    """`spath [input=] [output=] [path=]`."""
    span = where_is(command)
    if command.path is None:
        return [Parse("auto", command.input, span=span)]
    target = command.output or command.path
    return [Parse("json-path", command.input, path=command.path, target=target, span=span)]


def xmlkv(command: ast.Xmlkv) -> list[Stage]:
    """`xmlkv [field]`: `<a>b</a>` as a=b."""
    return [Parse("xml-pairs", command.field, span=where_is(command))]


def extract(command: ast.Extract) -> list[Stage]:
    """`extract pairdelim= kvdelim=`."""
    if command.stanzas:
        raise CannotLower("extract with a transform of the installation", where_is(command))
    pairs = command.option("pairdelim", " ,;\t\n") or ""
    values = command.option("kvdelim", "=") or ""
    return [Parse("pairs", "_raw", pair_delims=pairs, value_delims=values, span=where_is(command))]


def fromjson(command: ast.Fromjson) -> list[Stage]:
    """`fromjson field [prefix=]`."""
    prefix = command.option("prefix", "") or ""
    return [Parse("json", f, prefix=prefix, span=where_is(command)) for f in command.fields]


# -- other data ----------------------------------------------------------------------------------


def lookup(command: ast.Lookup) -> list[Stage]:
    """`lookup table key AS field OUTPUT|OUTPUTNEW column AS field`."""
    return [
        Lookup(
            command.table,
            tuple((k.column, k.field) for k in command.keys),
            tuple((o.column, o.field) for o in command.output),
            keep_existing=command.output_mode == "OUTPUTNEW",
            span=where_is(command),
        )
    ]


def iplocation(command: ast.Iplocation) -> list[Stage]:
    """`iplocation [prefix=] field`."""
    prefix = command.option("prefix", "") or ""
    return [Geo(command.field, prefix, command.flag("allfields"), span=where_is(command))]


def outputlookup(command: ast.Outputlookup) -> list[Stage]:
    """`outputlookup table`: rows pass."""
    return [Store(command.table, span=where_is(command))]


_TOKENS = ("FIELD", "MATCHSTR", "MATCHSEG1", "MATCHSEG2", "MATCHSEG3")


def foreach(command: ast.Foreach) -> list[Stage]:
    """`foreach patterns [eval ...]`: the template is textual, so it is read with stand-in names."""
    text = command.template
    for token in _TOKENS:
        written = command.option(token.lower().replace("field", "fieldstr"), f"<<{token}>>")
        text = text.replace(written or f"<<{token}>>", f"stand_in_{token}_")
    search = read_inner(parse_subsearch, text, "the template of foreach", where_is(command))
    template: list[tuple[str, Expr]] = []
    for inner in search.commands:
        if not isinstance(inner, ast.Eval) or any(a.dynamic for a in inner.assignments):
            raise CannotLower("foreach over other commands than eval", where_is(command))
        for item in inner.assignments:
            if _tests_placeholder(item.expr):
                raise CannotLower("foreach with a test on a placeholder", where_is(command))
            value = rename_fields(value_of(item.expr), _with_tokens)
            template.append((_with_tokens(item.field), _literals_with_tokens(value)))
    return [ForEach(command.patterns, tuple(template), span=where_is(command))]


def _tests_placeholder(expr: ast.Expr) -> bool:
    """Return whether a condition compares a text that only the loop knows; it would be folded."""
    if is_condition(expr):
        return _mentions_placeholder(expr)
    return any(map(_tests_placeholder, _operands(expr)))


def _operands(expr: ast.Expr) -> tuple[ast.Expr, ...]:
    match expr:
        case ast.Call(args=args):
            return args
        case ast.Unary(arg=arg):
            return (arg,)
        case ast.Binary(left=left, right=right):
            return left, right
        case ast.InList(arg=arg, items=items):
            return arg, *items
        case _:
            return ()


def _mentions_placeholder(expr: ast.Expr) -> bool:
    if isinstance(expr, ast.Literal):
        return "stand_in_" in str(expr.value)
    return any(map(_mentions_placeholder, _operands(expr)))


def _with_tokens(name: str) -> str:
    return re.sub(r"stand_in_(\w+?)_", r"<<\1>>", name)


def _literals_with_tokens(value: Expr) -> Expr:
    def change(node: Node) -> Node:
        if isinstance(node, Lit) and isinstance(node.value, str):
            return Lit(_with_tokens(node.value), span=node.span)
        return rebuild(node, change)

    return change(value)  # type: ignore[return-value]


ROWS: Mapping[type[ast.Command], Callable[[Any], list[Stage]]] = {
    ast.Where: where,
    ast.Eval: eval_,
    ast.Rex: rex,
    ast.Regex: regex,
    ast.Rename: rename,
    ast.Table: table,
    ast.Fields: fields,
    ast.Fillnull: fillnull,
    ast.Filldown: filldown,
    ast.Replace: replace,
    ast.Convert: convert,
    ast.Makemv: makemv,
    ast.Nomv: nomv,
    ast.Mvexpand: mvexpand,
    ast.Spath: spath,
    ast.Xmlkv: xmlkv,
    ast.Extract: extract,
    ast.Fromjson: fromjson,
    ast.Lookup: lookup,
    ast.Iplocation: iplocation,
    ast.Outputlookup: outputlookup,
    ast.Foreach: foreach,
}
