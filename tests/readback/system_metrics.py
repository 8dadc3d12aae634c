"""Prints what psutil says of this machine and of a process with all that it started, and MLflow's names of its system metrics.

system_metrics.py PID
"""
import json
import os
import sys

import psutil
from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor
from mlflow.system_metrics.metrics.disk_monitor import DiskMonitor
from mlflow.system_metrics.metrics.network_monitor import NetworkMonitor

names = []
for monitor in (CPUMonitor(), DiskMonitor(), NetworkMonitor()):
    monitor.collect_metrics()
    names += monitor.aggregate_metrics()

cpu, memory, disk, network = psutil.cpu_times(), psutil.virtual_memory(), psutil.disk_usage(os.sep), psutil.net_io_counters()
total = sum(cpu) - getattr(cpu, "guest", 0) - getattr(cpu, "guest_nice", 0)
root = psutil.Process(int(sys.argv[1]))
tree = [root, *root.children(recursive=True)]
print(json.dumps({
    "names": names,
    "cpu": [total - cpu.idle - getattr(cpu, "iowait", 0), total],
    "memory": [memory.used, memory.total],
    "disk": [disk.used, disk.free],
    "network": [network.bytes_recv, network.bytes_sent],
    "tree": [sum(sum(process.cpu_times()[:4]) for process in tree), sum(process.memory_info().rss for process in tree), len(tree)],
}))
