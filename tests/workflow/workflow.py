"""Behaves as an Anovos workflow does, without Spark: its log lines, its outputs, and what may go wrong.

workflow.py [option ...] CONFIG RUN_TYPE
"""
import argparse
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime

parser = argparse.ArgumentParser()
parser.add_argument("--outputs", help="a folder whose content is written to the working directory, as the outputs")
parser.add_argument("--exit", type=int, default=0, help="the exit code")
parser.add_argument("--hang", action="store_true", help="goes on for ever after its steps")
parser.add_argument("--stubborn", action="store_true", help="does not end when it is asked to")
parser.add_argument("--child", metavar="PID_FILE", help="starts a child that goes on for ever, and one whose parent has ended")
parser.add_argument("--leave", metavar="PID_FILE", help="leaves a process behind that holds its output open")
parser.add_argument("--flood", type=int, default=0, metavar="LINES", help="writes so many lines on each stream")
parser.add_argument("--odd", action="store_true", help="writes what is no line of text")
parser.add_argument("--track", action="store_true", help="joins the run with MLflow's own client, and tracks as Anovos does")
parser.add_argument("--show", action="store_true", help="writes its arguments and the variables of the run")
parser.add_argument("--pause", type=float, default=0, help="seconds between two steps")
parser.add_argument("--wait-for", metavar="FILE", help="waits for this file before its last step")
parser.add_argument("config", nargs="?", default="")
parser.add_argument("run_type", nargs="?", default="local")
options, rest = parser.parse_known_args()


def log(message, level="INFO"):
    now = datetime.now().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    print(f"{now} | {level:<8} | anovos.workflow:main:519 - {message}", file=sys.stderr, flush=True)


def endless(detached):
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN if %r else signal.SIG_DFL); time.sleep(600)" % options.stubborn
    if not detached:
        return subprocess.Popen([sys.executable, "-c", program]).pid
    middle = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {program!r}], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True).pid)"
    return int(subprocess.check_output([sys.executable, "-c", middle]))


run = None
if options.track:
    import mlflow

    run = mlflow.start_run()
    log(f"joined {run.info.run_id}")

if options.show:
    print("arguments", rest, options.config, options.run_type)
    for name in ("MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "ANOVOS_TEST_EXTRA", "ANOVOS_TEST_GONE"):
        print(name, os.environ.get(name), flush=True)
    print("folder", os.getcwd(), "stdin", repr(sys.stdin.read()), flush=True)

if options.child:
    pids = [endless(detached=False), endless(detached=True)]
    with open(options.child + ".part", "w") as file:
        file.write("\n".join(str(pid) for pid in [os.getpid(), *pids]))
    os.rename(options.child + ".part", options.child)

if options.stubborn:
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)

log("stats_generator, global_summary: execution time (in secs) =3.4107")
time.sleep(options.pause)
log("quality_checker, duplicate_detection: execution time (in secs) =11.02")
time.sleep(options.pause)
log("column capital-gain is skewed", level="WARNING")

if options.flood:
    line = "x" * 80 + "\n"
    block = 1000
    for start in range(0, options.flood, block):
        sys.stdout.write("".join(f"{start + i:08d} {line}" for i in range(min(block, options.flood - start))))
    sys.stdout.flush()

if options.odd:
    out = sys.stdout.buffer
    out.write(b"progress 1%\rprogress 50%\rprogress 100%\r\n")
    out.write(b"\xff\xfe no text \xc3\n")
    out.write("größe 世\tcolumn \x1b[31mred\x1b[0m\n".encode())
    out.write(b"y" * 300_000 + b"\n")
    out.write(b"the end has no end")
    out.flush()

if options.outputs:
    # Where it tracks itself, Anovos puts each output into a folder of the run.
    for folder, _, files in os.walk(options.outputs):
        for name in files:
            relative = os.path.relpath(folder, options.outputs)
            target = os.path.join(relative, run.info.run_id) if run else relative
            os.makedirs(target, exist_ok=True)
            shutil.copyfile(os.path.join(folder, name), os.path.join(target, name))
    if run:
        reports = os.path.join("report_stats", run.info.run_id)
        mlflow.log_artifacts(reports, "report_stats")

while options.wait_for and not os.path.exists(options.wait_for):
    time.sleep(0.05)

log("Basic Report: execution time (in secs) =143.1")
log("execution time w/o report (in sec) =201.4")

if options.leave:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with open(options.leave, "w") as file:
        file.write(str(left.pid))
if options.exit:
    log("no such column: income", level="ERROR")
    print("Traceback (most recent call last):\n  ValueError: password=hunter2", file=sys.stderr)
if run:
    mlflow.end_run("FAILED" if options.exit else "FINISHED")
while options.hang:
    time.sleep(60)
sys.exit(options.exit)
