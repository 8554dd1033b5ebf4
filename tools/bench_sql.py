"""Our DuckDB queries against queries written by hand, over generated events. `make bench-sql`.

Five rules, each with the query that an engineer would write for it. Both give the same number of
rows, which is checked. Times are CPU seconds of one thread, best of five, the two taking turns; a
ratio under 1 says that ours is faster. An argument is the number of events (five million).
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import duckdb

from transpile import convert

EVENTS = 5_000_000
ROUNDS = 5
TABLE = r"""
CREATE TABLE process_events AS SELECT
  (1700000000 + range % 86400)::DOUBLE AS _time,
  'host' || range % 5000 AS dest,
  'user' || range % 997 AS "user",
  CASE range % 50 WHEN 0 THEN 'powershell.exe' WHEN 1 THEN 'PowerShell.EXE' WHEN 2 THEN 'cmd.exe'
    WHEN 3 THEN 'rundll32.exe' ELSE 'app' || range % 400 || '.exe' END AS process_name,
  CASE range % 7 WHEN 0 THEN 'WINWORD.EXE' ELSE 'explorer.exe' END AS parent_process_name,
  'C:\Windows\System32\x' || range % 1000 || '.exe -arg ' || md5(range::TEXT)
    || CASE WHEN range % 977 = 0 THEN ' -EncodedCommand ZZZ'
       WHEN range % 1013 = 0 THEN ' IEX (New-Object Net.WebClient)' ELSE '' END AS process,
  range % 65536 AS process_id
FROM range(?)
"""
MODEL = "from datamodel=Endpoint.Processes where "
WORDS = ("-encodedcommand", "webclient", "invoke-", "frombase64", "downloadstring", "mimikatz",
         "get-nettcp", "certutil", "shellcode")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A rule, and the query that a hand would write for it."""

    name: str
    search: str
    by_hand: str


PAIRS = (
    Pair(
        "equal, case ignored",
        f"| tstats count min(_time) as first {MODEL} Processes.process_name=powershell.exe "
        "Processes.parent_process_name=winword.exe by Processes.dest Processes.user",
        """SELECT dest, "user", count(*), min(_time) FROM process_events
        WHERE lower(process_name) = 'powershell.exe' AND lower(parent_process_name) = 'winword.exe'
        GROUP BY dest, "user" """,
    ),
    Pair(
        "one pattern",
        f"| tstats count {MODEL} Processes.process=*-encodedcommand* by Processes.dest",
        """SELECT dest, count(*) FROM process_events WHERE process ILIKE '%-encodedcommand%'
        GROUP BY dest""",
    ),
    Pair(
        "nine patterns on one field",
        f"| tstats count {MODEL} Processes.process IN ({','.join(f'*{w}*' for w in WORDS)}) "
        "by Processes.dest",
        "SELECT dest, count(*) FROM process_events WHERE "
        + " OR ".join(f"process ILIKE '%{word}%'" for word in WORDS) + " GROUP BY dest",
    ),
    Pair(
        "exceptions and a threshold",
        f"| tstats count dc(Processes.dest) as hosts {MODEL} Processes.process_name IN (cmd.exe,"
        "rundll32.exe) NOT Processes.user=user1* by Processes.user | where hosts > 3",
        """SELECT "user", count(*), count(DISTINCT dest) AS hosts FROM process_events
        WHERE lower(process_name) IN ('cmd.exe', 'rundll32.exe') AND "user" NOT ILIKE 'user1%'
        GROUP BY "user" HAVING hosts > 3""",
    ),
    Pair(
        "values and a regular expression",
        f"| tstats count values(Processes.process) as process {MODEL} Processes.process_name="
        'power* by Processes.dest | where match(process, "(?i)net\\\\.webclient\\\\)")',
        """SELECT dest, count(*), list_sort(list(DISTINCT process)) AS processes FROM process_events
        WHERE process_name ILIKE 'power%' GROUP BY dest
        HAVING len(list_filter(processes,
                               lambda p: regexp_matches(p, '(?i)net\\.webclient\\)'))) > 0""",
    ),
)


def main(events: int = EVENTS) -> None:
    """Measure and print."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET threads = 1")
    connection.execute(TABLE, [events])
    print(f"{events:,} events, duckdb {duckdb.__version__}, one thread, CPU seconds")
    print(f"{'':34}{'rows':>9}{'ours':>9}{'by hand':>9}{'ratio':>8}")
    for pair in PAIRS:
        ours, theirs, rows = compared(connection, pair)
        print(f"{pair.name:34}{rows:9,}{ours:9.3f}{theirs:9.3f}{ours / theirs:8.2f}")


def compared(connection: Any, pair: Pair) -> tuple[float, float, int]:
    """Return the best times of both queries and their number of rows.

    Raises SystemExit if the two differ in it.
    """
    query = convert(pair.search, "sql:duckdb").text
    best = [float("inf"), float("inf")]
    rows = [0, 0]
    for _ in range(ROUNDS):
        for at, text in enumerate((query, pair.by_hand)):
            begin = time.process_time()
            rows[at] = len(connection.execute(text).fetchall())
            best[at] = min(best[at], time.process_time() - begin)
    if rows[0] != rows[1]:
        raise SystemExit(f"{pair.name}: {rows[0]} rows against {rows[1]}\n{query}")
    return best[0], best[1], rows[0]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
