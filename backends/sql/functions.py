"""The functions of `transpile.ir.functions` in SQL: one table entry each.

An entry gets its arguments as SQL values (lists reduced as the registry of functions says). What
is not in a table here is refused by name (TGT604).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import (
    Function,
    as_list,
    as_number,
    as_text,
    common_kind,
    convert,
    expression,
    first_of,
    whole_literal,
)
from transpile.backends.sql.functions_time import TIME_FUNCTIONS
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.regexes import regex_text
from transpile.backends.sql.values import ALWAYS, NUMERIC, Kind, Scope, Value, either, null_value

from transpile.errors import Unsupported
from transpile.ir.expr import Call, Lit, RegexLit
from transpile.ir.regex import Purpose


def _all(values: list[Value]) -> frozenset[str] | None:
    missing: frozenset[str] | None = ALWAYS
    for value in values:
        missing = either(missing, value.missing)
    return missing


# -- numbers ---------------------------------------------------------------------------------------


def _arithmetic(kind: type[exp.Binary]) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        left, right = (as_number(arg, scope) for arg in args)
        whole = left.kind is Kind.INT and right.kind is Kind.INT
        node = n.binary(kind, left.sql, right.sql)
        return Value(node, Kind.INT if whole else Kind.REAL, _all([left, right]))

    return made


def _div(scope: Scope, args: list[Value]) -> Value:
    left, right = (as_number(arg, scope) for arg in args)
    top = scope.writer.dialect.real(left.sql) if left.kind is Kind.INT else left.sql
    literal = isinstance(right.node, exp.Literal) and float(right.node.this) != 0
    under = right.sql if literal else n.nullif(right.sql, n.number(0))
    missing = _all([left, right]) if literal else None
    return Value(n.binary(exp.Div, top, under), Kind.REAL, missing)


def _mod(scope: Scope, args: list[Value]) -> Value:
    left, right = (as_number(arg, scope) for arg in args)
    whole = left.kind is Kind.INT and right.kind is Kind.INT
    node = scope.writer.dialect.modulo(left.sql, n.nullif(right.sql, n.number(0)))
    return Value(node, Kind.INT if whole else Kind.REAL)


def _neg(scope: Scope, args: list[Value]) -> Value:
    value = as_number(args[0], scope)
    return Value(exp.Neg(this=n.tight(value.sql)), value.kind, value.missing)


def _abs(scope: Scope, args: list[Value]) -> Value:
    value = as_number(args[0], scope)
    return Value(n.call("ABS", value.sql), value.kind, value.missing)


def _stepped(name: str) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        value = as_number(args[0], scope)
        if value.kind is Kind.INT:
            return value
        return Value(n.call(name, value.sql), Kind.REAL, value.missing)

    return made


def _round(scope: Scope, args: list[Value]) -> Value:
    value = as_number(args[0], scope)
    digits = 0
    if len(args) > 1:
        digits = whole_literal(args[1], scope, "number of decimals")
    if value.kind is Kind.INT:
        return value
    node = scope.writer.dialect.round_half_away(lambda: value.sql, digits)
    return Value(node, Kind.REAL, value.missing)


def _real_function(name: str) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        values = [as_number(arg, scope) for arg in args]
        return Value(n.call(name, *(v.sql for v in values)), Kind.REAL)

    return made


def _guarded(name: str, above: float, kind: type[exp.Binary]) -> Function:
    """A function that engines fail on outside its domain; NULL there."""

    def made(scope: Scope, args: list[Value]) -> Value:
        value = as_number(args[0], scope)
        inside = n.binary(kind, value.sql, n.number(above))
        return Value(n.case([(inside, n.call(name, value.sql))]), Kind.REAL)

    return made


def _log(scope: Scope, args: list[Value]) -> Value:
    if len(args) == 1:
        return _guarded("LOG10", 0, exp.GT)(scope, args)
    top, base = (_guarded("LN", 0, exp.GT)(scope, [arg]) for arg in args)
    return Value(n.binary(exp.Div, top.sql, n.nullif(base.sql, n.number(0))), Kind.REAL)


def _pow(scope: Scope, args: list[Value]) -> Value:
    left, right = (as_number(arg, scope) for arg in args)
    node = scope.writer.dialect.power(left.sql, right.sql)
    return Value(node, Kind.REAL, _all([left, right]))


def _plus(scope: Scope, args: list[Value]) -> Value:
    """SPL's `+`: sum of two numbers, text of two texts, nothing of one of each."""
    left, right = args
    if left.kind in NUMERIC and right.kind in NUMERIC:
        return _arithmetic(exp.Add)(scope, args)
    a, b = as_number(left, scope), as_number(right, scope)
    joined = scope.writer.dialect.concat([as_text(v, scope).sql for v in args])
    texts = [n.is_null(v.sql) for v in (a, b) if not v.is_null]
    if a.is_null or b.is_null:
        if Kind.INT in (left.kind, right.kind) or Kind.REAL in (left.kind, right.kind):
            return null_value()
        return Value(n.case([(n.conjunction(texts), joined)]), Kind.TEXT)
    if left.kind in NUMERIC or right.kind in NUMERIC:
        return Value(n.binary(exp.Add, a.sql, b.sql), Kind.REAL)
    total = Value(n.binary(exp.Add, a.sql, b.sql), Kind.REAL)
    both = n.conjunction(n.is_not_null(v.sql) for v in (a, b))
    branches = [(both, as_text(total, scope).sql), (n.conjunction(texts), joined)]
    return Value(n.case(branches), Kind.TEXT)


