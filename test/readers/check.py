"""What other programs make of our recording, and we of another's.

Run by test/readers.sh with the folder of node.pb.gz (a recording of ours) and
go.pb.gz (one by Go's runtime). Every figure that another program shows is
compared with what cprof itself reports of the same file.
"""

import base64
import collections
import html
import json
import os
import re
import subprocess
import sys

import jsonschema

WORK = os.path.abspath(sys.argv[1])
NODE = os.path.join(WORK, "node.pb.gz")
GO = os.path.join(WORK, "go.pb.gz")
SPEEDSCOPE = os.path.join(WORK, "node_modules/speedscope/dist/release")
CHECKS = [0]
COUNTED = "--state running --state gc --state dirty-cpu --state dirty-io".split()
COUNTED += "--state port --state scheduling --state other".split()


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr.decode()}")
    return done.stdout.decode(), done.stderr.decode()


def check(truth, what):
    CHECKS[0] += 1
    if not truth:
        sys.exit(f"readers: {what}")


def equal(got, wanted, what):
    if isinstance(got, dict):
        keys = [k for k in {**got, **wanted} if got.get(k) != wanted.get(k)]
        got = {k: got.get(k) for k in keys[:5]}
        wanted = {k: wanted.get(k) for k in keys[:5]}
    check(got == wanted, f"{what}: {got!r}, but cprof says {wanted!r}")


# --- ours --------------------------------------------------------------------


def cprof(file, *options):
    return run("priv/cprof", "report", file, *options)[0]


def report(file, *options):
    return json.loads(cprof(file, "-f", "json", *options))


def stacks(file, *options):
    """Collapsed lines as {stack: samples}."""
    lines = cprof(file, "-f", "collapsed", *options).splitlines()
    return collections.Counter(
        {line.rpartition(" ")[0]: int(line.rpartition(" ")[2])
         for line in lines})


def self_and_total(of_stacks):
    """By name; a name that is on a stack twice counts once."""
    self_, total = collections.Counter(), collections.Counter()
    for stack, count in of_stacks.items():
        names = stack.split(";")
        self_[names[-1]] += count
        for name in set(names):
            total[name] += count
    return self_, total


# --- go tool pprof -----------------------------------------------------------


def pprof(*options):
    out, err = run("go", "tool", "pprof", *options)
    for line in err.splitlines():
        check(line.startswith(("Main binary filename not available", "Fetching")),
              f"go tool pprof says: {line}")
    return out


def top(file, *options, index="samples"):
    """{name: (flat, cum)} and the total; names as collapsed has them."""
    out = pprof("-top", f"-sample_index={index}", "-nodecount=1000000",
                "-nodefraction=0", "-edgefraction=0",
                "-relative_percentages", *options, file)
    total = re.search(r"of (\S+) total", out)
    rows = {}
    for line in out.splitlines():
        row = re.match(r"\s*(\S+)\s+\S+%\s+\S+%\s+(\S+)\s+\S+%\s+(.+?)(?: \(inline\))?$",
                       line)
        if row:
            name = row[3].replace(";", ":")
            check(name not in rows, f"pprof has {name} twice")
            rows[name] = (row[1], row[2])
    return rows, total and total[1]


def compare_top(options, filters, what):
    rows, total = top(NODE, *options)
    ours = stacks(NODE, *filters)
    check(sum(ours.values()) > 0, f"{what}: no samples")
    equal(int(total), sum(ours.values()), f"pprof -top total, {what}")
    self_, totals = self_and_total(ours)
    totals.pop("[no stack]", None)  # no function to pprof
    flat = {name: int(row[0]) for name, row in rows.items()}
    cum = {name: int(row[1]) for name, row in rows.items()}
    equal(flat, {name: self_[name] for name in totals}, f"flat, {what}")
    equal(cum, dict(totals), f"cum, {what}")


