"""Adds versions to a registered model with MLflow's own client: arguments are the tracking URI, the name and how many."""
import sys

from mlflow.tracking import MlflowClient

tracking_uri, name, count = sys.argv[1:]
client = MlflowClient(tracking_uri=tracking_uri)
for number in range(int(count)):
    client.create_model_version(name, f"s3://bucket/py/{number}")
