"""Prints, as JSON, the data frame of mlflow.search_runs: arguments are the tracking URI and an experiment. A value that is missing, or NaN, is null."""
import json
import sys

import mlflow
import pandas

tracking_uri, experiment = sys.argv[1:]
mlflow.set_tracking_uri(tracking_uri)
frame = mlflow.search_runs(experiment_names=[experiment], order_by=["attributes.start_time ASC"])


def value(cell):
    if pandas.isna(cell):
        return None
    return cell.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z" if isinstance(cell, pandas.Timestamp) else cell


json.dump([{column: value(row[column]) for column in frame.columns} for _, row in frame.iterrows()], sys.stdout)
