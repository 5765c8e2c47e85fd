"""Mouth to ear: `python -m bench.mouth_to_ear [--questions N] [--skip-baseline]`, with tests/ on PYTHONPATH.

A caller in a real room asks spoken English questions, one after another. Measured is the time from
the last speech sample sent to the first voice sample received, the stages inside it by the worker's
own account, pick-up to greeting, and every process's peak memory; beside it, in the same run with
the same servers, prompt, questions and caller, the companion without beginning any answer early, for
the CPU time that this costs, and a stock agent (`baseline.py`).
"""

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from bench import report, turn_metrics
from bench.conversation import Line, converse, pick_ups
from bench.cpu import CpuMeter
from bench.memory import MemorySampler
from malbeot.up import probes
from malbeot.up.process import Process, Service
from support.speech import Speech, english
from support.stack import ROLES, Stack, running_stack

PICK_UP_BOUND_S = 1.5
P50_BOUND_S, P95_BOUND_S, RATIO_BOUND = 0.6, 1.1, 0.2
WORK_BOUND = 1.5
"""CPU time of language model and voice, a second of answer, to that where no answer is begun early."""
_WORKING = ("ollama", "voice")
_STAGES = ("final_text_s", "turn_called_s", "first_token_s", "first_audio_s", "mouth_to_ear_s")
_WARM_UP = "Hello there, can you hear me?"


def questions(count: int) -> list[tuple[str, Speech]]:
    """The first `count` of questions.txt, again from its top where that is short, as text and speech."""
    texts = (Path(__file__).parent / "questions.txt").read_text(encoding="utf-8").splitlines()
    return [(texts[index % len(texts)], english(texts[index % len(texts)])) for index in range(count)]


async def measure(
    line: Line, pids: Callable[[], Mapping[str, list[int]]], asked: list[tuple[str, Speech]], calls: int
) -> dict[str, Any]:
    """Everything about one agent. It is warm: a first question is asked that does not count."""
    memory = MemorySampler(pids)
    sampling = asyncio.create_task(memory.run(), name="memory")
    load_before = report.load_average()
    turns = []
    try:
        calling = await pick_ups(line, calls)
        cpu = CpuMeter(pids, _WORKING)
        async for turn in converse(line, [(_WARM_UP, english(_WARM_UP)), *asked]):
            turns.append(turn)
            print(f"  {report.cell(turn.mouth_to_ear_s)} s  {turn.question}", flush=True)
        cpu_s = cpu.spent_s()
    finally:
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
    await asyncio.sleep(1.0)  # the last answer's metrics are written when its call is over
    rows = []
    for turn in turns:
        messages = turn_metrics.read(line.metrics_file, turn.room)
        heard_at = turn.asked_at + (turn.mouth_to_ear_s or 0)
        stages = turn_metrics.stages(messages, asked_at=turn.asked_at, heard_at=heard_at)
        rows.append(turn.as_json(stages if turn.mouth_to_ear_s else turn_metrics.Stages()))
    return {
        "load_average_before": load_before,
        "load_average_after": report.load_average(),
        "pick_ups": [asdict(call) for call in calling],
        "warm_up": rows[0],
        "turns": rows[1:],
        "work": turn_metrics.work(
            message for room in {turn.room for turn in turns} for message in turn_metrics.read(line.metrics_file, room)
        ),
        "cpu_s": cpu_s,
        "answers_s": sum(turn.answer_s or 0.0 for turn in turns),
        "summary": {stage: report.spread([row[stage] for row in rows[1:]]) for stage in _STAGES}
        | {"greeting_heard_s": report.spread([call.greeting_heard_s for call in calling])},
        "memory": memory.as_json(),
    }


async def measure_baseline(stack: Stack, line: Line, asked: list[tuple[str, Speech]], calls: int) -> dict[str, Any]:
    """The stock agent, in place of our worker."""
    ready_dir = stack.state_dir / "baseline"
    ready_dir.mkdir()
    service = Service(
        name="the stock agent",
        log_name="baseline",
        command=[sys.executable, "-m", "bench.baseline", "--ready-dir", str(ready_dir)],
        env=stack.environment,
        address="answers calls",
        ready=probes.files_exist(ready_dir / "registered", ready_dir / "warm"),
        ready_within_s=120,
    )
    process = Process(service, stack.log_dir / "baseline.log")

    def pids() -> Mapping[str, list[int]]:
        children = psutil.Process(process.pid).children(recursive=True)
        return stack.pids | {"worker": [process.pid, *(child.pid for child in children)]}

    try:
        await process.start()
        return await measure(line, pids, asked, calls)
    finally:
        await process.stop()


@contextlib.asynccontextmanager
async def logs_kept(stack: Stack) -> AsyncIterator[None]:
    """Leaves the servers' logs beside the figures, whatever happens."""
    try:
        yield
    finally:
        shutil.copytree(stack.log_dir, report.FOLDER / "mouth_to_ear.logs", dirs_exist_ok=True)


