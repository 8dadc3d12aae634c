"""Times the module beside MLflow's Python client doing the same work, in turn, and prints medians and their ratios.

usage: compare.py TRACKING_URI [RUNS]

Run it with a Python that can import mlflow; pwsh must be on the PATH and the module built (dotnet build -c Release).
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MODULE = os.path.join(HERE, "..", "out", "Anovos.Mlflow")

PYTHON = {
    "start and end a run": "with mlflow.start_run(): pass",
    "1000 files of 8 KiB": "with mlflow.start_run(): mlflow.log_artifacts(folder, 'many')",
    "one file of 512 MiB": "with mlflow.start_run(): mlflow.log_artifact(large)",
    "20,000 metric points": """
from mlflow.entities import Metric
with mlflow.start_run() as run:
    client = mlflow.tracking.MlflowClient()
    now = int(time.time() * 1000)
    for start in range(0, 20000, 1000):
        client.log_batch(run.info.run_id, metrics=[Metric('m', i / 7, now, i) for i in range(start, start + 1000)])
""",
}
POWERSHELL = {
    "start and end a run": "",
    "1000 files of 8 KiB": "$null = Send-MlflowArtifact $folder -ArtifactPath many -ContentOnly",
    "one file of 512 MiB": "$null = Send-MlflowArtifact $large",
    "20,000 metric points": "& { for ($i = 0; $i -lt 20000; $i++) { [pscustomobject]@{ Name = 'm'; Value = $i / 7; Step = $i } } } | Write-MlflowMetric",
}


def measure(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or error.strip():
        sys.exit(f"{command[0]} failed: {error}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def python(code, uri, names):
    prelude = f"import time, mlflow\nmlflow.set_tracking_uri({uri!r})\nmlflow.set_experiment('bench')\n{names}\n"
    return [sys.executable, "-W", "ignore", "-c", prelude + code]


def powershell(code, uri, names):
    script = f"""
$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'
Import-Module '{MODULE}'
{names}
$null = Start-MlflowRun -TrackingUri '{uri}' -Experiment bench
{code}
$null = Stop-MlflowRun
"""
    return ["pwsh", "-NoProfile", "-NonInteractive", "-Command", script]


def main(uri, runs):
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
    with tempfile.TemporaryDirectory() as work:
        folder, large = os.path.join(work, "many"), os.path.join(work, "large.bin")
        os.mkdir(folder)
        for i in range(1000):
            with open(os.path.join(folder, f"part-{i:05}.csv"), "wb") as file:
                file.write(os.urandom(8192))
        with open(large, "wb") as file:
            for _ in range(512):
                file.write(os.urandom(1 << 20))

        print(f"whole processes, medians of {runs} pairs; ratio = module / Python client (below 1: the module needs less)")
        print(f"{'work':24} {'wall':>18} {'ratio':>6} {'cpu':>18} {'ratio':>6} {'memory, MiB':>14} {'ratio':>6}")
        for work_name, code in PYTHON.items():
            ours, theirs = [], []
            for _ in range(runs):
                ours.append(measure(powershell(POWERSHELL[work_name], uri, f"$folder = '{folder}'; $large = '{large}'")))
                theirs.append(measure(python(code, uri, f"folder, large = {folder!r}, {large!r}")))
            row = f"{work_name:24}"
            for i, form in enumerate(("{:.2f} s", "{:.2f} s", "{:.0f}")):
                a, b = statistics.median(m[i] for m in ours), statistics.median(m[i] for m in theirs)
                row += f" {form.format(a) + ' / ' + form.format(b):>{14 if i == 2 else 18}} {statistics.median(x[i] / y[i] for x, y in zip(ours, theirs)):6.2f}"
            print(row, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)
