"""Calls a model over REST. Needs `requests`. python rest.py http://localhost:8501 digits samples.json"""

import json
import sys

import requests

url, model, file = sys.argv[1:]
with open(file) as samples:
    image = json.load(samples)[0]["image"]

session = requests.Session()  # keeps its connection from call to call
answer = session.post(f"{url}/v1/models/{model}:predict", json={"instances": [image]}, timeout=10)
if not answer.ok:
    sys.exit(answer.json()["error"])
[probabilities] = answer.json()["predictions"]
print(max(range(len(probabilities)), key=probabilities.__getitem__))
