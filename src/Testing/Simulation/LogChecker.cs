using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// What a node may never do to its own log: a leader only adds to it (the Leader Append-Only property, dissertation figure 3.2), nobody cuts off what
/// it committed, and no snapshot that it had is gone after a restart.
/// </summary>
internal sealed class LogChecker
{
    private readonly View[] _views = [.. Enumerable.Range(0, Simulation.MaxMachines + 1).Select(static _ => new View())];

    /// <summary>After an event on a node; <paramref name="committedTerm"/> is the term in which the entry at its commit index is committed for all time.</summary>
    public void After(NodeId node, RaftCore core, Term committedTerm)
    {
        var view = _views[node.Value];
        var last = core.Log.Last;
        if (last == view.Last && core.Term == view.Term && core.Role == view.Role)
            return;
        if (core.Role == Role.Leader && view.Role == Role.Leader && core.Term == view.Term)
        {
            ViolationException.Require(
                last.Index >= view.Last.Index && TermAt(core, view.Last.Index, view.Last.Term) == view.Last.Term,
                "LeaderAppendOnly",
                $"Leader {node} of term {core.Term} had entry {view.Last} and holds entries up to {last}.");
        }

        ViolationException.Require(
            last.Index >= core.Commit && TermAt(core, core.Commit, committedTerm) == committedTerm,
            "CommittedKept",
            $"Node {node} committed entry {core.Commit} of term {committedTerm} and holds entries up to {last}, there of term {TermAt(core, core.Commit, committedTerm)}.");
        (view.Last, view.Term, view.Role) = (last, core.Term, core.Role);
    }

    /// <summary>A node has a snapshot on its disk.</summary>
    public void OnSnapshot(NodeId node, LogIndex index) => _views[node.Value].Snapshot = LogIndex.Max(index, _views[node.Value].Snapshot);

    /// <summary>A node starts again. One whose disk was damaged may have to go back to an older snapshot, whose log it still has.</summary>
    public void OnStarted(SimNode node, RaftCore core)
    {
        var view = _views[node.Id.Value];
        ViolationException.Require(
            core.Snapshot.Index >= view.Snapshot || node.IsDamaged, "SnapshotMonotonic", $"Node {node.Id} had a snapshot of entry {view.Snapshot} and comes back with one of {core.Snapshot.Index}.");
        (view.Last, view.Term, view.Role, view.Snapshot) = (core.Log.Last, core.Term, core.Role, core.Snapshot.Index);
    }

    /// <summary>A node's disk is lost: it begins anew.</summary>
    public void OnDiskLost(NodeId node) => _views[node.Value] = new();

    /// <summary>The term of an entry that the log still holds; what lies in the snapshot is as it was committed.</summary>
    private static Term TermAt(RaftCore core, LogIndex index, Term inSnapshot) => index < core.Log.Base.Index ? inSnapshot : core.Log.TermAt(index);

    /// <summary>What was last seen of a node.</summary>
    private sealed class View
    {
        public LogPosition Last { get; set; }

        public Term Term { get; set; }

        public Role Role { get; set; }

        public LogIndex Snapshot { get; set; }
    }
}
