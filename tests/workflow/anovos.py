"""Stands in for Anovos 1.1.0: it reads the workflow file, stops where Anovos stops if the file has an mlflow block, and else
writes what a recorded run of Anovos wrote, to both streams and to the working directory.

anovos.py [option ...] CONFIG RUN_TYPE
"""
import argparse
import json
import os
import shutil
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--recording", help="the folder of a recorded run of the file without its block")
parser.add_argument("--stops-as", help="the folder of a recorded run that its block stopped")
parser.add_argument("--seen", help="a file to write, about the workflow file")
parser.add_argument("--hang", action="store_true", help="goes on for ever")
parser.add_argument("config")
parser.add_argument("run_type")
options = parser.parse_args()

# The two steps that the tests need of a clone without recordings.
LINES = (
    "2026-11-29 20:56:48.295 | INFO     | anovos.workflow:main:519 - stats_generator, global_summary: execution time (in secs) =1.2942\n"
    "2026-11-29 20:58:30.671 | INFO     | anovos.workflow:main:734 - execution time w/o report (in sec) =106.7549\n"
)
CRASH = (
    "Traceback (most recent call last):\n"
    '  File "site-packages/anovos/workflow.py", line 500, in main\n    save_stats(\n'
    "pyspark.sql.utils.AnalysisException: Path does not exist: file:/data/anovos/report_stats/global_summary.csv\n"
)


def say(folder, stdout, stderr):
    if folder:
        stdout, stderr = (open(os.path.join(folder, name), "rb").read() for name in ("stdout.log", "stderr.log"))
    sys.stdout.buffer.write(stdout)
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(stderr)
    sys.stderr.buffer.flush()


with open(options.config, "rb") as file:
    content = file.read()
if options.seen:
    folder = os.path.dirname(options.config)
    seen = {
        "path": options.config,
        "content": content.decode(),
        "mode": oct(os.stat(options.config).st_mode & 0o777),
        "folders": [oct(os.stat(at).st_mode & 0o777) for at in (folder, os.path.dirname(folder))],
        "pid": os.getpid(),
        "unbuffered": os.environ.get("PYTHONUNBUFFERED"),
    }
    with open(options.seen + ".part", "w") as file:
        json.dump(seen, file)
    os.rename(options.seen + ".part", options.seen)
while options.hang:
    time.sleep(60)

if any(line.startswith((b"mlflow:", b"'mlflow':", b'"mlflow":')) for line in content.splitlines()):
    say(options.stops_as, b"\nglobal_summary: \n\n", CRASH.encode())
    sys.exit(1)
say(options.recording, b"\nglobal_summary: \n\n", LINES.encode())
if options.recording:
    files = os.path.join(options.recording, "files")
    if os.path.isdir(files):
        shutil.copytree(files, ".", dirs_exist_ok=True, copy_function=shutil.copyfile)
    with open(os.path.join(options.recording, "run.json")) as file:
        sys.exit(json.load(file)["rc"])
