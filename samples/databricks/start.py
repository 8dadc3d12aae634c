# Databricks notebook source
# The task before the workflow. It starts the run and passes its id to the other tasks, as init.sh does on a cluster. A run that was
# started elsewhere, in the job parameter mlflow_run_id, is continued instead.
import os
import tempfile

import anovos_host

run_id = dbutils.widgets.get("mlflow_run_id")
started_here = not run_id
if started_here:
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "run")
        anovos_host.run(dbutils, "start.ps1", "-Result", result, "-Config", dbutils.widgets.get("anovos_config"))
        with open(result, encoding="utf-8") as file:
            run_id = file.read().strip()
dbutils.jobs.taskValues.set(key="run_id", value=run_id)
dbutils.jobs.taskValues.set(key="started_here", value=str(started_here).lower())
