"""Prints, as JSON, what MLflow's own client reads of a registered model: arguments are the tracking URI, the name and an alias."""
import hashlib
import json
import os
import sys
import tempfile

import mlflow
from mlflow.tracking import MlflowClient

tracking_uri, name, alias = sys.argv[1:]
mlflow.set_tracking_uri(tracking_uri)
client = MlflowClient()
model = client.get_registered_model(name)
version = client.get_model_version_by_alias(name, alias)


def files(folder):
    for root, _, names in os.walk(folder):
        for file in names:
            path = os.path.join(root, file)
            # Written beside a model by the client that downloads it.
            if file != "registered_model_meta":
                with open(path, "rb") as content:
                    yield os.path.relpath(path, folder).replace(os.sep, "/"), hashlib.sha256(content.read()).hexdigest().upper()


with tempfile.TemporaryDirectory() as folder:
    local = mlflow.artifacts.download_artifacts(f"models:/{name}@{alias}", dst_path=folder)
    contents = dict(files(local))

json.dump(
    {
        "description": model.description,
        "tags": model.tags,
        "aliases": {key: int(value) for key, value in model.aliases.items()},
        "versions": sorted(int(found.version) for found in client.search_model_versions(f"name='{name}'")),
        "version": {
            "version": int(version.version),
            "stage": version.current_stage,
            "description": version.description,
            "run_id": version.run_id,
            "source": version.source,
            "tags": version.tags,
        },
        "files": contents,
    },
    sys.stdout,
)
