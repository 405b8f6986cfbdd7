"""Measures calls over REST, one after another. Needs `requests`. python latency.py http://localhost:8501 digits samples.json"""

import json
import statistics
import sys
import time

import requests

url, model, file = sys.argv[1:]
with open(file) as samples:
    body = json.dumps({"instances": [json.load(samples)[0]["image"]]})

session = requests.Session()  # a connection for each call would be measured too
times = []
for i in range(110):
    start = time.perf_counter()
    session.post(f"{url}/v1/models/{model}:predict", data=body, timeout=10).raise_for_status()
    if i >= 10:  # the first calls warm both sides up
        times.append(1000 * (time.perf_counter() - start))
cuts = statistics.quantiles(times, n=100)
print(f"p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms")