def check_top():
    whole = report(NODE)
    _, total = top(NODE)
    equal(int(total), whole["meta"]["samples"], "pprof -top total")
    compare_top(["-tagignore", "state=^(idle|scheduler)$"], COUNTED,
                "without the schedulers' own work")
    tables = {row["name"].replace(";", ":"): (row["self"], row["total"])
              for row in whole["functions"]}
    rows, _ = top(NODE, "-tagignore", "state=^(idle|scheduler)$")
    once = collections.Counter(row["name"].replace(";", ":") for row in whole["functions"])
    for name, (flat, cum) in rows.items():
        if once[name] == 1:
            equal((int(flat), int(cum)), tables[name], f"the report's {name}")
    text = cprof(NODE, "--self", "--top", "5")
    for row in whole["functions"][:5]:
        check(re.search(rf"{row['self']}  {re.escape(row['name'][:20])}", text),
              f"{row['name']} is not in the text report as in JSON")


def check_tags():
    processes = report(NODE)["processes"]
    check(len(processes) > 10, "too few processes")
    for row in processes[:4]:
        pid = row["pid"]
        compare_top(["-tagfocus", f"process=^{re.escape(pid)}$",
                     "-tagignore", "state=^(idle|scheduler)$"],
                    ["--process", pid] + COUNTED, f"process {pid}")
    compare_top(["-tagfocus", "process_name=^sorter$",
                 "-tagignore", "state=^(idle|scheduler)$"],
                ["--process", "sorter"] + COUNTED, "the process sorter")
    compare_top(["-tagfocus", "state=^gc$"], ["--state", "gc"], "state gc")
    tags = pprof("-tags", "-sample_index=samples", NODE)
    for label in ("process", "initial_call", "state", "thread", "tid"):
        check(f"{label}: Total" in tags, f"pprof -tags has no {label}")


def check_traces():
    out = pprof("-traces", "-sample_index=samples", NODE)
    found = collections.Counter()
    for block in re.split(r"^-+\+-+$", out, flags=re.M)[1:]:
        # The labels, then "  3   leaf" and "      caller".
        rows = [line for line in block.splitlines() if line.strip()]
        rows = [line for line in rows if not re.match(r"\s*\w+:\s", line)]
        if not rows:
            continue
        count, leaf = re.match(r"\s*(\d+)\s*(.*)$", rows[0]).groups()
        names = [leaf] + [line.strip() for line in rows[1:]]
        names = [re.sub(r" \(inline\)$", "", name).replace(";", ":")
                 for name in names if name]
        found[";".join(reversed(names)) or "[no stack]"] += int(count)
    wanted = stacks(NODE)
    apart = wanted.pop("[scheduler]", 0) + wanted.pop("[idle]", 0)
    is_apart = re.compile(r"\[(scheduler\]|idle: )").search
    equal(sum(n for stack, n in found.items() if is_apart(stack)), apart,
          "traces of what is not counted")
    equal({s: n for s, n in found.items() if not is_apart(s)},
          dict(wanted), "pprof -traces")


# --- speedscope --------------------------------------------------------------


def speedscope(*options):
    path = os.path.join(WORK, "node.speedscope.json")
    cprof(NODE, "-o", path, *options)
    with open(path, encoding="utf-8") as file:
        return path, json.load(file)


def dom(path):
    """The page of speedscope's own viewer once it has loaded a file."""
    with open(path, "rb") as file:
        data = base64.b64encode(file.read()).decode()
    name = os.path.basename(path)
    with open(path + ".js", "w", encoding="ascii") as file:
        file.write(f'speedscope.loadFileFromBase64("{name}", "{data}")')
    page = (f"file://{SPEEDSCOPE}/index.html#view=sandwich&localProfilePath="
            f"{path}.js")
    for budget in (10000, 30000, 100000):
        out, _ = run("chromium", "--headless=new", "--no-sandbox",
                     "--disable-gpu", "--disable-dev-shm-usage",
                     f"--user-data-dir={WORK}/chromium",
                     "--allow-file-access-from-files",
                     f"--virtual-time-budget={budget}", "--dump-dom", page)
        title = re.search(r"<title>(.*?)</title>", out)
        if title and title[1] != "speedscope" and "<td" in out:
            return html.unescape(title[1]), out
    sys.exit(f"readers: speedscope's viewer does not show {name}")


