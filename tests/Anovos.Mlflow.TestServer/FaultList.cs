using System.IO.Enumeration;

namespace Anovos.Mlflow.TestServer;

/// <summary>The pending faults, in order.</summary>
public sealed class FaultList
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];

    /// <summary>
    /// Applies the fault to the next <paramref name="times"/> requests with that method and path. The path is the one on the wire, without
    /// its query. In both, <c>*</c> matches anything: <c>Add("POST", "*/runs/create", Faults.CloseAfter)</c>.
    /// </summary>
    public void Add(string method, string path, Fault fault, int times = 1)
    {
        lock (_gate)
            _entries.Add(new Entry(method, path, fault) { Left = times });
    }

    /// <summary>The number of faults that are still pending.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
                return _entries.Sum(entry => entry.Left);
        }
    }

    internal Fault? Take(string method, string path)
    {
        lock (_gate)
        {
            var entry = _entries.Find(entry => entry.Left > 0 && Matches(entry.Method, method) && Matches(entry.Path, path));
            if (entry != null)
                entry.Left--;
            return entry?.Fault;
        }
    }

    private static bool Matches(string pattern, string text) => FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false);

    private sealed record Entry(string Method, string Path, Fault Fault)
    {
        public int Left { get; set; }
    }
}
