"""Commands that are recognised and kept with their arguments, without a node of their own.

One line a command: the fewest plain arguments (words, not options) that it needs.
"""

from __future__ import annotations

from typing import Final

import pyparsing as pp

from transpile.spl import ast
from transpile.spl.arguments import Args, comma, loose, option, subsearch
from transpile.spl.commands.base import Spec, Table

FEWEST_ARGUMENTS: Final[dict[str, int]] = {
    "abstract": 0,
    "accum": 1,
    "addcoltotals": 0,
    "addinfo": 0,
    "analyzefields": 0,
    "anomalies": 0,
    "anomalousvalue": 0,
    "anomalydetection": 0,
    "apply": 1,
    "arules": 2,
    "associate": 0,
    "audit": 0,
    "autoregress": 1,
    "bucketdir": 0,
    "cluster": 0,
    "cofilter": 2,
    "collect": 0,
    "concurrency": 0,
    "contingency": 2,
    "correlate": 0,
    "ctable": 2,
    "cyberchef": 0,
    "dbinspect": 0,
    "delete": 0,
    "delta": 1,
    "deletemodel": 1,
    "diff": 0,
    "entitymerge": 0,
    "erex": 1,
    "eventcount": 0,
    "fieldsummary": 0,
    "findkeywords": 0,
    "findtypes": 0,
    "fit": 1,
    "folderize": 0,
    "format": 0,
    "gauge": 1,
    "gentimes": 0,
    "geom": 0,
    "geomfilter": 0,
    "geostats": 1,
    "highlight": 1,
    "history": 0,
    "iconify": 1,
    "inputcsv": 1,
    "inputintelligence": 1,
    "kmeans": 0,
    "kvform": 0,
    "listmodels": 0,
    "loadjob": 0,
    "localize": 0,
    "localop": 0,
    "makecontinuous": 0,
    "makejson": 0,
    "makeresults": 0,
    "mcatalog": 1,
    "mcollect": 0,
    "meventcollect": 0,
    "metadata": 0,
    "metasearch": 0,
    "mpreview": 0,
    "msearch": 0,
    "multikv": 0,
    "outlier": 0,
    "outputcsv": 0,
    "outputtext": 0,
    "overlap": 0,
    "pivot": 2,
    "predict": 1,
    "rangemap": 0,
    "redistribute": 0,
    "relevancy": 0,
    "reltime": 0,
    "require": 0,
    "rest": 1,
    "rtorder": 0,
    "run": 1,
    "savedsearch": 1,
    "score": 1,
    "script": 1,
    "scrub": 0,
    "searchtxn": 1,
    "selfjoin": 1,
    "sendalert": 1,
    "sendemail": 0,
    "set": 1,
    "setfields": 0,
    "sirare": 1,
    "snowincident": 0,
    "strcat": 2,
    "summary": 1,
    "tags": 0,
    "timewrap": 1,
    "tojson": 0,
    "transpose": 0,
    "tscollect": 0,
    "typeahead": 0,
    "typelearner": 0,
    "typer": 0,
    "uniq": 0,
    "walklex": 0,
    "x11": 1,
    "xmlunescape": 0,
    "xpath": 1,
    "xsdisplayconcept": 0,
}

_arguments = pp.ZeroOrMore(option | subsearch | loose | comma)


def _builder(fewest: int) -> Spec:
    def build(args: Args) -> ast.Command:
        searches = args.all(ast.Search)
        words = args.all(ast.Token)
        args.need(len(words) + len(searches) >= fewest, "an argument")
        return ast.Generic(words, searches, **args.common())

    return Spec(_arguments, build, None)


CUSTOM: Final = _builder(0)
SPECS: Table = {command: _builder(fewest) for command, fewest in FEWEST_ARGUMENTS.items()}
