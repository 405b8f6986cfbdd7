"""The packages of the interpreter: for `serving-kit doctor`, and compared with a requirements.txt."""

import json
import os
import re
import site
import sys

_NAMED = (
    "numpy",
    "tensorflow",
    "tensorflow-cpu",
    "ai-edge-litert",
    "tflite-runtime",
    "torch",
    "transformers",
    "scikit-learn",
    "xgboost",
    "lightgbm",
    "onnxruntime",
)
_MAX_LINES = 1_000
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;#)]*)\)?")
_SPECIFIER = re.compile(r"^(===|==|>=|<=|!=|~=|<|>)\s*([0-9A-Za-z.*+!_-]+)$")


def add_user_site():
    """Adds the user's packages by their absolute path: -I leaves them out with the rest that a user may set."""
    if sys.prefix != sys.base_prefix and not _sees_system_packages():
        return
    try:
        folder = site.getusersitepackages()
    except Exception:
        return  # no home
    if os.path.isabs(folder) and os.path.isdir(folder):
        site.addsitedir(folder)


def _sees_system_packages():
    try:
        with open(os.path.join(sys.prefix, "pyvenv.cfg")) as file:
            return "include-system-site-packages = true" in file.read()
    except OSError:
        return False


def installed(name):
    from importlib import metadata  # only then: it is large

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def report():
    """Prints the interpreter and what it has, as JSON."""
    import platform

    add_user_site()
    versions = {name: installed(name) for name in _NAMED}
    print(
        json.dumps(
            {
                "version": platform.python_version(),
                "executable": sys.executable,
                "packages": {name: version for name, version in versions.items() if version},
            }
        )
    )


def unmet(path):
    """The lines of a requirements.txt that the interpreter does not meet. Empty if there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line, _ in zip(file, range(_MAX_LINES))]
    except (OSError, UnicodeDecodeError):
        return []
    return [line for line in lines if not _is_met(line)]


def _is_met(line):
    match = _REQUIREMENT.match(line)
    # A comment, an option, an address; or for another system, as its marker says.
    if match is None or "://" in line or " @ " in line or ";" in line:
        return True
    name, specifiers = match.groups()
    version = installed(name)
    if version is None:
        return False
    return all(_fits(version, one.strip()) for one in specifiers.split(",") if one.strip())


def _fits(version, specifier):
    match = _SPECIFIER.match(specifier)
    if match is None:
        return True
    operator, wanted = match.groups()
    if operator == "===":
        return version == wanted
    if wanted.endswith(".*"):
        prefix = _numbers(wanted[:-2])
        is_same = _numbers(version)[: len(prefix)] == prefix
        return is_same == (operator == "==")
    own, other = _padded(_numbers(version), _numbers(wanted))
    if operator == "~=":
        stem = _numbers(wanted)[:-1]
        return own >= other and _numbers(version)[: len(stem)] == stem
    return {
        "==": own == other,
        "!=": own != other,
        ">=": own >= other,
        "<=": own <= other,
        ">": own > other,
        "<": own < other,
    }[operator]


def _numbers(version):
    return [int(number) for number in re.findall(r"\d+", re.split(r"[+a-z]", version)[0])]


def _padded(one, other):
    size = max(len(one), len(other))
    return one + [0] * (size - len(one)), other + [0] * (size - len(other))
