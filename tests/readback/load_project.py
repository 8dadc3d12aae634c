"""Prints, as JSON, the entry points that MLflow's own reader of projects finds in a folder, and the command that it would run."""
import json
import sys

from mlflow.projects import _project_spec

project = _project_spec.load_project(sys.argv[1])
main = project.get_entry_point("main")
json.dump(
    {
        "name": project.name,
        "parameters": {name: [parameter.type, parameter.default] for name, parameter in main.parameters.items()},
        "command": main.compute_command({}, None),
    },
    sys.stdout,
)
