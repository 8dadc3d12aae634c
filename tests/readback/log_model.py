"""Logs and registers a model with MLflow's own client, and prints its run: arguments are the tracking URI and the name."""
import sys

import mlflow
import mlflow.pyfunc
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

tracking_uri, name = sys.argv[1:]
mlflow.set_tracking_uri(tracking_uri)


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


signature = ModelSignature(
    inputs=Schema([ColSpec("long", "age"), ColSpec("string", "job", required=False)]),
    outputs=Schema([ColSpec("double")]),
    params=ParamSchema([ParamSpec("threshold", "double", 0.5)]),
)
where = {"name": "model"} if int(mlflow.__version__.split(".")[0]) >= 3 else {"artifact_path": "model"}
with mlflow.start_run() as run:
    mlflow.pyfunc.log_model(python_model=Echo(), signature=signature, registered_model_name=name, pip_requirements=[], **where)
sys.stdout.write("\n" + run.info.run_id)
