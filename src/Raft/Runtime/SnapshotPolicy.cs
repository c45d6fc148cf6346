using System.Diagnostics.CodeAnalysis;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// When the leader puts a snapshot point into the log. Every replica captures its state at exactly these entries, so the snapshots of
/// all replicas at an index are the same bytes, and one can be pulled from several holders. Owned by the consensus agent.
/// </summary>
/// <remarks>
/// Every replica counts committed entries as it hands them to its state machine, so a new leader goes on where the old one was. At most
/// one point is on its way: a leader proposes only once everything of earlier terms has been handed over, a point of its predecessor
/// included.
/// </remarks>
internal sealed class SnapshotPolicy(long afterBytes, long afterEntries)
{
    private readonly Point _point = new();
    private long _bytes;
    private long _entries;

    /// <summary>Snapshots of this replica's own state that became durable since its start.</summary>
    public Tally Saved { get; } = new();

    /// <summary>A request for a point, if it is time for one and none is on its way. Only for a leader that is ready.</summary>
    public bool TryPropose([NotNullWhen(true)] out ClientRequest? point)
    {
        point = null;
        if (_point.IsUnderWay || (_bytes < afterBytes && _entries < afterEntries))
            return false;
        _point.IsUnderWay = true;
        point = _point;
        return true;
    }

    /// <summary>A committed entry goes to the state machine.</summary>
    public void HandedOver(in LogRecord entry)
    {
        _bytes += entry.Size;
        _entries++;
        if (entry.Kind == EntryKind.SnapshotPoint)
            (_bytes, _entries) = (0, 0);
    }

    /// <summary>A snapshot, which stands at a point, takes the place of the entries.</summary>
    public void Installed() => (_bytes, _entries) = (0, 0);

    /// <summary>The request for a point: no caller waits for it.</summary>
    private sealed class Point : ClientRequest
    {
        public Point() => (Kind, EntryKind) = (RequestKind.Propose, EntryKind.SnapshotPoint);

        public bool IsUnderWay { get; set; }

        /// <summary>In the log, refused or lost: if it is still due, another is proposed.</summary>
        public override void Complete(in Answer answer) => IsUnderWay = false;
    }
}