def cells(page):
    for row in re.findall(r"<tr.*?</tr>", page, re.S):
        yield [html.unescape(re.sub(r"<[^>]*>", "", cell))
               for cell in re.findall(r"<td.*?</td>", row, re.S)]


def check_schema():
    with open(os.path.join(SPEEDSCOPE, "file-format-schema.json"),
              encoding="utf-8") as file:
        schema = json.load(file)
    meta = report(NODE)["meta"]
    for options in ([], ["--by", "scheduler"], ["--weights", "cpu"],
                    ["--focus", "^no function$"]):
        _, file = speedscope(*options)
        jsonschema.validate(file, schema)
        CHECKS[0] += 1
        unit = 1 if "cpu" not in options else None
        sums = [sum(p["weights"]) for p in file["profiles"]]
        for profile, weights in zip(file["profiles"], sums):
            check(abs(profile["endValue"] - weights) < 0.5,
                  "a profile is not as long as its weights")
        if unit and "--focus" not in options:
            equal(sums[0], meta["counted"], "speedscope's first profile")
            equal(sum(sums[1:]), meta["samples"], "speedscope's others")


def check_viewer():
    path, file = speedscope()
    title, page = dom(path)
    check(title.startswith(file["name"]), f"the viewer's title is {title}")
    shown = {cell[1]: cell[2] for cell in cells(page)
             if len(cell) == 3 and cell[0].isdigit()}
    check(len(shown) > 3, "the viewer shows no list of profiles")
    wanted = {p["name"]: f"{p['endValue']:,}" for p in file["profiles"]}
    for name, weight in shown.items():
        equal(weight.replace(",", ""), wanted[name].replace(",", ""),
              f"the viewer's {name}")


def check_viewer_of_pprof():
    """The table of functions: "527.05ms (62%)", the same, the name."""
    _, page = dom(NODE)
    rows, _ = top(NODE, "-unit=ms", index="cpu")
    seen = 0
    for cell in cells(page):
        if len(cell) != 3 or "(" not in cell[1]:
            continue
        self_ms = re.match(r"([\d.]+)(s|ms|µs)", cell[1])
        if not self_ms or cell[2] not in rows:
            continue
        got = float(self_ms[1]) * {"s": 1000, "ms": 1, "µs": 0.001}[self_ms[2]]
        wanted = float(rows[cell[2]][0].replace("ms", ""))
        check(abs(got - wanted) <= 0.01 * wanted + 0.02,
              f"the viewer's {cell[2]}: {got} ms, but pprof says {wanted}")
        seen += 1
    check(seen >= 5, "the viewer shows no functions of our pprof file")


# --- collapsed, and another's file -------------------------------------------


def check_collapsed():
    equal(sum(stacks(NODE).values()), report(NODE)["meta"]["samples"],
          "collapsed sum")


def check_go():
    ours = report(GO)
    rows, total = top(GO)
    equal(int(total), ours["meta"]["samples"], "samples of Go's file")
    check(ours["meta"]["samples"] > 10, "Go's profiler took no samples")
    table = {row["name"]: row for row in ours["functions"]}
    for name, (flat, cum) in rows.items():
        equal((int(flat), int(cum)),
              (table[name]["self"], table[name]["total"]), f"Go's {name}")
    burn = table["main.burnInner"]
    check(burn["file"].endswith("burn.go") and burn["line"] > 0,
          "no file and line of Go's function")
    text = cprof(GO, "--top", "3")
    check("main.burnInner" in text and "cprof did not write" in text,
          "the text report of Go's file")
    check("main.burnOuter" in cprof(GO, "--callers", "main.burnInner"),
          "the callers of Go's function")


for each in (check_top, check_tags, check_traces, check_schema, check_viewer,
             check_viewer_of_pprof, check_collapsed, check_go):
    each()
print(f"readers: {CHECKS[0]} figures are the same")
print(f"{CHECKS[0]} passed, 0 failed")
