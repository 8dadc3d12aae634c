"""Measures the cost of a sample of system metrics, in milliseconds of CPU: the module's sampler and the monitors of MLflow's Python client.

usage: sampling.py [--samples N] [--rounds N] URI=PYTHON ...

Run `dotnet build -c Release bench/Sampling` first.

URI is a tracking server, a folder, or sqlite:////folder/file.db. PYTHON is a Python that can import mlflow and psutil. Both sides sample the
same machine, in turn, as often as they can, first without and then with writing the sample: the module sends one batch, MLflow
requests the run and sends one batch. Only the module's samples include the processes of a workflow. The first round
includes one-time compilation and opening, and is shown separately.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys

from measuring import HERE, spread

# Each side prints a line per round: milliseconds for a sample, and for a sample that is written.
MODULE = ["dotnet", "run", "-c", "Release", "--no-build", "--project", os.path.join(HERE, "Sampling"), "--"]
MLFLOW = """
import sys, time
import mlflow
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

uri, samples, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
mlflow.set_tracking_uri(uri)
client = mlflow.MlflowClient()
run = client.create_run("0").info.run_id
monitor = SystemMetricsMonitor(run)

def sample():
    monitor.collect_metrics()
    metrics = monitor.aggregate_metrics()
    for one in monitor.monitors:
        one.clear_metrics()
    return metrics

def write():
    monitor.collect_metrics()
    client.get_run(run)
    monitor.publish_metrics(monitor.aggregate_metrics())
    monitor.mlflow_logger.flush()

def cost(work):
    before = time.process_time()
    for _ in range(samples):
        work()
    return 1000 * (time.process_time() - before) / samples

for _ in range(rounds):
    print(f"{cost(sample):.3f} {cost(write):.3f}", flush=True)
"""


def measure(command, store, options):
    """The rounds, each with the cost of a sample and of a written sample."""
    arguments = [store, str(options.samples), str(options.rounds)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"})
    rounds = [tuple(map(float, line.split())) for line in done.stdout.splitlines() if re.fullmatch(r"[\d.]+ [\d.]+", line)]
    if done.returncode or not rounds:
        sys.exit(done.stderr or done.stdout)
    return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("stores", nargs="+", metavar="URI=PYTHON")
    options = parser.parse_args()
    for text in options.stores:
        store, python = text.rsplit("=", 1)
        module, mlflow = measure(MODULE, store, options), measure([python, "-c", MLFLOW], store, options)
        print(f"{store}\n{'':20} {'module, ms':>24} {'MLflow, ms':>24} {'ratio':>6}")
        for index, what in enumerate(["a sample", "a sample, written"]):
            sides = [[one[index] for one in side[1:]] for side in (module, mlflow)]
            ratio = statistics.median(sides[1]) / statistics.median(sides[0])
            print(f"{what:20} {spread(sides[0]):>24} {spread(sides[1]):>24} {ratio:6.1f}")
            print(f"{'  in the first round':20} {module[0][index]:24.2f} {mlflow[0][index]:24.2f}", flush=True)


main()
