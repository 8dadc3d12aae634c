#if NET
using System.Globalization;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Processes;

/// <summary>The usage of a process and all processes that it started, from text as in /proc.</summary>
public sealed class LinuxTreeTests : IDisposable
{
    private readonly TemporaryFolder _proc = new();
    private readonly LinuxTree _tree;

    public LinuxTreeTests() => _tree = new LinuxTree(root: 100, "MARK=m1", _proc.FullPath);

    public void Dispose() => _proc.Dispose();

    [Fact]
    public void Children_and_processes_whose_parent_has_ended_belong_to_it_and_others_do_not()
    {
        Process(1, parent: 0, ticks: 1000, pages: 10, environment: "PATH=/");
        Process(100, parent: 50, ticks: 100, pages: 1, environment: "A=1\0MARK=m1\0");
        Process(101, parent: 100, ticks: 200, pages: 2, environment: ""); // A child with its own environment.
        Process(102, parent: 1, ticks: 400, pages: 4, environment: "MARK=m1");
        Process(103, parent: 1, ticks: 800, pages: 8, environment: "MARK=m2");
        Assert.Equal(new TreeUsage(7, 7L * Environment.SystemPageSize, 3), _tree.Read());
    }

    [Fact]
    public void The_name_of_a_program_may_hold_anything()
    {
        Process(100, parent: 50, ticks: 100, pages: 1, name: "a) R 1 (b");
        Assert.Equal(1, _tree.Read()!.CpuSeconds);
    }

    [Fact]
    public void Bytes_are_those_of_disks()
    {
        Process(100, parent: 50, ticks: 0, pages: 1, io: (3, 5));
        Process(101, parent: 100, ticks: 0, pages: 1, io: (30, 50));
        Process(102, parent: 100, ticks: 0, pages: 1);
        TreeUsage usage = _tree.Read()!;
        Assert.Equal((33, 55), (usage.ReadBytes, usage.WrittenBytes));
    }

    [Fact]
    public void A_child_that_ended_counts_once_whether_its_parent_waited_for_it_or_not()
    {
        Process(100, parent: 50, ticks: 100, pages: 1);
        Process(101, parent: 100, ticks: 200, pages: 1, io: (1, 1));
        Process(102, parent: 1, ticks: 400, pages: 1, environment: "MARK=m1", io: (2, 2));
        Process(103, parent: 102, ticks: 800, pages: 1);
        Assert.Equal(15, _tree.Read()!.CpuSeconds);

        // The parent waited for 101, which adds the time of 101 to the parent. 102 and its child no longer have a parent.
        foreach (int ended in new[] { 101, 102, 103 })
            Directory.Delete(_proc.Below($"{ended}"), recursive: true);
        Process(100, parent: 50, ticks: 100, pages: 1, ofChildren: 210, io: (1, 1));
        TreeUsage usage = _tree.Read()!;
        Assert.Equal((15.1, 1, 3L), (Math.Round(usage.CpuSeconds, 6), usage.Processes, usage.ReadBytes));
        Assert.Equal(15.1, Math.Round(_tree.Read()!.CpuSeconds, 6));
    }

    [Fact]
    public void A_process_that_gets_the_id_of_one_that_ended_is_another()
    {
        Process(100, parent: 50, ticks: 100, pages: 1, environment: "");
        Assert.Equal(1, _tree.Read()!.Processes);
        Process(100, parent: 50, ticks: 900, pages: 1, environment: "", started: 77);
        Assert.Null(_tree.Read());
    }

    [Fact]
    public void A_process_that_nobody_has_waited_for_is_over_and_its_time_is_not_lost()
    {
        Process(100, parent: 50, ticks: 100, pages: 0, state: 'Z');
        Assert.Null(_tree.Read());
        Process(101, parent: 100, ticks: 50, pages: 1);
        Assert.Equal((1.5, 1), (_tree.Read()!.CpuSeconds, _tree.Read()!.Processes));
    }

    [Fact]
    public void Files_that_are_empty_or_gone_are_of_a_process_that_has_ended()
    {
        Process(100, parent: 50, ticks: 100, pages: 1);
        Directory.CreateDirectory(_proc.Below("104"));
        Directory.CreateDirectory(_proc.Below("105"));
        File.WriteAllText(_proc.Below("105/stat"), "105 (x) S 100");
        Directory.CreateDirectory(_proc.Below("sys"));
        Assert.Equal(1, _tree.Read()!.Processes);
    }

    private void Process(
        int id, int parent, int ticks, int pages, string environment = "MARK=m1", string name = "python", char state = 'S',
        int ofChildren = 0, int? started = null, (int Read, int Written)? io = null)
    {
        string folder = Directory.CreateDirectory(_proc.Below($"{id}")).FullName;
        string times = string.Create(CultureInfo.InvariantCulture, $"{ticks / 2} {ticks - (ticks / 2)} {ofChildren} 0");
        string stat = string.Create(
            CultureInfo.InvariantCulture,
            $"{id} ({name}) {state} {parent} 1 1 0 -1 4194560 5966 342491 0 25 {times} 20 0 1 0 {started ?? id} 5255168 {pages} 17 1\n");
        File.WriteAllText(Path.Combine(folder, "stat"), stat);
        File.WriteAllText(Path.Combine(folder, "environ"), environment);
        if (io is { } bytes)
        {
            string counts = $"read_bytes: {bytes.Read}\nwrite_bytes: {bytes.Written}\ncancelled_write_bytes: 7\n";
            File.WriteAllText(Path.Combine(folder, "io"), $"rchar: 6976\nwchar: 9\nsyscr: 10\nsyscw: 0\n{counts}");
        }
    }
}
#endif
