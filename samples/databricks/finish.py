# Databricks notebook source
# The task after the workflow, with "run_if": "ALL_DONE". It sends the outputs, and ends the run if the task start has started it.
import anovos_host

status = {"success": "Finished", "canceled": "Killed", "timedout": "Killed"}.get(dbutils.widgets.get("result_state"), "Failed")
arguments = ["-Config", dbutils.widgets.get("anovos_config"), "-Status", status]
if dbutils.widgets.get("started_here") != "true":
    arguments.append("-KeepOpen")
anovos_host.run(
    dbutils, "finish.ps1", *arguments, MLFLOW_RUN_ID=dbutils.widgets.get("run_id"), MLFLOW_TRACKING_URI="databricks"
)
