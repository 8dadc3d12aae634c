"""Prints, as JSON, what MLflow's own client reads of a run: arguments are the tracking URI and the run id."""
import hashlib
import json
import os
import sys
import tempfile

import mlflow
from mlflow.tracking import MlflowClient

tracking_uri, run_id = sys.argv[1:]
mlflow.set_tracking_uri(tracking_uri)
client = MlflowClient()
run = client.get_run(run_id)


def artifacts(path=None):
    for entry in client.list_artifacts(run_id, path):
        if entry.is_dir:
            yield from artifacts(entry.path)
        else:
            yield entry.path


def digest(path):
    with tempfile.TemporaryDirectory() as folder:
        local = client.download_artifacts(run_id, path, folder)
        with open(local, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest().upper()


json.dump(
    {
        "version": mlflow.__version__,
        "status": run.info.status,
        "stage": run.info.lifecycle_stage,
        "experiment_stage": client.get_experiment(run.info.experiment_id).lifecycle_stage,
        "experiment_tags": client.get_experiment(run.info.experiment_id).tags,
        "experiment": client.get_experiment(run.info.experiment_id).name,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {key: repr(value) for key, value in run.data.metrics.items()},
        "history": {key: [[point.step, repr(point.value)] for point in client.get_metric_history(run_id, key)] for key in run.data.metrics},
        "inputs": [
            {"name": entry.dataset.name, "digest": entry.dataset.digest, "source_type": entry.dataset.source_type, "source": entry.dataset.source, "tags": {tag.key: tag.value for tag in entry.tags}}
            for entry in run.inputs.dataset_inputs
        ],
        "artifacts": {path: digest(path) for path in sorted(artifacts())},
    },
    sys.stdout,
)
