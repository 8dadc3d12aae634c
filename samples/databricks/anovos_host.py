"""Runs a PowerShell script of this folder from a notebook, with the single-file host anovos-mlflow."""

import os
import shutil
import subprocess
import tempfile


def run(dbutils, script, *arguments, **variables):
    """Takes the program and the workspace from the job parameters, and the service principal from the secret scope."""
    scope = dbutils.widgets.get("secret_scope")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABRICKS_")}
    environment.update(
        DATABRICKS_HOST=dbutils.widgets.get("workspace_url"),
        DATABRICKS_CLIENT_ID=dbutils.secrets.get(scope, "client-id"),
        DATABRICKS_CLIENT_SECRET=dbutils.secrets.get(scope, "client-secret"),
        **variables,
    )
    with tempfile.TemporaryDirectory() as folder:
        # A volume may not allow running programs from it.
        program = os.path.join(folder, "anovos-mlflow")
        shutil.copyfile(dbutils.widgets.get("anovos_mlflow"), program)
        os.chmod(program, 0o700)
        command = [program, os.path.join(os.path.dirname(os.path.abspath(__file__)), script), *arguments]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout)
    if done.returncode != 0:
        raise RuntimeError(f"{script} ended with exit code {done.returncode}: its output is above.")
