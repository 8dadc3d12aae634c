"""Replaces Anovos' own main.py, so that the tutorial needs no Spark: it has the files, columns and log lines of config.yaml's steps.

main.py CONFIG RUN_TYPE

It computes the files that it writes, but supports only this workflow, and does not read CONFIG.
"""
import csv
import math
import os
import statistics
import sys
import time
from datetime import datetime

NUMBERS = ["age", "education_num", "hours_per_week"]


def log(message, level="INFO"):
    now = datetime.now().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    print(f"{now} | {level:<8} | anovos.workflow:main:519 - {message}", file=sys.stderr, flush=True)


def read(folder):
    with open(os.path.join(folder, "part-00000.csv"), newline="") as file:
        return [{column.replace("-", "_"): value for column, value in row.items() if column != "logfnl"} for row in csv.DictReader(file)]


def write(path, head, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def save(folder, rows):
    write(f"{folder}/part-00000.csv", rows[0].keys(), [row.values() for row in rows])
    open(f"{folder}/_SUCCESS", "w").close()


def numbers(rows, column):
    return [float(row[column]) for row in rows if row[column]]


def psi(now, before, bins=10):
    low, high = min(now + before), max(now + before)
    total = 0.0
    for lower in range(bins):
        shares = []
        for values in (now, before):
            inside = sum(min(bins - 1, int((value - low) / (high - low) * bins)) == lower for value in values)
            shares.append(max(inside / len(values), 0.0001))
        total += (shares[0] - shares[1]) * math.log(shares[0] / shares[1])
    return round(total, 4)


def step(name, work):
    start = time.perf_counter()
    work()
    log(f"{name}: execution time (in secs) ={time.perf_counter() - start:.4f}")


begin = time.perf_counter()
income = read("data/income_dataset/csv")
source = read("data/income_dataset/source")
columns = [column for column in income[0] if column != "ifa"]
unique = list({tuple(row[column] for column in columns): row for row in income}.values())
means = {column: numbers(income, column) for column in NUMBERS}

step("stats_generator, global_summary", lambda: write(
    "report_stats/global_summary.csv", ["metric", "value"],
    [["rows_count", len(income)], ["columns_count", len(income[0])], ["numcols_count", len(NUMBERS)], ["catcols_count", len(income[0]) - len(NUMBERS)]]))
step("stats_generator, measures_of_counts", lambda: write(
    "report_stats/measures_of_counts.csv", ["attribute", "fill_count", "fill_pct", "missing_count", "missing_pct"],
    [[c, f := sum(row[c] != "" for row in income), round(f / len(income), 4), len(income) - f, round(1 - f / len(income), 4)] for c in columns]))
step("stats_generator, measures_of_centralTendency", lambda: write(
    "report_stats/measures_of_centralTendency.csv", ["attribute", "mean", "median"],
    [[c, round(statistics.mean(v), 4), statistics.median(v)] for c, v in means.items()]))
step("quality_checker, duplicate_detection", lambda: write(
    "report_stats/duplicate_detection.csv", ["metric", "value"], [["rows_count", len(income)], ["unique_rows_count", len(unique)]]))
save("intermediate_data/data_analyzer/quality_checker/duplicate_detection/dataset", unique)

drift = {c: psi(means[c], numbers(source, c)) for c in NUMBERS}
step("drift_detector, drift_statistics", lambda: write(
    "report_stats/drift_statistics.csv", ["attribute", "PSI", "flagged"], [[c, v, int(v > 0.1)] for c, v in drift.items()]))
for column in (column for column, value in drift.items() if value > 0.1):
    log(f"the distribution of {column} has drifted", level="WARNING")

cuts = {c: statistics.quantiles(means[c], n=4) for c in ("age", "hours_per_week")}
binned = [{**row, **{c: 1 + sum(float(row[c]) > cut for cut in cuts[c]) if row[c] else "" for c in cuts}} for row in unique]
step("transformers, attribute_binning", lambda: save("intermediate_data/data_transformer/transformers/attribute_binning", binned))
write("models/attribute_binning/part-00000.csv", ["attribute", "parameters"], [[c, "|".join(map(str, v))] for c, v in cuts.items()])

os.makedirs("report_stats", exist_ok=True)
with open("report_stats/ml_anovos_report.html", "w") as report:
    report.write(f"<!doctype html><title>Anovos report</title><h1>Income</h1><p>{len(income)} rows, {len(income) - len(unique)} duplicates</p>\n")
step("report_generation", lambda: None)
step("write_main", lambda: save("output/final_dataset", binned))
log(f"execution time w/o report (in sec) ={time.perf_counter() - begin:.4f}")
