"""Measures how the module's cost grows with the number and size of files and with connections, for servers and for a null sink.

usage: growth.py [--runs N] [--only files|bytes|connections] [--most-files N] [--largest MIB] [--json FILE] [URI ...]

URI is a tracking server that serves artifacts. The sink is started here; measurements with it show the client alone. The
module and the sink are those that `dotnet build -c Release` builds; pwsh must be on the PATH. Prints tables in Markdown: medians, and
their spread in brackets. All measurements need half an hour and 2 GiB of disk.
"""
import argparse
import contextlib
import datetime
import json
import os
import statistics
import subprocess
import tempfile
import urllib.request

from measuring import HERE, MODULE, Measurement, powershell, size

FILES = [10, 100, 1_000, 10_000, 100_000]
MEBIBYTES = [1 / 1024, 1, 16, 256, 1024]
CONNECTIONS = [1, 2, 4, 8, 16, 32, 64]
MANY = 100_000
# Milliseconds.
FAR = 40

# Runs in a separate runspace, so that its progress can be read. Prints the seconds until the first record, and the seconds of the call.
SEND = """
$ErrorActionPreference = 'Stop'
$shell = [powershell]::Create()
$null = $shell.AddScript("Import-Module '{module}'; `$null = Connect-Mlflow '{uri}'; `$null = Get-MlflowRun {run}").Invoke()
$shell.Commands.Clear()
$null = $shell.AddScript("Send-MlflowArtifact '{source}' -ArtifactPath sent -RunId {run} {options} | Out-Null")
$clock = [Diagnostics.Stopwatch]::StartNew()
$sending = $shell.BeginInvoke()
while ($shell.Streams.Progress.Count -eq 0 -and -not $sending.AsyncWaitHandle.WaitOne(5)) { }
$first = $clock.Elapsed.TotalSeconds
$null = $shell.EndInvoke($sending)
$seconds = $clock.Elapsed.TotalSeconds
if ($shell.HadErrors) { throw $shell.Streams.Error[0] }
$first, $seconds | ForEach-Object { [Console]::WriteLine($_.ToString([cultureinfo]::InvariantCulture)) }
"""


class Server:
    """A server to upload to. If it was started here, its CPU time is known, too."""

    def __init__(self, uri, process=None, name="sink"):
        self.uri, self.process = uri.rstrip("/"), process
        self.name = name if process else "MLflow " + urllib.request.urlopen(self.uri + "/version").read().decode()

    def new_run(self):
        body = json.dumps({"experiment_id": "0", "start_time": 1}).encode()
        request = urllib.request.Request(self.uri + "/api/2.0/mlflow/runs/create", body, {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))["run"]["info"]["run_id"]

    def cpu(self):
        if not self.process:
            return None
        with open(f"/proc/{self.process.pid}/stat") as stat:
            ticks = stat.read().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def send(self, source, run, options=""):
        """Runs a process that uploads a folder's files, or a file."""
        script = SEND
        for name, value in [("module", MODULE), ("uri", self.uri), ("run", run), ("source", source), ("options", options)]:
            script = script.replace("{" + name + "}", value)
        before = self.cpu()
        one = Measurement(powershell(script))
        first, seconds = one.figures
        return {"seconds": seconds, "first": first, "memory": one.memory, "cpu": one.cpu, "server cpu": before and self.cpu() - before}


