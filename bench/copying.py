"""Copies runs from one store to another with the module, a loop over MLflow's Python client, and mlflow-export-import, in turn.

usage: copying.py [--runs N] [--server PID ...] [--export-import FOLDER ...] [--many N ...] SOURCE TARGET PYTHON

SOURCE and TARGET are tracking servers or databases (sqlite:////folder/file.db). PYTHON is a Python that can import mlflow. --server gives the
processes of the servers: their CPU time is shown too, including their children. --export-import names the folders that make
mlflow-export-import importable; without it, that side is left out. --many copies
N small runs instead, with the module only, and shows its memory. The module is the one that `dotnet build -c Release` stages.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measuring import Measurement, module, spread

FILL = """
import os, sys, time
import mlflow
from mlflow.entities import Metric
uri, name, folder = sys.argv[1:]
mlflow.set_tracking_uri(uri)
if mlflow.get_experiment_by_name(name):
    sys.exit()
experiment = mlflow.create_experiment(name, os.environ.get('ARTIFACTS') or None)
client, now = mlflow.MlflowClient(), int(time.time() * 1000)
for run in range(20):
    with mlflow.start_run(experiment_id=experiment) as started:
        mlflow.log_params({f'p{k}': str(run) for k in range(10)})
        for key in range(20):
            client.log_batch(started.info.run_id, metrics=[Metric(f'm{key}', i / 7, now + i, i) for i in range(1000)])
        mlflow.log_artifacts(folder, 'files')
"""
LOOP = """
import sys, tempfile, time
import mlflow
from mlflow.entities import Metric, Param, RunTag
source_uri, target_uri, name, target_name = sys.argv[1:]
start = time.perf_counter()
source, target = mlflow.MlflowClient(source_uri), mlflow.MlflowClient(target_uri)
experiment = target.create_experiment(target_name)
for run in source.search_runs([source.get_experiment_by_name(name).experiment_id]):
    copy = target.create_run(experiment, run.info.start_time, run.data.tags, run.info.run_name).info.run_id
    target.log_batch(copy, params=[Param(key, value) for key, value in run.data.params.items()])
    for key in run.data.metrics:
        points = source.get_metric_history(run.info.run_id, key)
        for first in range(0, len(points), 1000):
            target.log_batch(copy, metrics=points[first:first + 1000])
    with tempfile.TemporaryDirectory() as folder:
        target.log_artifacts(copy, source.download_artifacts(run.info.run_id, '', folder))
    target.set_terminated(copy, run.info.status, run.info.end_time)
