"""Prints, as JSON, all experiments and runs that MLflow's own client reads at a tracking URI."""
import json
import sys

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

client = MlflowClient(sys.argv[1])
experiments = client.search_experiments(ViewType.ALL)


def read_run(found):
    run = client.get_run(found.info.run_id)
    return {
        "run_id": run.info.run_id,
        "experiment_id": run.info.experiment_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "stage": run.info.lifecycle_stage,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "artifact_uri": run.info.artifact_uri,
        "params": run.data.params,
        "tags": run.data.tags,
        "latest": {key: repr(value) for key, value in run.data.metrics.items()},
        "history": {
            key: [[point.step, point.timestamp, repr(point.value)] for point in client.get_metric_history(run.info.run_id, key)]
            for key in run.data.metrics
        },
        "inputs": [
            {"name": entry.dataset.name, "digest": entry.dataset.digest, "tags": {tag.key: tag.value for tag in entry.tags}}
            for entry in run.inputs.dataset_inputs
        ],
    }


def runs():
    token = None
    while True:
        page = client.search_runs([found.experiment_id for found in experiments], run_view_type=ViewType.ALL, max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


json.dump(
    {
        "experiments": [
            {
                "id": found.experiment_id,
                "name": found.name,
                "stage": found.lifecycle_stage,
                "artifact_location": found.artifact_location,
                "tags": found.tags,
            }
            for found in experiments
        ],
        "runs": [read_run(found) for found in runs()],
    },
    sys.stdout,
)
