"""Commands that are recognised and kept with their arguments, without a node of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from transpile.records import dataclass
from transpile.spl import ast
from transpile.spl.arguments import Args, check_kind, loose_arguments
from transpile.spl.commands.base import Spec, Table
from transpile.spl.functions import ANY


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a command's arguments.

    fewest, most: how many words and subsearches it takes.  needs: an option that must be there
    unless there are words; `*`: any option.  kinds: options whose values are checked.
    """

    fewest: int = 0
    most: int = ANY
    needs: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)


SHAPES: Final[Mapping[str, Shape]] = {
    "abstract": Shape(),
    "accum": Shape(1),
    "addcoltotals": Shape(),
    "addinfo": Shape(most=0),
    "analyzefields": Shape(),
    "anomalies": Shape(),
    "anomalousvalue": Shape(),
    "anomalydetection": Shape(),
    "apply": Shape(1),
    "arules": Shape(2),
    "associate": Shape(),
    "audit": Shape(),
    "autoregress": Shape(1),
    "bucketdir": Shape(1),
    "cluster": Shape(),
    "cofilter": Shape(2),
    "collect": Shape(needs="index"),
    "concurrency": Shape(),
    "contingency": Shape(2),
    "correlate": Shape(),
    "ctable": Shape(2),
    "cyberchef": Shape(),
    "dbinspect": Shape(),
    "delete": Shape(most=0),
    "delta": Shape(1),
    "diff": Shape(),
    "entitymerge": Shape(),
    "erex": Shape(1),
    "eventcount": Shape(),
    "fieldsummary": Shape(),
    "findkeywords": Shape(),
    "findtypes": Shape(),
    "fit": Shape(1),
    "folderize": Shape(),
    "format": Shape(),
    "gauge": Shape(1),
    "gentimes": Shape(needs="start"),
    "geom": Shape(),
    "geomfilter": Shape(),
    "geostats": Shape(1),
    "highlight": Shape(1),
    "history": Shape(),
    "iconify": Shape(1),
    "inputcsv": Shape(1),
    "inputintelligence": Shape(1),
    "kmeans": Shape(kinds={"k": "text", "reps": "int", "maxiters": "int"}),
    "kvform": Shape(),
    "listmodels": Shape(),
    "loadjob": Shape(needs="savedsearch"),
    "localize": Shape(),
    "localop": Shape(most=0),
    "makecontinuous": Shape(kinds={"span": "span", "bins": "int"}),
    "makeresults": Shape(kinds={"count": "int", "annotate": "flag"}),
    "mcatalog": Shape(1),
    "mcollect": Shape(),
    "metadata": Shape(),
    "metasearch": Shape(),
    "meventcollect": Shape(),
    "mpreview": Shape(),
    "msearch": Shape(),
    "multikv": Shape(),
    "outlier": Shape(),
    "outputcsv": Shape(),
    "outputtext": Shape(),
    "overlap": Shape(),
    "pivot": Shape(2),
    "predict": Shape(1),
    "rangemap": Shape(needs="field"),
    "redistribute": Shape(),
    "relevancy": Shape(most=0),
    "reltime": Shape(most=0),
    "require": Shape(),
    "rest": Shape(1),
    "rtorder": Shape(),
    "run": Shape(1),
    "savedsearch": Shape(1),
    "score": Shape(1),
    "script": Shape(1),
    "scrub": Shape(),
    "searchtxn": Shape(1),
    "selfjoin": Shape(1),
    "sendalert": Shape(1),
    "sendemail": Shape(needs="to"),
    "set": Shape(3),
    "setfields": Shape(needs="*"),
    "snowincident": Shape(),
    "strcat": Shape(2),
    "summary": Shape(1),
    "tags": Shape(),
    "timewrap": Shape(1),
    "tojson": Shape(),
    "transpose": Shape(),
    "tscollect": Shape(),
    "typeahead": Shape(),
    "typelearner": Shape(),
    "typer": Shape(),
    "uniq": Shape(most=0),
    "walklex": Shape(),
    "x11": Shape(1),
    "xmlunescape": Shape(),
    "xpath": Shape(1),
    "xsdisplayconcept": Shape(),
}


def _spec(shape: Shape) -> Spec:
    def build(args: Args) -> ast.Command:
        searches = args.all(ast.Search)
        words = args.all(ast.Token)
        options = args.options()
        count = len(words) + len(searches)
        args.need(count >= shape.fewest, "an argument")
        if count > shape.most:
            raise args.fault((*words, *searches)[shape.most], f"'{args.name}' takes no argument")
        if shape.needs and not count:
            given = any(shape.needs in ("*", o.name) for o in options)
            wanted = "" if shape.needs == "*" else f" '{shape.needs}='"
            args.need(given, f"the option{wanted}")
        for found in options:
            check_kind(args, found, shape.kinds.get(found.name, "text"))
        return ast.Generic(words, searches, **args.common())

    return Spec(loose_arguments, build, None)


CUSTOM: Final = _spec(Shape())
SPECS: Table = {command: _spec(shape) for command, shape in SHAPES.items()}
