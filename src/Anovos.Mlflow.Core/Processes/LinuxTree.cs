#if NET
using System.Text;

namespace Anovos.Mlflow.Processes;

/// <summary>
/// Reads the usage of a process and all processes that it started from <c>/proc</c>. It finds processes by the mark of the tree in
/// their environment, even after their parent has ended. It also finds the children of these processes, even if they lost the mark.
/// </summary>
/// <param name="root">The process.</param>
/// <param name="mark">The mark.</param>
/// <param name="proc">The folder <c>/proc</c>.</param>
internal sealed class LinuxTree(int root, string mark, string proc = "/proc")
{
    private readonly byte[] _mark = Encoding.ASCII.GetBytes(mark);

    // Processes outside the tree are checked only once: no id is reused between two reads.
    private HashSet<int> _others = [];
    private Dictionary<int, LinuxProcess> _last = [];
    private LinuxCost _ended;

    /// <summary>Reads the current usage; null if no process is left.</summary>
    public TreeUsage? Read()
    {
        Dictionary<int, LinuxProcess> now = FindAll();
        foreach (LinuxProcess process in _last.Values.Where(process => !IsIn(now, process)))
        {
            if (!IsWaitedFor(process, now))
                _ended += process.Cost;
        }

        _last = now;
        LinuxCost cost = now.Values.Aggregate(_ended, (sum, process) => sum + process.Cost);
        int alive = now.Values.Count(process => !process.IsZombie);
        return alive == 0 ? null
            : new TreeUsage(cost.Ticks / LinuxMachine.TicksPerSecond, now.Values.Sum(process => process.MemoryBytes), alive)
            {
                ReadBytes = cost.HasBytes ? cost.Read : null,
                WrittenBytes = cost.HasBytes ? cost.Written : null,
            };
    }

    private Dictionary<int, LinuxProcess> FindAll()
    {
        HashSet<int> others = [];
        List<LinuxProcess> candidates = [];
        foreach (int id in LinuxProcess.Ids(proc))
        {
            if (_others.Contains(id))
                others.Add(id);
            else if (LinuxProcess.Of(Path.Combine(proc, $"{id}"), id) is { } process)
                candidates.Add(process);
        }

        // A parent is older than its children.
        bool isFirst = _last.Count == 0 && _others.Count == 0;
        Dictionary<int, LinuxProcess> found = [];
        foreach (LinuxProcess process in candidates.OrderBy(process => process.Started).ThenBy(process => process.Id))
        {
            bool isKnown = found.ContainsKey(process.Parent) || IsIn(_last, process) || (isFirst && process.Id == root);
            if (isKnown || process.HasInEnvironment(_mark))
                found[process.Id] = process.WithBytes();
            else
                others.Add(process.Id);
        }

        _others = others;
        return found;
    }

    // The usage of an ended process is added to its parent if the parent waited for it. Otherwise it is counted nowhere.
    private bool IsWaitedFor(LinuxProcess process, Dictionary<int, LinuxProcess> now) =>
        _last.TryGetValue(process.Parent, out LinuxProcess? parent) && (IsIn(now, parent) || IsWaitedFor(parent, now));

    private static bool IsIn(Dictionary<int, LinuxProcess> processes, LinuxProcess process) =>
        processes.TryGetValue(process.Id, out LinuxProcess? other) && other.Key == process.Key;
}
#endif
