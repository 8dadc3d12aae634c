"""Changes a registered model with MLflow's own client, and prints the number of its new version: arguments are the tracking URI,
the name and a new name."""
import sys
import warnings

import mlflow
from mlflow.tracking import MlflowClient

warnings.simplefilter("ignore")
tracking_uri, name, new_name = sys.argv[1:]
mlflow.set_tracking_uri(tracking_uri)
client = MlflowClient()
client.set_registered_model_tag(name, "by", "mlflow")
version = client.create_model_version(name, "s3://bucket/py", description="größe", tags={"by": "mlflow"}).version
client.set_registered_model_alias(name, "py", version)
client.transition_model_version_stage(name, version, "Production", archive_existing_versions=True)
client.delete_model_version(name, 1)
client.rename_registered_model(name, new_name)
sys.stdout.write(f"\n{version}")