print(time.perf_counter() - start)
"""
FILL_MANY = """if (-not (Get-MlflowExperiment '{name}' -TrackingUri '{uri}' -ErrorAction Ignore)) {
    foreach ($i in 1..{count}) {
        $null = Start-MlflowRun -TrackingUri '{uri}' -Experiment '{name}'
        Write-MlflowParameter @{ p = $i }
        Write-MlflowMetric @{ m = $i }
        $null = Stop-MlflowRun
    }
}"""
COPY_MANY = "Copy-MlflowExperiment '{name}' -TrackingUri '{uri}' -Destination '{target}' -DestinationExperiment '{to}' | Out-Null"
COPY = "$rows = @(Copy-MlflowExperiment '{name}' -TrackingUri '{uri}' -Destination '{target}' -DestinationExperiment '{to}'); if ($rows.Count -ne 20) { throw $rows.Count }"


class Side:
    """A way to copy: its commands, to be run one after the other."""

    def __init__(self, name, commands):
        self.name, self.commands, self.walls, self.calls, self.cpus, self.memories, self.servers = name, commands, [], [], [], [], []


def cpu_of(pids):
    """The CPU seconds that processes and all their descendants have used so far."""
    if not pids:
        return 0
    ticks = os.sysconf("SC_CLK_TCK")
    parents, used = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry)] = int(fields[1])
            used[int(entry)] = sum(int(field) for field in fields[11:15]) / ticks
    total = 0
    for pid in used:
        ancestor = pid
        while ancestor and ancestor not in pids:
            ancestor = parents.get(ancestor, 0)
        total += used[pid] if ancestor else 0
    return total


def sides(arguments, name, number, work):
    to = f"{name}-{time.time_ns()}-{number}"
    source, target, python = arguments.source, arguments.target, arguments.python
    yield "module", [module(source, COPY.replace("{name}", name).replace("{target}", target).replace("{to}", f"{to}-module"), before="", after="")]
    yield "python client", [[python, "-W", "ignore", "-c", LOOP, source, target, name, f"{to}-python"]]
    if arguments.export_import:
        exported = os.path.join(work, to)
        environment = ["env", f"PYTHONPATH={os.pathsep.join(arguments.export_import)}"]
        yield "export-import", [
            [*environment, f"MLFLOW_TRACKING_URI={source}", python, "-W", "ignore", "-m", "mlflow_export_import.experiment.export_experiment",
             "--experiment", name, "--output-dir", exported],
            [*environment, f"MLFLOW_TRACKING_URI={target}", python, "-W", "ignore", "-m", "mlflow_export_import.experiment.import_experiment",
             "--experiment-name", f"{to}-peer", "--input-dir", exported],
        ]


def copy_many(arguments):
    for count in arguments.many:
        name = f"bench-many-{count}"
        Measurement(module(arguments.source, FILL_MANY.replace("{name}", name).replace("{count}", f"{count}"), before="", after=""))
        code = COPY_MANY.replace("{name}", name).replace("{target}", arguments.target).replace("{to}", f"{name}-{time.time_ns()}")
        measured = Measurement(module(arguments.source, code, before="", after=""))
        print(f"{count:6} runs of a param and a metric: in the call {measured.call:.2f} s, {measured.memory:.0f} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--server", type=int, action="append", default=[])
    parser.add_argument("--export-import", action="append", default=[])
    parser.add_argument("--many", type=int, action="append", default=[])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("python")
    arguments = parser.parse_args()
    if not shutil.which("pwsh"):
        sys.exit("pwsh is not on the PATH.")
    if arguments.many:
        return copy_many(arguments)
    results = {}
    with tempfile.TemporaryDirectory() as work:
        files = os.path.join(work, "files")
        os.mkdir(files)
        for i in range(50):
            with open(os.path.join(files, f"part-{i:02}.csv"), "wb") as file:
                file.write(os.urandom(8192))
        name = "bench-copying"
        artifacts = "" if arguments.source.startswith("http") else os.path.join(os.path.dirname(arguments.source.partition(":///")[2]), "bench-artifacts")
        subprocess.run([arguments.python, "-W", "ignore", "-c", FILL, arguments.source, name, files], check=True, env={**os.environ, "ARTIFACTS": artifacts})
        for number in range(arguments.runs):
            for side_name, commands in sides(arguments, name, number, work):
                side = results.setdefault(side_name, Side(side_name, commands))
                before = cpu_of(arguments.server)
                measured = [Measurement(command) for command in commands]
                side.servers.append(cpu_of(arguments.server) - before)
                side.walls.append(sum(one.wall for one in measured))
                side.calls.append(sum(one.call for one in measured))
                side.cpus.append(sum(one.cpu for one in measured))
                side.memories.append(max(one.memory for one in measured))
    ours = results["module"]
    print(f"{arguments.source} to {arguments.target}: 20 runs of 20 x 1,000 points and 50 files of 8 KiB")
    for side in results.values():
        print(f"{side.name:14} whole process {spread(side.walls)} s ({statistics.median(side.walls) / statistics.median(ours.walls):.1f} x)  "
              f"in the call {spread(side.calls)} s ({statistics.median(side.calls) / statistics.median(ours.calls):.1f} x)  "
              f"CPU {statistics.median(side.cpus):.1f} s, of the servers {statistics.median(side.servers):.1f} s  {max(side.memories):.0f} MiB")


if __name__ == "__main__":
    main()
