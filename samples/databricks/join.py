"""Runs a Python file of a job so that it joins a run of MLflow.

    join.py --mlflow-run-id=ID [--mlflow-experiment-id=ID] [--mlflow-tracking-uri=URI] file.py [argument ...]

The options become MLFLOW_RUN_ID, MLFLOW_EXPERIMENT_ID and MLFLOW_TRACKING_URI (databricks by default), where mlflow.start_run() looks.
An option without a value changes nothing. Works on every compute, including serverless, where a task has no environment of its own.
"""

import os
import runpy
import sys

arguments = sys.argv[1:]
options = {"--mlflow-run-id": "", "--mlflow-experiment-id": "", "--mlflow-tracking-uri": ""}
while arguments and arguments[0].partition("=")[0] in options:
    name, _, value = arguments.pop(0).partition("=")
    options[name] = value
if not arguments:
    sys.exit("join.py: the Python file to run is missing.")
if options["--mlflow-run-id"]:
    options["--mlflow-tracking-uri"] = options["--mlflow-tracking-uri"] or "databricks"
for name, value in options.items():
    if value:
        os.environ[name[2:].replace("-", "_").upper()] = value

sys.argv = arguments
sys.path.insert(0, os.path.dirname(os.path.abspath(arguments[0])))
runpy.run_path(arguments[0], run_name="__main__")
