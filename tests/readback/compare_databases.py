"""Prints as JSON what differs in the rows of two MLflow databases. Ids that are chosen at random for each database are left out.

Usage: compare_databases.py <file> <file>
"""

import json
import sqlite3
import sys


def rows(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = {}
    datasets = {row[0]: "/".join(map(str, row[1:])) for row in db.execute("SELECT dataset_uuid, experiment_id, name, digest FROM datasets")}
    inputs = {
        row[0]: "/".join([row[1], datasets.get(row[2], row[2]), row[3], row[4]])
        for row in db.execute("SELECT input_uuid, source_type, source_id, destination_type, destination_id FROM inputs")
    }
    names = {**datasets, **inputs}
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'").fetchall():
        columns = [column[1] for column in db.execute(f"PRAGMA table_info({table})")]
        found[table] = [
            {column: names.get(value, value) if isinstance(value, str) else value for column, value in zip(columns, row)}
            for row in db.execute(f"SELECT * FROM {table}")
        ]
    return found


def text(row, columns):
    return json.dumps({column: row[column] for column in sorted(columns)})


one, other = rows(sys.argv[1]), rows(sys.argv[2])
result = {"same": {}, "different": {}, "only in one": {}}
for table in sorted(one.keys() | other.keys()):
    if table not in one or table not in other:
        if one.get(table) or other.get(table):
            result["only in one"][table] = len(one.get(table) or other.get(table))
        continue
    keys = set.intersection(*[set(row) for row in one[table] + other[table]] or [set()])
    first, second = [sorted(text(row, keys) for row in side[table]) for side in (one, other)]
    if first == second:
        if first:
            result["same"][table] = len(first)
    else:
        result["different"][table] = {
            "first": [row for row in first if row not in second],
            "second": [row for row in second if row not in first],
            "counts": [len(first), len(second)],
        }
print(json.dumps(result, indent=1, ensure_ascii=False))
