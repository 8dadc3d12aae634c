"""Compares the module with MLflow's Python client and curl at the same work, with the same servers, in turn; medians, spread, ratios.

usage: compare.py [--runs N] [--only TEXT] URI[=PYTHON] ...

URI is a tracking server, a folder for the directory store, or sqlite:////folder/file.db, which both sides use in turn. PYTHON is a Python
that can import mlflow, preferably of the server's version. The module is the one that `dotnet build -c Release` stages; pwsh must be on the
PATH. Missing clients are left out.
"""
import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request
import uuid

from measuring import MODULE, START, STOP, Measurement, module, powershell, spread

# The last line that each script prints is the time of the work itself in seconds, without the start of the process.
PYTHON = """
import time, mlflow
from mlflow.entities import Metric
mlflow.set_tracking_uri({uri!r})
mlflow.set_experiment('bench')
{before}
start = time.perf_counter()
{code}
print(time.perf_counter() - start)
"""
IMPORT = """
$clock = [Diagnostics.Stopwatch]::StartNew()
Import-Module '{module}'
[Console]::WriteLine($clock.Elapsed.TotalSeconds.ToString([cultureinfo]::InvariantCulture))
"""
LISTED, SEARCHED, HISTORY = "10,000 runs listed", "10,000 runs searched by a metric", "a history of 200,000 points"
POINTS = "& {{ for ($i = 0; $i -lt {0}; $i++) {{ [pscustomobject]@{{ Name = 'm'; Value = $i / 7; Step = $i }} }} }} | Write-MlflowMetric"


SERVER, FOLDER, DATABASE = "server", "folder", "database"
EVERYWHERE, LOCAL = (SERVER, FOLDER, DATABASE), (FOLDER, DATABASE)


class Work:
    """One row: the code of each side, and the kinds of stores. A side without code is None. The code before the work is not measured."""

    def __init__(self, name, python=None, powershell=None, curl=None, stores=EVERYWHERE, runs=None, before=START, after=STOP,
                 python_before="mlflow.start_run()", whole=False):
        self.name, self.python, self.powershell, self.curl = name, python, powershell, curl
        self.stores, self.runs, self.before, self.after, self.python_before = stores, runs, before, after, python_before
        # Only the time of the process is of interest; a clock in the script would be a fifth of it.
        self.whole = whole


def works(data):
    no_run = {"before": "", "after": "", "python_before": ""}
    return [
        Work("start and end a run", "with mlflow.start_run(): pass", f"{START}; {STOP}", whole=True, **no_run),
        Work("1000 files of 8 KiB", f"mlflow.log_artifacts({data.many!r}, 'many')",
             f"$null = Send-MlflowArtifact '{data.many}' -ArtifactPath many -ContentOnly", data.many, stores=(SERVER, FOLDER)),
        Work("one file of 512 MiB", f"mlflow.log_artifact({data.large!r})", f"$null = Send-MlflowArtifact '{data.large}'", data.large,
             stores=(SERVER, FOLDER)),
        Work("20,000 points as objects", batches(20000), POINTS.format(20000)),
        points_in_a_list(20000, EVERYWHERE),
        Work("1,000,000 points as objects", batches(1000000), POINTS.format(1000000), stores=LOCAL, runs=1),
        points_in_a_list(1000000, LOCAL, runs=1),
        Work("2,000 runs with 10 params and 10 metrics", RUNS_PYTHON, RUNS, stores=LOCAL, runs=1, **no_run),
        Work(LISTED, LISTED_PYTHON, LISTED_POWERSHELL, stores=LOCAL, **no_run),
        Work(SEARCHED, SEARCHED_PYTHON, SEARCHED_POWERSHELL, stores=LOCAL, **no_run),
        Work(HISTORY, HISTORY_PYTHON, HISTORY_POWERSHELL, stores=(DATABASE,), before=HISTORY_RUN_POWERSHELL, after="",
             python_before=HISTORY_RUN_PYTHON),
    ]


