"""Measures a process for the scripts of this folder: its time, its CPU time, its memory."""
import os
import re
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MODULE = os.path.join(HERE, "..", "out", "Anovos.Mlflow")

# The last line that it prints is the time of the work itself in seconds, without the start of the process.
POWERSHELL = """
$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'
Import-Module '{module}'
{before}
$clock = [Diagnostics.Stopwatch]::StartNew()
{code}
$seconds = $clock.Elapsed.TotalSeconds
{after}
[Console]::WriteLine($seconds.ToString([cultureinfo]::InvariantCulture))
"""
START = "$null = Start-MlflowRun -TrackingUri '{uri}' -Experiment bench"
STOP = "$null = Stop-MlflowRun"


class Measurement:
    """The cost of a process: total seconds, seconds of the work itself, seconds of CPU, MiB."""

    def __init__(self, command):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # Both streams are read in parallel: a client that fills one of them, such as with MLflow's progress bars, blocks until it is read.
        errors = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read().decode()))
        reader.start()
        output = process.stdout.read().decode()
        reader.join()
        error = errors[0]
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.wall = time.perf_counter() - start
        # Other clients also write messages there: an older curl draws its meter even with --silent, and MLflow's client says goodbye.
        if process.returncode or error.strip() and command[0] == "pwsh":
            sys.exit(f"{command[0]} failed: {error or output}")
        self.cpu, self.memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        # MLflow's client prints a message after the figure.
        self.figures = [float(one) for one in re.findall(r"^[0-9.]+(?:e-?[0-9]+)?$", output, re.MULTILINE)]
        self.call = self.figures[-1] if self.figures else self.wall


def powershell(script):
    return ["pwsh", "-NoProfile", "-NonInteractive", "-Command", script]


def module(uri, code, before=START, after=STOP):
    """The command that runs code with the module, with or without a run."""
    return powershell(POWERSHELL.replace("{module}", MODULE).replace("{before}", before).replace("{after}", after).replace("{code}", code).replace("{uri}", uri))


def spread(values):
    return f"{statistics.median(values):8.2f} [{min(values):.2f}–{max(values):.2f}]"


def size(count):
    """Formats a number of bytes."""
    return next(f"{count / unit:g} {name}" for unit, name in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] if count >= unit)
