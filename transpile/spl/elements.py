"""Elements of grammars that pyparsing has not, or for which it takes several steps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pyparsing as pp

BLANKS: Final = r"[ \t\r\n]*+"


class Mark(pp.Regex):
    """A word or sign without a token: `Suppress` around a `Regex` in one step."""

    def parseImpl(self, instring: str, loc: int, do_actions: bool = True) -> tuple[int, list[Any]]:
        found = self.re_match(instring, loc)
        if not found:
            raise pp.ParseException(instring, loc, self.errmsg, self)
        return found.end(), []


class Run(pp.Token):
    """Items of one pattern behind each other: `OneOrMore` of a `Regex`, in one step.

    pattern: one item and what may stand between it and the next.  make: its node, given the text
    that is read and the match; None for an item that leaves none.  name: of one item.
    """

    def __init__(self, pattern: str, name: str, make: Callable[[str, re.Match[str]], object]):
        super().__init__()
        self.item = re.compile(rf"{BLANKS}(?:{pattern})", re.DOTALL).match
        self.make = make
        self.set_name(name)

    def _generateDefaultName(self) -> str:
        return "items"

    def parseImpl(
        self, instring: str, loc: int, do_actions: bool = True
    ) -> tuple[int, list[object]]:
        nodes = []
        end = loc
        while found := self.item(instring, end):
            node = self.make(instring, found)
            if node is not None:
                nodes.append(node)
            end = found.end()
        if end == loc:
            raise pp.ParseException(instring, loc, self.errmsg, self)
        return end, nodes


class Choice(pp.MatchFirst):
    """The first of several elements that reads something: `|`, for where mostly none does.

    begins: what one of them begins with, so that elsewhere none is tried.  `MatchFirst` keeps what
    its elements raise, with the frames of their calls, until garbage is collected.
    """

    def __init__(self, *elements: pp.ParserElement, name: str, begins: str):
        super().__init__(elements)
        self.begins = re.compile(begins).match
        self.set_name(name)

    def parseImpl(self, instring: str, loc: int, do_actions: bool = True) -> tuple[int, Any]:
        loc = self.preParse(instring, loc)
        if not self.begins(instring, loc):
            raise pp.ParseException(instring, loc, self.errmsg, self)
        furthest = pp.ParseException(instring, loc, self.errmsg, self)
        for element in self.exprs:
            try:
                return element._parse(instring, loc, do_actions)
            except pp.ParseException as error:
                if error.loc > furthest.loc:
                    furthest = error.with_traceback(None)
        try:
            raise furthest
        finally:
            del furthest  # its traceback has this frame
