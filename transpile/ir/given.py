"""What a predicate says where other parts of it are known to hold.

In `a and (a and b or not a and c)` the inner `a` is known: `a and b` is left. `ir.simplify` has an
eye on direct neighbours; this goes all the way down, for choices within choices.
"""

from __future__ import annotations

from transpile.ir.pred import FALSE, TRUE, And, Const, Not, Or, Pred, all_of, any_of, negate

Facts = frozenset[Pred]


def decided(pred: Pred) -> Pred:
    """Return an equivalent predicate without parts that their surroundings decide."""
    shorter = _given(pred, frozenset(), frozenset())
    return pred if shorter == pred else decided(shorter)


def _given(pred: Pred, true: Facts, false: Facts) -> Pred:
    """Return a predicate that equals `pred` where all of `true` hold and none of `false`."""
    if pred in true:
        return TRUE
    if pred in false:
        return FALSE
    match pred:
        case Not(arg):
            return negate(_given(arg, true, false))
        case And(args):
            return all_of(_parts(args, true, false, holding=True))
        case Or(args):
            return any_of(_parts(args, true, false, holding=False))
        case _:
            return pred


def _parts(args: tuple[Pred, ...], true: Facts, false: Facts, *, holding: bool) -> list[Pred]:
    """Return the parts of a junction; the plain ones are known beside the others.

    holding: whether the other parts may be taken to hold (in a conjunction), or to fail.
    """
    found: list[Pred] = []
    waiting: list[tuple[int, Pred]] = []
    for arg in args:
        if _is_plain(arg):
            part = _given(arg, true, false)
            found.append(part)
            if isinstance(part, Const):
                continue
            plain, positive = (part.arg, False) if isinstance(part, Not) else (part, True)
            if positive is holding:
                true |= {plain}
            else:
                false |= {plain}
        else:
            waiting.append((len(found), arg))
            found.append(arg)
    for at, arg in waiting:
        found[at] = _given(arg, true, false)
    return found


def _is_plain(pred: Pred) -> bool:
    inner = pred.arg if isinstance(pred, Not) else pred
    return not isinstance(inner, (And, Or, Not))
