"""Turns a folder store into a database, as MLflow does. Usage: migrate_filestore.py <folder of mlruns> <file>"""

import sys
from pathlib import Path

from mlflow.store.fs2db import migrate

migrate(Path(sys.argv[1]), f"sqlite:///{sys.argv[2]}", progress=False)