# -- text ------------------------------------------------------------------------------------------


def _concat(scope: Scope, args: list[Value]) -> Value:
    texts = [as_text(arg, scope) for arg in args]
    node = scope.writer.dialect.concat([text.sql for text in texts])
    return Value(node, Kind.TEXT, _all(texts))


def _lower(scope: Scope, args: list[Value]) -> Value:
    scope.writer.assume("fold")
    value = as_text(args[0], scope)
    return Value(scope.writer.dialect.lower(value.sql), Kind.TEXT, value.missing)


def _upper(scope: Scope, args: list[Value]) -> Value:
    scope.writer.assume("fold")
    value = as_text(args[0], scope)
    return Value(scope.writer.dialect.upper(value.sql), Kind.TEXT, value.missing)


def _len(scope: Scope, args: list[Value]) -> Value:
    value = as_text(args[0], scope)
    return Value(scope.writer.dialect.length(value.sql), Kind.INT, value.missing)


def _substr(scope: Scope, args: list[Value]) -> Value:
    start = whole_literal(args[1], scope, "position")
    if start <= 0:
        scope.writer.dialect.refuse("substring from the end that fits SPL's rule")
    value = as_text(args[0], scope)
    size = None
    if len(args) > 2:
        size = n.number(max(0, whole_literal(args[2], scope, "length")))
    node = scope.writer.dialect.substring(value.sql, n.number(start), size)
    return Value(node, Kind.TEXT, value.missing)


def _trim(side: str) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        value = as_text(args[0], scope)
        characters = args[1].literal if len(args) > 1 else " \t"
        if characters is None:
            scope.writer.dialect.refuse("computed set of characters to trim")
        node = scope.writer.dialect.trim(value.sql, n.text(characters), side)
        return Value(node, Kind.TEXT, value.missing)

    return made


def _digest(kind: str) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        value = as_text(args[0], scope)
        return Value(scope.writer.dialect.digest(value.sql, kind), Kind.TEXT, value.missing)

    return made


def _tonumber(scope: Scope, args: list[Value]) -> Value:
    if len(args) > 1 and args[1].node != n.number(10):
        scope.writer.dialect.refuse("numbers in another base")
    return as_number(args[0], scope)


def _tostring(scope: Scope, args: list[Value]) -> Value:
    if len(args) > 1:
        scope.writer.dialect.refuse(f"number format {args[1].literal or 'that is computed'}")
    return as_text(args[0], scope)


