"""Content repositories: rules, macros, lookups, data sources and deployments as typed objects."""

from transpile.content.lookups import Lookup
from transpile.content.macros import Macro, expand
from transpile.content.reading import load_rule, load_rules, read_rule, rule_files, rules_of_text
from transpile.content.repository import Content
from transpile.content.rules import Rule
from transpile.content.sources import DataSource, Deployment
from transpile.content.times import Schedule

__all__ = [
    "Content",
    "DataSource",
    "Deployment",
    "Lookup",
    "Macro",
    "Rule",
    "Schedule",
    "expand",
    "load_rule",
    "load_rules",
    "read_rule",
    "rule_files",
    "rules_of_text",
]
