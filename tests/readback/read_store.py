"""What MLflow reads of directory stores, and what it cannot read, as JSON: a line a store."""
import json
import logging
import math
import os
import sys

from mlflow.entities import ViewType
from mlflow.store.tracking.file_store import FileStore

logging.disable(logging.CRITICAL)


def number(value):
    return value if math.isfinite(value) else str(value)


def read_run(store, run_id):
    try:
        run = store.get_run(run_id)
        history = {
            key: [[point.timestamp, number(point.value), point.step] for point in store.get_metric_history(run_id, key)]
            for key in run.data.metrics
        }
        return {
            "experiment": run.info.experiment_id,
            "name": run.info.run_name,
            "status": run.info.status,
            "start": run.info.start_time,
            "end": run.info.end_time,
            "stage": run.info.lifecycle_stage,
            "user": run.info.user_id,
            "params": run.data.params,
            "tags": run.data.tags,
            "metrics": {key: number(value) for key, value in run.data.metrics.items()},
            "history": history,
        }
    except Exception as failure:
        return {"failure": f"{type(failure).__name__}: {failure}"}


for root in sys.argv[1:]:
    result = {"experiments": {}, "runs": {}}
    try:
        store = FileStore(root)
        result["experiments"] = {found.experiment_id: found.name for found in store.search_experiments(ViewType.ALL)}
    except Exception as failure:
        result["failure"] = f"{type(failure).__name__}: {failure}"
    folders = [os.path.join(root, name) for name in os.listdir(root)] + [os.path.join(root, ".trash", name) for name in os.listdir(os.path.join(root, ".trash"))]
    for folder in folders:
        for run_id in os.listdir(folder) if os.path.isdir(folder) else []:
            if len(run_id) == 32:
                result["runs"][run_id] = read_run(store, run_id)
    print(json.dumps(result))