# -- choice ----------------------------------------------------------------------------------------


def _coalesce(scope: Scope, args: list[Value]) -> Value:
    useful: list[Value] = []
    for arg in args:
        if arg.is_null or any(_null_together(before, arg) for before in useful):
            continue
        useful.append(arg)
        if arg.missing == ALWAYS:
            break
    if not useful:
        return null_value()
    kind = common_kind(arg.kind for arg in useful)
    values = [convert(arg, kind, scope) for arg in useful]
    if len(values) == 1:
        return values[0]
    missing = ALWAYS if useful[-1].missing == ALWAYS else None
    return Value(n.coalesce(*(value.sql for value in values)), kind, missing)


def _null_together(before: Value, after: Value) -> bool:
    """True if `after` is NULL wherever `before` is: it is the field whose absence makes it so."""
    return (
        isinstance(after.node, exp.Column)
        and before.missing is not None
        and before.missing == after.missing
        and len(before.missing) == 1
    )


def _nullif(scope: Scope, args: list[Value]) -> Value:
    left, right = (first_of(arg, scope) for arg in args)
    if left.kind in NUMERIC and right.kind in NUMERIC:
        return Value(n.nullif(left.sql, right.sql), left.kind)
    if right.literal is not None and as_number(right, scope).is_null:
        return Value(n.nullif(as_text(left, scope).sql, right.sql), Kind.TEXT)
    return scope.writer.dialect.refuse("NULLIF of a text and a number")


def _extreme(*, largest: bool) -> Function:
    """The smallest or largest of the arguments, numbers before other texts, missing ones aside."""

    def made(scope: Scope, args: list[Value]) -> Value:
        present = [arg for arg in args if not arg.is_null]
        if not present:
            return null_value()
        if len(present) > _COMPARED or any(arg.kind is Kind.LIST for arg in present):
            every = _mvappend(scope, present)
            node = scope.writer.dialect.list_extreme(lambda: every.sql, largest=largest)
            return Value(node, Kind.TEXT)
        kind = common_kind(arg.kind for arg in present)
        values = [convert(arg, kind, scope) for arg in present]
        best = values[0]
        for value in values[1:]:
            best = _better(best, value, scope, largest=largest)
        return best

    return made


_COMPARED = 4
"""Arguments of least and greatest without a list: each one triples the text."""


def _better(left: Value, right: Value, scope: Scope, *, largest: bool) -> Value:
    before = _goes_before(right, left, scope) if largest else _goes_before(left, right, scope)
    branches: list[tuple[Sql, Sql]] = []
    if left.missing != ALWAYS:
        branches.append((n.is_null(left.sql), right.sql))
    if right.missing != ALWAYS:
        branches.append((n.is_null(right.sql), left.sql))
    branches.append((before, left.sql))
    always = ALWAYS in (left.missing, right.missing)
    return Value(n.case(branches, right.sql), left.kind, ALWAYS if always else None)


def _goes_before(left: Value, right: Value, scope: Scope) -> Sql:
    if left.kind in NUMERIC:
        return n.binary(exp.LT, left.sql, right.sql)
    a, b = as_number(left, scope), as_number(right, scope)
    bytewise = scope.writer.dialect.bytewise
    return n.case(
        [
            (n.conjunction([n.is_not_null(a.sql), n.is_not_null(b.sql)]),
             n.binary(exp.LT, a.sql, b.sql)),
            (n.is_not_null(a.sql), n.boolean(True)),
            (n.is_not_null(b.sql), n.boolean(False)),
        ],
        n.binary(exp.LT, bytewise(left.sql), bytewise(right.sql)),
    )


# -- several values --------------------------------------------------------------------------------


def _mvappend(scope: Scope, args: list[Value]) -> Value:
    lists = [as_list(arg, scope) for arg in args if not arg.is_null]
    if not lists:
        return null_value(Kind.LIST)
    if len(lists) == 1:
        return lists[0]
    node = scope.writer.dialect.list_concat([one.sql for one in lists])
    return Value(node, Kind.LIST, ALWAYS if any(v.missing == ALWAYS for v in lists) else None)


