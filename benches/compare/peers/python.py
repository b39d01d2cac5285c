"""polars on the same people: python.py FILE.jsonl ROUNDS, a line `name<TAB>median<TAB>least`, in nanoseconds a person.

A line of the file has base, local and remote. Columns are compared on one thread, as everybody here has one.
"""

import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl  # noqa: E402

FIELDS = ["first_name", "last_name", "date_of_birth", "email", "phone", "address"]
people = pl.read_ndjson(sys.argv[1])
columns = [pl.col(side).struct.field(field).alias(f"{side}.{field}") for side in ("base", "local", "remote") for field in FIELDS]
people = people.select(columns).rechunk()
differs = [
    pl.any_horizontal([pl.col(f"base.{field}") != pl.col(f"{side}.{field}") for field in FIELDS]).sum().alias(side)
    for side in ("local", "remote")
]
times = []
for turn in range(int(sys.argv[2]) + 1):
    start = time.perf_counter_ns()
    found = people.select(differs).row(0)
    took = (time.perf_counter_ns() - start) / people.height
    assert all(found), "nothing was found where something is"
    if turn > 0:
        times.append(took)
times.sort()
print(f"polars, columns compared twice (Python)\t{times[len(times) // 2]}\t{times[0]}")
