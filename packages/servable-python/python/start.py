"""The program of a Python process of serving-kit: see `serving_kit_worker.supervisor`."""

import os
import sys

# Nothing of the kit stays on sys.path: the module of a model sees its own folder and the installed packages.
_folder = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _folder)
from serving_kit_worker import packages, supervisor, worker  # noqa: E402

sys.path.remove(_folder)

if __name__ == "__main__":
    if sys.argv[1:] == ["packages"]:
        packages.report()
    else:
        supervisor.supervise(worker.run)