def _mvcount(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if value.kind is not Kind.LIST:
        return Value(n.case([(n.is_not_null(value.sql), n.number(1))]), Kind.INT, value.missing)
    return Value(scope.writer.dialect.list_length(value.sql), Kind.INT, value.missing)


def _mvindex(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if len(args) == 2 and args[1].kind is Kind.INT and not _is_constant(args[1]):
        source = as_list(value, scope)
        at = args[1]
        return Value(scope.writer.dialect.list_from(lambda: source.sql, lambda: at.sql), Kind.TEXT)
    places = [whole_literal(arg, scope, "position in a list") for arg in args[1:]]
    if value.kind is not Kind.LIST:
        return value if places[0] in (0, -1) else null_value()
    dialect = scope.writer.dialect
    if len(places) == 1:
        return Value(dialect.list_item(lambda: value.sql, places[0]), Kind.TEXT)
    first, last = places
    if (first < 0) != (last < 0):
        dialect.refuse("part of a list counted from both ends")
    return Value(dialect.list_slice(lambda: value.sql, first, last), Kind.LIST)


def _is_constant(value: Value) -> bool:
    return isinstance(value.node, (exp.Literal, exp.Neg))


def _mvjoin(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if value.kind is not Kind.LIST:
        return as_text(value, scope)
    delimiter = as_text(args[1], scope)
    node = scope.writer.dialect.list_join(value.sql, delimiter.sql)
    return Value(node, Kind.TEXT, _all([value, delimiter]))


def _mvsort(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if value.kind is not Kind.LIST:
        return value
    return Value(scope.writer.dialect.list_sorted(value.sql), Kind.LIST, value.missing)


def _mvdedup(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if value.kind is not Kind.LIST:
        return value
    node = scope.writer.dialect.list_distinct(lambda: value.sql)
    return Value(node, Kind.LIST, value.missing)


def _split(scope: Scope, args: list[Value]) -> Value:
    if args[1].literal == "":
        scope.writer.dialect.refuse("splitting into characters")
    text, delimiter = (as_text(arg, scope) for arg in args)
    node = scope.writer.dialect.list_split(text.sql, delimiter.sql)
    return Value(node, Kind.LIST, _all([text, delimiter]))


def _mvsplit(scope: Scope, args: list[Value]) -> Value:
    delimiter = args[1].literal
    if not delimiter:
        scope.writer.dialect.refuse("splitting at a delimiter that is computed or empty")
    dialect = scope.writer.dialect
    value = as_list(args[0], scope)
    made = dialect.list_flat(value.sql, lambda item: dialect.list_split(item, n.text(delimiter)))
    if len(args) > 2 and whole_literal(args[2], scope, "choice to keep empty pieces") == 1:
        return Value(made, Kind.LIST, value.missing)
    kept = dialect.list_filter(made, lambda item: n.binary(exp.NEQ, item, n.text("")))
    return Value(kept, Kind.LIST)


def _urldecode(scope: Scope, args: list[Value]) -> Value:
    value = as_text(args[0], scope)
    scope.writer.note("percent-encoded text is UTF-8")
    return Value(scope.writer.dialect.url_decoded(value.sql), Kind.TEXT, None)


# -- JSON ------------------------------------------------------------------------------------------

JSON_TEXTS = (
    "JSON texts name each member once, without dots and leading `_`; XML is not read where JSON is"
)
"""What a query that reads JSON takes for granted."""


def json_path(path: str, scope: Scope) -> tuple[str, bool]:
    """Return a path as JSONPath, and whether it leads to several values."""
    from transpile.interpret.structured import path_steps

    written = ["$"]
    steps = path_steps(path)
    for kind, name in steps:
        if kind == "attribute" or '"' in name or "\\" in name:
            scope.writer.dialect.refuse(f"JSON path {path}")
        written.append({"name": f'."{name}"', "all": "[*]", "index": f"[{name}]"}[kind])
    return "".join(written), any(kind == "all" for kind, _ in steps)


def _spath(scope: Scope, args: list[Value]) -> Value:
    path = args[1].literal
    if path is None:
        scope.writer.dialect.refuse("computed path")
    scope.writer.note(JSON_TEXTS)
    where, several = json_path(path, scope)
    value = as_text(args[0], scope)
    if not several:
        return Value(scope.writer.dialect.json_text(lambda: value.sql, where), Kind.TEXT)
    found = scope.writer.dialect.json_texts(value.sql, where)
    return Value(scope.writer.dialect.list_or_null(found), Kind.LIST)


FUNCTIONS: Mapping[str, Function] = {
    "add": _arithmetic(exp.Add),
    "sub": _arithmetic(exp.Sub),
    "mul": _arithmetic(exp.Mul),
    "plus": _plus,
    "div": _div,
    "mod": _mod,
    "neg": _neg,
    "abs": _abs,
    "ceil": _stepped("CEIL"),
    "floor": _stepped("FLOOR"),
    "round": _round,
    "sqrt": _guarded("SQRT", 0, exp.GTE),
    "pow": _pow,
    "exp": _real_function("EXP"),
    "ln": _guarded("LN", 0, exp.GT),
    "log": _log,
    "pi": _real_function("PI"),
    "sin": _real_function("SIN"),
    "cos": _real_function("COS"),
    "tan": _real_function("TAN"),
    "atan": _real_function("ATAN"),
    "atan2": _real_function("ATAN2"),
    "concat": _concat,
    "lower": _lower,
    "upper": _upper,
    "len": _len,
    "substr": _substr,
    "urldecode": _urldecode,
    "trim": _trim("TRIM"),
    "ltrim": _trim("LTRIM"),
    "rtrim": _trim("RTRIM"),
    "md5": _digest("md5"),
    "sha1": _digest("sha1"),
    "sha256": _digest("sha256"),
    "sha512": _digest("sha512"),
    "tonumber": _tonumber,
    "tostring": _tostring,
    "coalesce": _coalesce,
    "nullif": _nullif,
    "least": _extreme(largest=False),
    "greatest": _extreme(largest=True),
    "mvappend": _mvappend,
    "mvcount": _mvcount,
    "mvdedup": _mvdedup,
    "mvindex": _mvindex,
    "mvjoin": _mvjoin,
    "mvsort": _mvsort,
    "mvsplit": _mvsplit,
    "split": _split,
    "spath": _spath,
    **TIME_FUNCTIONS,
}


# -- with a regular expression ---------------------------------------------------------------------


def _replace(call: Call, scope: Scope) -> Value:
    value, regex, replacement = call.args
    if not isinstance(regex, RegexLit) or not (
        isinstance(replacement, Lit) and isinstance(replacement.value, str)
    ):
        raise Unsupported("a replacement that is computed", code="TGT604", span=call.span)
    subject = expression(value, scope)
    text = regex_text(regex.regex, scope, Purpose.REPLACE)
    new = replacement.value

    def each(item: Sql) -> Sql:
        return scope.writer.dialect.replace_regex(item, text, new)

    if subject.kind is Kind.LIST:
        mapped = scope.writer.dialect.list_map(subject.sql, each)
        return Value(mapped, Kind.LIST, subject.missing)
    single = as_text(subject, scope)
    return Value(each(single.sql), Kind.TEXT, single.missing)


RegexFunction = Callable[[Call, Scope], Value]

def _mvfind(call: Call, scope: Scope) -> Value:
    value, regex = call.args
    if not isinstance(regex, RegexLit):
        raise Unsupported("a regular expression that is computed", code="TGT605", span=call.span)
    source = as_list(expression(value, scope), scope)
    text = regex_text(regex.regex, scope)
    dialect = scope.writer.dialect
    found = dialect.list_find(source.sql, lambda item: dialect.matches(item, text))
    return Value(found, Kind.INT)


REGEX_FUNCTIONS: Mapping[str, RegexFunction] = {"replace": _replace, "mvfind": _mvfind}

