#!/usr/bin/env python3
"""first_job.py HOST:PORT: the job of examples/ on a running site, as a newcomer
would run it: two uploads and a training, through the command line client."""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
CLI = "build/dev/bin/fateflow"


def client(*args):
    """Runs the client, shows the line, returns its JSON."""
    print("$", CLI, shlex.join(args), flush=True)
    out = subprocess.run([CLI, *args], stdout=subprocess.PIPE, text=True)
    try:
        answer = json.loads(out.stdout)
    except ValueError:
        sys.exit(f"no JSON from {CLI} (exit {out.returncode}):\n{out.stdout}")
    if out.returncode or answer.get("retcode"):
        sys.exit(f"failed (exit {out.returncode}):\n"
                 f"{json.dumps(answer, indent=4, ensure_ascii=False)}")
    return answer


def points(tree):
    """Every [key, value] pair in what metric/all answered."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "data" and isinstance(value, list):
                yield from (p for p in value if len(p) == 2)
            else:
                yield from points(value)


def main():
    server = sys.argv[1]
    os.chdir(ROOT)
    os.environ["FATEFLOW_SERVER"] = server
    print(f"$ export FATEFLOW_SERVER={server}")
    for party in ("guest", "host"):
        # -drop 1: a second quickstart finds the tables of the first.
        client("-f", "upload", "-c", f"examples/upload_{party}.json",
               "-drop", "1", "--wait")
    start = time.monotonic()
    answer = client("-f", "submit_job", "-d", "examples/hetero_lr/dsl.json",
                    "-c", "examples/hetero_lr/conf.json", "--wait")
    seconds = time.monotonic() - start
    job_id = answer["jobId"]
    metrics = client("-f", "component_metric_all", "-j", job_id, "-r", "guest",
                     "-p", "9999", "-cpn", "evaluation_0")
    found = dict(points(metrics.get("data", {})))
    print(f"""
job {job_id}: {answer['job']['status']} \
in {seconds:.1f} s
AUC {found['auc']:.4f}  KS {found['ks']:.4f}

Look further:
    export FATEFLOW_SERVER={server}
    {CLI} -f query_job -j {job_id}
    {CLI} -f query_task -j {job_id}
    {CLI} -f component_output_model -j {job_id} -r guest -p 9999 \
-cpn hetero_lr_0
    {CLI} --help
    ls var/log var/work
The site keeps running at http://{server}. To end it:
    ./quickstart stop""")


if __name__ == "__main__":
    main()
