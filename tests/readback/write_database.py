"""Writes with MLflow's own client: arguments are the tracking URI, a run id and a number of batches.

It writes each batch to that run, and starts and ends a run of its own beside it. Prints "up" when the store is open.
"""
import sys
import time

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

uri, shared, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = MlflowClient(uri)
client.get_run(shared)
print("up", flush=True)


def patiently(write):
    # A transaction of MLflow's that began as a reader fails at once if another process writes in between.
    for attempt in range(20):
        try:
            return write()
        except Exception as failure:
            if "locked" not in str(failure) or attempt == 19:
                raise
            print(f"locked: {write.__name__}", file=sys.stderr)
            time.sleep(0.1)


def batch():
    client.log_batch(
        shared,
        metrics=[Metric("theirs", i, 1_700_000_000_000 + point, 20 * i + point) for point in range(20)],
        params=[Param(f"theirs/{i}", "größe")],
        tags=[RunTag("theirs", str(i))],
    )


def run():
    made = client.create_run("0", run_name=f"theirs {i}", tags={"mlflow.user": "python"})
    client.set_terminated(made.info.run_id)


for i in range(count):
    patiently(batch)
    patiently(run)