LISTED_PYTHON = """
runs = mlflow.search_runs(['0'], max_results=10000, output_format='list')
assert len(runs) == 10000
"""
LISTED_POWERSHELL = """
$runs = @(Get-MlflowRun -TrackingUri '{uri}' -Experiment Default); if ($runs.Count -ne 10000) { throw $runs.Count }
"""
SEARCHED_PYTHON = """
runs = mlflow.search_runs(
    ['0'], 'metrics.rmse > 700', max_results=100, order_by=['metrics.rmse DESC'], output_format='list')
assert len(runs) == 100
"""
SEARCHED_POWERSHELL = """
$runs = @(Get-MlflowRun -TrackingUri '{uri}' -Experiment Default -Filter 'metrics.rmse > 700' -OrderBy 'metrics.rmse DESC' -First 100)
if ($runs.Count -ne 100) { throw $runs.Count }
"""
RUNS_PYTHON = """
for i in range(2000):
    with mlflow.start_run():
        mlflow.log_params({f'p{k}': f'{i}' for k in range(10)})
        mlflow.log_metrics({f'm{k}': i / 7 for k in range(10)})
"""
RUNS = """
for ($i = 0; $i -lt 2000; $i++) {
    $params = @{}; $metrics = @{}
    for ($k = 0; $k -lt 10; $k++) { $params["p$k"] = "$i"; $metrics["m$k"] = $i / 7 }
    $null = Start-MlflowRun -TrackingUri '{uri}' -Experiment bench
    Write-MlflowParameter $params
    Write-MlflowMetric $metrics
    $null = Stop-MlflowRun
}
"""
HISTORY_RUN_PYTHON = """
run = mlflow.search_runs(search_all_experiments=True, filter_string="run_name = 'history'", output_format='list')[0].info.run_id
"""
HISTORY_PYTHON = """
points = mlflow.MlflowClient().get_metric_history(run, 'm')
assert len(points) == 200000
"""
HISTORY_RUN_POWERSHELL = "$run = Get-MlflowRun -TrackingUri '{uri}' -Name history"
HISTORY_POWERSHELL = "$points = @(Get-MlflowMetric m -Run $run); if ($points.Count -ne 200000) { throw $points.Count }"
VALUES = "[double[]] $values = for ($i = 0; $i -lt {0}; $i++) {{ $i / 7 }}"


def points_in_a_list(count, stores, runs=None):
    """Values that exist before the work: the previous row has the cost of the pipeline, this one the cost of the store."""
    points = f"points = [Metric('m', i / 7, int(time.time() * 1000), i) for i in range({count})]"
    python = f"""
client, run = mlflow.MlflowClient(), mlflow.active_run().info.run_id
for first in range(0, {count}, 1000):
    client.log_batch(run, metrics=points[first:first + 1000])
"""
    return Work(f"{count:,} points in a list", python, "Write-MlflowMetric m $values", stores=stores, runs=runs,
                before=f"{START}; {VALUES.format(count)}", python_before=f"mlflow.start_run()\n{points}")


def batches(count):
    return f"""
client, run, now = mlflow.MlflowClient(), mlflow.active_run().info.run_id, int(time.time() * 1000)
for first in range(0, {count}, 1000):
    client.log_batch(run, metrics=[Metric('m', i / 7, now, i) for i in range(first, first + 1000)])
"""


class Data:
    """The files to upload."""

    def __init__(self, folder):
        self.many, self.large = os.path.join(folder, "many"), os.path.join(folder, "large.bin")

    def write(self):
        os.mkdir(self.many)
        for i in range(1000):
            with open(os.path.join(self.many, f"part-{i:05}.csv"), "wb") as file:
                file.write(os.urandom(8192))
        with open(self.large, "wb") as file:
            for _ in range(512):
                file.write(os.urandom(1 << 20))


def curl(uri, source, parallel):
    """Uploads a file, or a folder's files in parallel, to the artifact path of a run that does not exist."""
    target = f"{uri}/api/2.0/mlflow-artifacts/artifacts/bench-curl/{time.time_ns()}"
    command = ["curl", "--silent", "--show-error", "--fail", "--parallel", "--parallel-immediate", "--parallel-max", str(parallel)]
    for path in [source] if os.path.isfile(source) else [os.path.join(source, name) for name in sorted(os.listdir(source))]:
        command += ["--upload-file", path, "--output", os.devnull, f"{target}/{os.path.basename(path)}"]
    return command


def sides(work, uri, python, is_server):
    """The commands of each side."""
    commands = {}
    if work.powershell:
        whole = powershell(f"Import-Module '{MODULE}'; " + work.powershell.replace("{uri}", uri))
        commands["module"] = whole if work.whole else module(uri, work.powershell, work.before, work.after)
    if work.python and python:
        commands["python"] = [python, "-W", "ignore", "-c", PYTHON.format(uri=uri, before=work.python_before, code=work.python)]
    if work.curl and is_server and shutil.which("curl"):
        for parallel in [1] if os.path.isfile(work.curl) else [2, 4, 8, 16]:
            commands[f"curl {parallel}"] = curl(uri, work.curl, parallel)
    return commands


def kind(uri):
    return SERVER if uri.startswith("http") else DATABASE if uri.startswith("sqlite:") else FOLDER