@contextlib.contextmanager
def sink(milliseconds=0):
    # The sink ends when its standard input ends.
    command = ["dotnet", os.path.join(HERE, "Sink", "bin", "Release", "net10.0", "Sink.dll"), str(milliseconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Server(process.stdout.readline().decode().strip(), process, f"sink, {milliseconds} ms away" if milliseconds else "sink")


class Data:
    """The files to upload, created when they are first needed."""

    def __init__(self, folder):
        self.folder = folder

    def many(self, count):
        folder = os.path.join(self.folder, f"{count} files")
        if not os.path.isdir(folder):
            os.mkdir(folder)
            for i in range(count):
                with open(os.path.join(folder, f"part-{i:06}.csv"), "wb") as file:
                    file.write(os.urandom(1024))
        return folder

    def one(self, mebibytes):
        path = os.path.join(self.folder, f"{mebibytes} MiB")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                for _ in range(max(1, int(mebibytes))):
                    file.write(os.urandom(int(min(mebibytes, 1) * (1 << 20))))
        return path


def most_connections():
    """The maximum number of connections that the module allows."""
    script = f"Import-Module '{MODULE}'; (Get-Command Send-MlflowArtifact).Parameters.ThrottleLimit.Attributes.MaxRange"
    return int(subprocess.run(powershell(script), check=True, capture_output=True).stdout)


def grow(server, data, arguments, only):
    """The rows of one server, each with the parameters of the measurement and the figures of its runs."""
    def row(series, x, sends):
        runs = 1 if x >= MANY and series == "files" else arguments.runs
        taken = [sends(server.new_run()) for _ in range(runs)]
        return [{"server": server.name, "series": series, "x": x, "again": again, "runs": list(ones)} for again, ones in enumerate(zip(*taken))]

    def of_files(count, options=""):
        return lambda run: [server.send(data.many(count), run, "-ContentOnly " + options)]

    def sent_again(count):
        # A sink stores nothing, so everything would be uploaded again.
        return lambda run: [server.send(data.many(count), run, "-ContentOnly") for _ in range(1 if server.process else 2)]

    for count in FILES:
        if count <= arguments.most_files and "files" in only:
            yield from row("files", count, sent_again(count))
    for mebibytes in MEBIBYTES:
        if mebibytes <= arguments.largest and "bytes" in only:
            yield from row("bytes", mebibytes * (1 << 20), lambda run: [server.send(data.one(mebibytes), run)])
    for connections in CONNECTIONS:
        if connections <= arguments.most_connections and "connections" in only:
            yield from row("connections", connections, of_files(min(1000, arguments.most_files), f"-ThrottleLimit {connections}"))


def median(row, figure):
    values = [one[figure] for one in row["runs"]]
    return None if None in values else statistics.median(values)


def figure(value, digits=3):
    """Formats a number with three digits, or a large number without decimals."""
    return "–" if value is None else f"{value:,.0f}" if value >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def spread(row):
    values = [one["seconds"] for one in row["runs"]]
    return figure(median(row, "seconds")) + (f" [{figure(min(values))}–{figure(max(values))}]" if len(values) > 1 else "")


def of_files(row, again):
    cells = [f"{row['x']:,}", spread(row), figure(row["x"] / median(row, "seconds")), *common(row), figure(median(row, "first"))]
    return cells + ([spread(again), figure(median(again, "memory")), figure(median(again, "first"))] if again else ["–"] * 3)


def of_bytes(row, _):
    return [size(row["x"]), spread(row), figure(row["x"] / 1e6 / median(row, "seconds")), *common(row)]


def of_connections(row, _):
    return [str(row["x"]), spread(row), *common(row)]


def common(row):
    return [figure(median(row, "cpu")), figure(median(row, "server cpu")), figure(median(row, "memory"))]


COMMON = ["CPU, s", "sink's CPU, s", "memory, MiB"]
TABLES = [
    ("files", ["files of 1 KiB", "sent, s", "files/s", *COMMON, "first progress, s", "again, s", "again, memory, MiB", "again, first progress, s"], of_files),
    ("bytes", ["one file of", "sent, s", "MB/s", *COMMON], of_bytes),
    ("connections", ["connections at most", "1000 files of 1 KiB, s", *COMMON], of_connections),
]


def table(header, lines):
    """A table without its empty columns."""
    columns = [column for column in zip(header, *lines) if set(column[1:]) != {"–"}]
    yield "\n| " + " | ".join(column[0] for column in columns) + " |\n|" + "---:|" * len(columns)
    for cells in list(zip(*columns))[1:]:
        yield "| " + " | ".join(cells) + " |"


def tables(rows):
    """The results in Markdown."""
    for server in dict.fromkeys(row["server"] for row in rows):
        yield f"\n### {server}"
        for series, header, cells in TABLES:
            own = [row for row in rows if row["server"] == server and row["series"] == series]
            again = {row["x"]: row for row in own if row["again"]}
            lines = [cells(row, again.get(row["x"])) for row in own if not row["again"]]
            if lines:
                yield from table(header, lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="files, bytes, connections")
    parser.add_argument("--most-files", type=int, default=MANY)
    parser.add_argument("--largest", type=float, default=1024, metavar="MIB")
    parser.add_argument("--json")
    parser.add_argument("server", nargs="*")
    arguments = parser.parse_args()
    arguments.most_connections = most_connections()
    rows = []
    with tempfile.TemporaryDirectory() as work, sink() as null, sink(FAR) as far:
        os.environ.update(POWERSHELL_TELEMETRY_OPTOUT="1", ANOVOS_MLFLOW_SENT_PATH=os.path.join(work, "sent"))
        wanted = [(server, arguments.only) for server in [*map(Server, arguments.server), null]]
        if "connections" in arguments.only:
            wanted.append((far, "connections"))
        for server, only in wanted:
            for row in grow(server, Data(work), arguments, only):
                print(f"{server.name}: {row['series']} {row['x']:,.0f}{' again' if row['again'] else ''}: {spread(row)} s", flush=True)
                rows.append(row)
    print("\n".join(tables(rows)))
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"measured": datetime.date.today().isoformat(), "processors": os.cpu_count(), "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
