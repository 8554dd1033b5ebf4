"""The reference interpreter: what the IR means, run over events.

`run_pipeline` gives the result rows of a rule, `matched` the events behind them. `compile_pred` and
`compile_expr` give closures over rows (`event_row` makes a row of an event). Every other reading of
a rule in this project is judged by this one.
"""

from __future__ import annotations

from transpile.interpret.context import Context, Scope
from transpile.interpret.engine import Interpreter, matched, run_pipeline
from transpile.interpret.errors import NotComputable
from transpile.interpret.events import event_row
from transpile.interpret.expressions import Evaluate
from transpile.interpret.expressions import compile_expr as _compile_expr
from transpile.interpret.predicates import Decide
from transpile.interpret.predicates import compile_pred as _compile_pred
from transpile.interpret.values import Row, Value
from transpile.ir.decide import number_text
from transpile.ir.expr import Expr
from transpile.ir.pred import Pred
from transpile.tables import Table

__all__ = [
    "Context",
    "Interpreter",
    "NotComputable",
    "Row",
    "Table",
    "Value",
    "compile_expr",
    "compile_pred",
    "event_row",
    "matched",
    "number_text",
    "run_pipeline",
]


def compile_pred(pred: Pred, context: Context | None = None) -> Decide:
    """Return a closure that decides a row; build once per rule, call once per row.

    Rows are as `event_row` makes them. Raises NotComputable when an inner search would have to run.
    """
    return _compile_pred(pred, Scope(context or Context()))


def compile_expr(expr: Expr, context: Context | None = None) -> Evaluate:
    """Return a closure that yields an expression's value (text, number, list, None) for a row."""
    return _compile_expr(expr, Scope(context or Context()))