def bars(results: Mapping[str, Any]) -> list[report.Bar]:
    """The bars of this benchmark."""
    ours = results["ours"]
    answered = [row["mouth_to_ear_s"] is not None for row in ours["turns"]]
    judged = [
        report.Bar(
            name="pick-up → greeting heard, p50",
            value=ours["summary"]["greeting_heard_s"]["p50"],
            bound=PICK_UP_BOUND_S,
        ),
        report.Bar(
            name="pick-ups with a greeting",
            value=ours["summary"]["greeting_heard_s"]["count"],
            unit="",
            bound=float(len(ours["pick_ups"])),
            must_be="at least",
        ),
        report.Bar(
            name="questions answered", value=sum(answered), unit="", bound=float(len(answered)), must_be="at least"
        ),
        report.Bar(name="mouth to ear, p50", value=ours["summary"]["mouth_to_ear_s"]["p50"], bound=P50_BOUND_S),
        report.Bar(name="mouth to ear, p95", value=ours["summary"]["mouth_to_ear_s"]["p95"], bound=P95_BOUND_S),
        report.Bar(
            name="CPU time of model and voice, to that without beginning early",
            value=_cpu_share(ours, results["patient"]) if "patient" in results else None,
            unit="×",
            bound=WORK_BOUND,
        ),
    ]
    if "stock" in results:
        for share in ("p50", "p95"):
            mine, theirs = (results[who]["summary"]["mouth_to_ear_s"][share] for who in ("ours", "stock"))
            ratio = mine / theirs if mine and theirs else None
            judged.append(
                report.Bar(name=f"mouth to ear, {share}: ours / stock", value=ratio, unit="×", bound=RATIO_BOUND)
            )
    return judged


def _cpu_share(ours: Mapping[str, Any], patient: Mapping[str, Any]) -> float | None:
    if not (ours["answers_s"] and patient["answers_s"]):
        return None
    mine, theirs = (sum(measured["cpu_s"].values()) / measured["answers_s"] for measured in (ours, patient))
    return mine / theirs


def show(who: str, measured: Mapping[str, Any]) -> None:
    """Prints one agent's tables."""
    header = [stage.removesuffix("_s").replace("_", " ") for stage in _STAGES]
    rows = [(row["question"], *(row[stage] for stage in _STAGES)) for row in measured["turns"]]
    print("\n" + report.table(f"{who}: seconds after the last speech sample was sent", ("question", *header), rows))
    spreads = [(name, *spread.values()) for name, spread in measured["summary"].items()]
    print("\n" + report.table(f"{who}: summary", ("seconds", "count", "p50", "p95", "min", "max"), spreads))
    if measured["work"]["used_s"]:
        print("\n" + report.table(f"{who}: work on answers, s", measured["work"].keys(), [measured["work"].values()]))
    cpu = measured["cpu_s"] | {"seconds of answer": measured["answers_s"]}
    print("\n" + report.table(f"{who}: CPU time, s", cpu.keys(), [cpu.values()]))
    memory = [(role, *peaks.values()) for role, peaks in measured["memory"]["roles"].items()]
    total = ("all at once", "", "", measured["memory"]["peak_sum_pss_mib"])
    columns = ("process", "seen", "USS", "PSS")
    print("\n" + report.table(f"{who}: peak memory of the largest of each, MiB", columns, [*memory, total]))


async def main(count: int, calls: int, *, with_baseline: bool) -> int:
    """Runs the benchmark. 0 where every bar holds, else 1."""
    busy = report.load_average()
    if busy > report.machine()["cores"] / 4:
        print(f"the machine is busy (load average {busy}): the figures will be worse than its own", flush=True)
    asked = questions(count)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="malbeot-bench-") as folder:
        async with running_stack(Path(folder), roles=ROLES) as stack, logs_kept(stack):
            line = Line(stack.livekit_url, stack.api_key, stack.api_secret, stack.metrics_file)
            print("ours:", flush=True)
            results["ours"] = await measure(line, lambda: stack.pids, asked, calls)
            if with_baseline:
                print("ours, where no answer is begun early:", flush=True)
                await stack.stop("worker")
                stack.environment["SPECULATION_TRIES"] = "0"
                await stack.start("worker")
                results["patient"] = await measure(line, lambda: stack.pids, asked, 0)
                await stack.stop("worker", "ears")
                print("stock:", flush=True)
                results["stock"] = await measure_baseline(stack, line, asked, calls)
    for who, measured in results.items():
        show(who, measured)
    judged = bars(results)
    print("\n" + report.bars_table(judged))
    written = report.write("mouth_to_ear", bars=judged, results=results | {"load_average_at_start": busy})
    print(f"\n{written}")
    return 1 if any(bar.holds is False for bar in judged) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.mouth_to_ear", description=__doc__)
    parser.add_argument("--questions", type=int, default=20, help="how many to ask (20)")
    parser.add_argument("--calls", type=int, default=5, help="how many pick-ups to measure (5)")
    parser.add_argument("--skip-baseline", action="store_true", help="measure the companion as it is, alone")
    chosen = parser.parse_args()
    sys.exit(asyncio.run(main(chosen.questions, chosen.calls, with_baseline=not chosen.skip_baseline)))