def compare(work, uri, python, runs):
    if kind(uri) not in work.stores:
        return
    results = {}
    for _ in range(work.runs or runs):
        for side, command in sides(work, uri, python, kind(uri) == SERVER).items():
            results.setdefault(side, []).append(Measurement(command))
    median = lambda side, of: statistics.median(of(one) for one in results[side])
    curls = [side for side in results if side.startswith("curl")]
    best = min(curls, key=lambda side: median(side, lambda one: one.wall)) if curls else None
    figures = [("in the call, s", lambda one: one.call), ("process, s", lambda one: one.wall),
               ("CPU, s", lambda one: one.cpu), ("memory, MiB", lambda one: one.memory)]
    for label, of in figures:
        if work.whole and label == "in the call, s":
            continue
        own = median("module", of)
        line = f"{work.name:40} {label:15} {spread([of(one) for one in results['module']]):26}"
        if "python" in results:
            line += f" Python client {spread([of(one) for one in results['python']]):26} is {median('python', of) / own:5.2f} ×"
        if best and label == "in the call, s":
            line += f"   {best} at once {spread([of(one) for one in results[best]])} is {median(best, of) / own:5.2f} ×"
        print(line, flush=True)


def count_runs(uri):
    """The number of runs in the experiment 0."""
    if kind(uri) == FOLDER:
        return len(os.listdir(os.path.join(uri, "0"))) if os.path.isdir(os.path.join(uri, "0")) else 0
    file = uri[len("sqlite:///"):]
    if not os.path.exists(file):
        return 0
    with sqlite3.connect(file) as database:
        return database.execute("SELECT count(*) FROM runs WHERE experiment_id = 0").fetchone()[0]


HISTORY_RUN = """
$null = Start-MlflowRun -TrackingUri '{uri}' -Experiment history -RunName history
Write-MlflowMetric m ([double[]](0..199999))
$null = Stop-MlflowRun
"""
RUNS_OF_DEFAULT = """
for ($i = 1; $i -le {count}; $i++) {
    $null = Start-MlflowRun -TrackingUri '{uri}' -Experiment Default
    Write-MlflowMetric rmse ($i / 7)
    $null = Stop-MlflowRun
}
"""


def multiply(file, count):
    """Copies the run in the experiment 0 in one transaction, which takes a second. Starting and ending as many runs takes a minute."""
    with sqlite3.connect(file) as database:
        run, = database.execute("SELECT run_uuid FROM runs WHERE experiment_id = 0").fetchone()
        inserts = []
        for table in ["runs", "tags", "metrics", "latest_metrics"]:
            columns = [column[1] for column in database.execute(f"PRAGMA table_info({table})")]
            others = {"run_uuid": ":copy", "start_time": "start_time + :i"} | ({} if table == "tags" else {"value": ":i / 7.0"})
            values = ", ".join(others.get(column, f'"{column}"') for column in columns)
            inserts.append(f"INSERT INTO {table} SELECT {values} FROM {table} WHERE run_uuid = :run")
        for i in range(2, count + 1):
            copy = uuid.uuid4().hex
            for insert in inserts:
                database.execute(insert, {"run": run, "copy": copy, "i": i})


def prepare(uri):
    """Creates ten thousand runs to list and search; in a database also a run with a long history, in another experiment."""
    if count_runs(uri) >= 10000:
        return
    database = kind(uri) == DATABASE
    script = (HISTORY_RUN if database else "") + RUNS_OF_DEFAULT.replace("{count}", "1" if database else "10000")
    subprocess.run(["pwsh", "-NoProfile", "-Command", f"Import-Module '{MODULE}'; {script.replace('{uri}', uri)}"], check=True)
    if database:
        multiply(uri[len("sqlite:///"):], 10000)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("store", nargs="+")
    arguments = parser.parse_args()
    os.environ.update(MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false", MLFLOW_LOGGING_LEVEL="ERROR", MLFLOW_ALLOW_FILE_STORE="true",
                      POWERSHELL_TELEMETRY_OPTOUT="1")
    empty = [Measurement(powershell("1")).wall for _ in range(arguments.runs)]
    imported = [Measurement(powershell(IMPORT.format(module=MODULE))).call for _ in range(arguments.runs)]
    print(f"empty pwsh {spread(empty)} s; Import-Module {spread([one * 1000 for one in imported])} ms; medians of {arguments.runs} in "
          "turn, the spread in brackets; n × is how many times longer than the module")
    with tempfile.TemporaryDirectory() as work:
        data = Data(work)
        if any(kind(store.partition("=")[0]) != DATABASE for store in arguments.store):
            data.write()
        for store in arguments.store:
            uri, _, python = store.partition("=")
            version = urllib.request.urlopen(uri + "/version").read().decode() if kind(uri) == SERVER else kind(uri)
            print(f"\n{version}")
            wanted = [one for one in works(data) if arguments.only in one.name]
            if kind(uri) != SERVER and any(one.name in (LISTED, SEARCHED, HISTORY) for one in wanted):
                prepare(uri)
            for one in wanted:
                compare(one, uri, python or None, arguments.runs)


if __name__ == "__main__":
    main()
