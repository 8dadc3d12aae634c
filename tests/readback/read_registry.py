"""Prints, as JSON, all registered models with their versions as MLflow's own client reads them: the argument is the tracking URI."""
import json
import sys

import mlflow
from mlflow.tracking import MlflowClient

mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()


def read(version):
    version = client.get_model_version(version.name, version.version)
    return {
        "version": int(version.version),
        "stage": version.current_stage,
        "source": version.source,
        "run_id": version.run_id or "",
        "description": version.description or "",
        "status": version.status,
        "tags": version.tags,
        "aliases": sorted(version.aliases),
        "files": client.get_model_version_download_uri(version.name, version.version),
    }


def read_model(model):
    versions = client.search_model_versions(f"name = '{model.name}'", order_by=["version_number ASC"])
    return {
        "name": model.name,
        "description": model.description or "",
        "tags": model.tags,
        "aliases": {alias: int(version) for alias, version in model.aliases.items()},
        "latest": sorted([version.current_stage, int(version.version)] for version in model.latest_versions),
        "versions": [read(version) for version in versions],
    }


json.dump([read_model(model) for model in client.search_registered_models()], sys.stdout)
