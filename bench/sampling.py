"""What system metrics cost: those of a workflow that the module runs, beside those of MLflow's Python client; CPU, per sample.

usage: sampling.py [--runs N] [--seconds N] [--interval SECONDS]... URI=PYTHON ...

URI is a tracking server, a folder, or sqlite:////folder/file.db; PYTHON a Python that can import mlflow and psutil. Both sides sample the
same machine at the same time for N seconds, from processes that do nothing else. The CPU time of each process for its samples is that
with system metrics less that without, and has what writes them in it. The module's samples have the workflow's processes in them, which MLflow has not. The module is
the one that `dotnet build -c Release` stages; pwsh must be on the PATH.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile

from measuring import MODULE, powershell, spread

CONFIG = "write_main:\n  file_path: output\n  file_type: csv\nmlflow:\n  experiment: bench\n"

# Both print, for each run, the milliseconds of CPU without system metrics and with them, the number of points, and the id of the run. What
# is compiled and opened once is no part of a sample: some hundred samples come before.
OURS = """
$ErrorActionPreference = 'Stop'
Import-Module '{module}'
$config = Import-AnovosConfig '{folder}/config.yaml'
function Measure-Run($seconds, $interval, [switch]$on) {
    $env:MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL = $interval
    $before = [Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime
    $script:run = Invoke-AnovosWorkflow -Config $config -TrackingUri '{uri}' -SkipCheck -WorkingDirectory '{folder}' -FilePath sleep -ArgumentList $seconds -SystemMetric:$on 3>$null
    ([Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime - $before).TotalMilliseconds
}
$null = Measure-Run 15 0.05 -on
for ($i = 0; $i -lt {runs}; $i++) {
    $without = Measure-Run {seconds} {interval}
    $with = Measure-Run {seconds} {interval} -on
    "$without $with $(@($run | Get-MlflowMetric '{metric}').Count) $($run.RunId)"
}
"""
THEIRS = """
import os, time, mlflow
mlflow.set_tracking_uri("{uri}")
mlflow.set_experiment("bench")
def measure(seconds, interval, on):
    global run
    os.environ["MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"] = str(interval)
    before = time.process_time()
    with mlflow.start_run(log_system_metrics=on) as run:
        time.sleep(seconds)
    return 1000 * (time.process_time() - before)
measure(15, 0.05, True)
for _ in range({runs}):
    without = measure({seconds}, {interval}, False)
    having = measure({seconds}, {interval}, True)
    print(without, having, len(mlflow.MlflowClient().get_metric_history(run.info.run_id, "{metric}")), run.info.run_id)
"""
METRIC = "system/disk_usage_megabytes"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--interval", type=float, action="append")
    parser.add_argument("stores", nargs="+", metavar="URI=PYTHON")
    return parser.parse_args()


def start(command):
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def finish(process):
    """Milliseconds of CPU for a sample, run by run."""
    output, error = process.communicate()
    figures = [line.split() for line in output.splitlines() if re.fullmatch(r"[\d.]+ [\d.]+ \d+ [0-9a-f]{32}", line)]
    if process.returncode or not figures:
        sys.exit(error or output)
    return [(float(having) - float(without)) / max(int(points), 1) for without, having, points, _ in figures]


def main():
    options = parse()
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "config.yaml"), "w") as file:
        file.write(CONFIG)
    print(f"{'store':24} {'interval':>8} {'module, ms a sample':>24} {'MLflow, ms a sample':>24} {'ratio':>6}")
    for store in options.stores:
        uri, python = store.rsplit("=", 1)
        for interval in options.interval or [10, 1]:
            values = {"module": MODULE, "folder": folder, "uri": uri, "seconds": options.seconds, "interval": interval, "metric": METRIC,
                      "runs": options.runs}
            scripts = [OURS, THEIRS]
            for name, value in values.items():
                scripts = [script.replace(f"{{{name}}}", str(value)) for script in scripts]
            ours, theirs = [finish(process) for process in [start(powershell(scripts[0])), start([python, "-c", scripts[1]])]]
            ratio = statistics.median(theirs) / max(statistics.median(ours), 0.01)
            print(f"{uri[-24:]:24} {interval:8g} {spread(ours):>24} {spread(theirs):>24} {ratio:6.1f}", flush=True)


main()
