"""Writes a folder store with everything that MLflow 3 keeps in one. Usage: write_everything.py <folder that does not exist>"""

import json
import math
import os
import sys
import tempfile

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

root = sys.argv[1]
mlflow.set_tracking_uri("file://" + root)
mlflow.set_registry_uri("file://" + root)
client = MlflowClient()

client.search_experiments()
client.set_experiment_tag("0", "mlflow.note.content", "the default one")
client.set_terminated(client.create_run("0", run_name="in default").info.run_id)
everything = client.create_experiment("Everything", tags={"team": "ops", "größe": "ä\nb"})
elsewhere = client.create_experiment("Elsewhere", artifact_location="s3://bucket/place")
gone = client.create_experiment("Gone")
lost = client.create_run(gone, run_name="in the trash").info.run_id
client.log_metric(lost, "m", 1.5)
client.set_terminated(lost)

parent = client.create_run(everything, run_name="parent", start_time=1700000000123).info.run_id
with mlflow.start_run(run_id=parent):

    class Identity(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input

    made = mlflow.pyfunc.log_model(
        name="pyf", python_model=Identity(), params={"lr": "0.1"}, model_type="thing", registered_model_name="Income Model"
    ).model_id
points = [0.5, math.nan, math.inf, -math.inf, -0.0, 1e-300, 0.1]
client.log_batch(
    parent,
    [Metric("loss", value, 1700000000200 + i, i) for i, value in enumerate(points)]
    + [Metric("a/b", 1, 1700000000300, -3), Metric("last nan", 1.0, 5, 1), Metric("last nan", math.nan, 5, 1)],
    [Param("p", "v"), Param("long", "x" * 5000), Param("empty", ""), Param("sla/sh", "ü")],
    [RunTag("k", "v\nw"), RunTag("mlflow.note.content", "# hi")],
)
income = Dataset("income", "abc123", "local", '{"uri": "data/income"}', schema='{"a": 1}', profile='{"n": 3}')
other = Dataset("other", "d2", "s3", '{"uri": "s3://b/o"}')
uses = [InputTag("mlflow.data.context", "training"), InputTag("x", "y")]
client.log_inputs(parent, datasets=[DatasetInput(income, uses), DatasetInput(other, [])])
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "hello.txt"), "w") as file:
        file.write("hello")
    client.log_artifact(parent, os.path.join(folder, "hello.txt"), "conf")

from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelStatus

children = []
for i in range(2):
    child = client.create_run(everything, run_name=f"child {i}", tags={"mlflow.parentRunId": parent, "mlflow.rootRunId": parent})
    children.append(child.info.run_id)
    client.log_metric(children[i], "m", i, step=i, timestamp=1700000001000 + i)
    use = DatasetInput(income, [InputTag("mlflow.data.context", "eval")])
    client.log_inputs(children[i], datasets=[use], models=[LoggedModelInput(made)])
grandchild = client.create_run(
    everything, run_name="grandchild", tags={"mlflow.parentRunId": children[0], "mlflow.rootRunId": parent}
).info.run_id
second = client.create_logged_model(
    everything, name="second", source_run_id=children[0], tags={"t": "1"}, params={"q": "w"}, model_type="x"
).model_id
client.log_outputs(children[0], [LoggedModelOutput(second, 7)])
for i in range(3):
    client.log_metric(children[0], "acc", 0.1 * i, timestamp=1700000003000 + i, step=i, model_id=second)
# The folder notes the dataset in the run's file as well, where MLflow's own reader passes over the step.
client.log_metric(
    children[0], "acc", 0.9, timestamp=1700000003100, step=3, model_id=second, dataset_name="income", dataset_digest="abc123"
)
client.set_terminated(grandchild, "FAILED", end_time=1700000002000)
client.set_terminated(children[0], "KILLED")
client.set_terminated(parent, "FINISHED", end_time=1700000009999)
client.delete_run(children[1])
client.finalize_logged_model(second, LoggedModelStatus.FAILED)
client.create_logged_model(everything, name="pending")
client.delete_logged_model(client.create_logged_model(everything, name="deleted", source_run_id=parent).model_id)

client.set_terminated(client.create_run(elsewhere, run_name="far away").info.run_id)
client.update_run(client.create_run(elsewhere, run_name="waits").info.run_id, status="SCHEDULED")
client.delete_experiment(gone)

client.update_registered_model("Income Model", "what it is")
client.set_registered_model_tag("Income Model", "owner", "ops")
client.create_model_version(
    "Income Model", f"runs:/{parent}/conf", run_id=parent, description="second version", tags={"a": "b"}
)
client.create_model_version("Income Model", "s3://elsewhere/model")
client.create_model_version("Income Model", f"models:/{second}", model_id=second)
client.create_model_version("Income Model", "models:/Income Model/2")
client.delete_model_version("Income Model", "3")
client.set_registered_model_alias("Income Model", "champion", "2")
client.set_registered_model_alias("Income Model", "challenger", "1")
client.transition_model_version_stage("Income Model", "2", "Production")
client.create_registered_model("Empty", description="nothing in it")
mlflow.genai.register_prompt(name="greet", template="Hello {{name}}", commit_message="first", tags={"z": "1"})
mlflow.genai.register_prompt(name="greet", template="Hi {{name}}" + "!" * 6000, commit_message="second")
client.set_prompt_alias("greet", "prod", 1)
print(json.dumps({"experiment": everything, "parent": parent, "children": children, "models": [made, second]}))
