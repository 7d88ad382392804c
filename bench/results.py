"""The numbers of a section: the JSON of Google Benchmark, also for what other programs measured."""

import json
import os
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build/bench/results"
SIZE = os.environ.get("STATEMACHINE_BENCH_SIZE", "short")


def scaled(smoke, short, full):
    return {"smoke": smoke, "full": full}.get(SIZE, short)


def repetition(name, index, **counters):
    return {"run_name": name, "run_type": "iteration", "repetition_index": index, **counters}


def write(section, benchmarks, **context):
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{section}.json"
    file.write_text(json.dumps({"context": {"size": SIZE, **context}, "benchmarks": benchmarks},
                               indent=1))


class Section:
    """Each benchmark's repetitions by its name, without what Google Benchmark appends."""

    def __init__(self, name):
        file = RESULTS / f"{name}.json"
        self.there = file.is_file()
        text = json.loads(file.read_text("utf-8")) if self.there else {}
        self.context = text.get("context", {})
        self.runs = {}
        for each in text.get("benchmarks", []):
            if each["run_type"] == "iteration":
                name = each["run_name"].partition("/iterations:")[0]
                self.runs.setdefault(name, []).append(each)

    def names(self, prefix=""):
        return [name for name in self.runs if name.startswith(prefix)]

    def values(self, name, counter):
        return [run[counter] for run in self.runs.get(name, []) if run.get(counter) is not None]

    def ratios(self, name, of, by):
        return [run[of] / run[by] for run in self.runs.get(name, []) if run.get(of) and run.get(by)]

    def failures(self):
        return {name: run["error_message"] for name, runs in self.runs.items() for run in runs
                if run.get("error_occurred")}


def median(values):
    return statistics.median(values) if values else None


def spread(values, form="{:.2f}"):
    """`median (least to most)`."""
    if not values:
        return "not measured"
    one, least, most = (form.format(each) for each in (median(values), min(values), max(values)))
    return f"{one} ({least} to {most})"
