"""What system metrics cost: those of a workflow that the module runs, beside those of MLflow's Python client; CPU, per sample.

usage: sampling.py [--seconds N] [--interval SECONDS]... URI=PYTHON ...

URI is a tracking server, a folder, or sqlite:////folder/file.db; PYTHON a Python that can import mlflow and psutil. Both sides sample the
same machine at the same time for N seconds, from processes that do nothing else. The CPU time of each process for its samples is that
with system metrics less that without. The module's samples have the workflow's processes in them, which MLflow has not. The module is
the one that `dotnet build -c Release` stages; pwsh must be on the PATH.
"""
import argparse
import os
import subprocess
import sys
import tempfile

from measuring import MODULE, powershell

CONFIG = "write_main:\n  file_path: output\n  file_type: csv\nmlflow:\n  experiment: bench\n"

# Both print the seconds of CPU that the work took, then the number of points, and the id of the run.
OURS = """
$ErrorActionPreference = 'Stop'
Import-Module '{module}'
$config = Import-AnovosConfig '{folder}/config.yaml'
# What is compiled and opened once is no part of a sample.
foreach ($seconds in 3, {seconds}) {
    $before = [Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime
    $run = Invoke-AnovosWorkflow -Config $config -TrackingUri '{uri}' -SkipCheck -WorkingDirectory '{folder}' -FilePath sleep -ArgumentList $seconds {switch} 3>$null
    $cpu = [Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime - $before
}
$points = if ($run.Metrics['{metric}']) { @($run | Get-MlflowMetric '{metric}').Count } else { 0 }
"$($cpu.TotalSeconds.ToString([cultureinfo]::InvariantCulture)) $points $($run.RunId)"
"""
THEIRS = """
import time, mlflow
mlflow.set_tracking_uri({uri!r})
mlflow.set_experiment("bench")
for seconds in (3, {seconds}):
    before = time.process_time()
    with mlflow.start_run(log_system_metrics={switch}) as run:
        time.sleep(seconds)
    cpu = time.process_time() - before
points = len(mlflow.MlflowClient().get_metric_history(run.info.run_id, {metric!r}))
print(cpu, points, run.info.run_id)
"""
METRIC = "system/disk_usage_megabytes"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--interval", type=float, action="append")
    parser.add_argument("stores", nargs="+", metavar="URI=PYTHON")
    return parser.parse_args()


def start(command, interval):
    environment = {**os.environ, "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": str(interval), "MLFLOW_DISABLE_TELEMETRY": "true"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def finish(process):
    output, error = process.communicate()
    if process.returncode:
        sys.exit(error or output)
    cpu, points, run = next(line.split() for line in reversed(output.splitlines()) if len(line.split()) == 3)
    return float(cpu), int(points), run


def sides(uri, python, seconds, folder, on):
    ours = OURS.replace("{module}", MODULE).replace("{folder}", folder).replace("{seconds}", str(seconds)).replace("{uri}", uri)
    ours = ours.replace("{switch}", "-SystemMetric" if on else "-SystemMetric:$false").replace("{metric}", METRIC)
    theirs = THEIRS.format(uri=uri, seconds=seconds, switch=on, metric=METRIC)
    return powershell(ours), [python, "-c", theirs]


def main():
    options = parse()
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "config.yaml"), "w") as file:
        file.write(CONFIG)
    print(f"{'store':24} {'interval':>8}  {'module, ms a sample':>22} {'MLflow, ms a sample':>22} {'ratio':>6}")
    for store in options.stores:
        uri, python = store.rsplit("=", 1)
        for interval in options.interval or [10, 1]:
            costs, runs = [], []
            without = [finish(process) for process in [start(command, interval) for command in sides(uri, python, options.seconds, folder, False)]]
            having = [finish(process) for process in [start(command, interval) for command in sides(uri, python, options.seconds, folder, True)]]
            for (least, _, _), (cpu, points, run) in zip(without, having):
                costs.append((1000 * (cpu - least) / max(points, 1), points))
                runs.append(run)
            shown = [f"{cost:.2f} ({points} points)" for cost, points in costs]
            ratio = f"{costs[1][0] / costs[0][0]:6.1f}" if costs[0][0] > 0 else "     -"
            print(f"{uri[-24:]:24} {interval:8g}  {shown[0]:>22} {shown[1]:>22} {ratio}  {runs[0]} {runs[1]}", flush=True)


main()
