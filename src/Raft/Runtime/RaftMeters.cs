using System.Diagnostics.Metrics;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// The meters of one node, all under <see cref="Name"/> with the tag <c>node</c>. They only read what the agents count anyway, when
/// somebody collects, so nothing is measured on the agents' threads. Owned by the node; from any thread.
/// </summary>
internal sealed class RaftMeters : IDisposable
{
    /// <summary>The name that listeners ask for.</summary>
    public const string Name = "RaftStream.Raft";

    private readonly Meter _meter;
    private readonly Func<RaftStatus> _status;

    public RaftMeters(NodeId node, Replica replica, Func<RaftStatus> status)
    {
        _status = status;
        _meter = new(new MeterOptions(Name) { Tags = [new("node", node.Value)] });
        var (apply, sessions) = (replica.Apply.Counters, replica.Apply.State.Sessions);
        _meter.CreateObservableGauge("raftstream.raft.applied.index", () => status().Applied.Value, "{entry}", "The last entry that the state machine has applied.");
        Gauge("term", "{term}", "The term.", static status => status.Term.Value);
        Gauge("role", "{role}", "0 follower, 1 pre-candidate, 2 candidate, 3 leader.", static status => (long)status.Role);
        Gauge("commit.index", "{entry}", "The last entry known to be committed.", static status => status.Commit.Value);
        Gauge("members", "{member}", "Members of the configuration in force.", static status => status.Members.Count);
        Gauge("members.unheard", "{member}", "At the leader: members that it has not heard within an election timeout.", static status => status.Role == Role.Leader ? status.Members.Count(static member => !member.IsHeard) : 0);
        Gauge("members.behind", "By", "At the leader: what the member furthest behind lacks of the log that the leader holds.", static status => status.Members.Select(static member => member.BytesBehind).Append(0).Max());
        Gauge("members.changing", "{change}", "1 while voters are changing.", static status => status.IsJoint ? 1 : 0);
        Gauge("transfer.underway", "{transfer}", "1 while this leader hands leadership over.", static status => status.TransferTarget != NodeId.None ? 1 : 0);
        Gauge("storage.full", "{disk}", "1 while the disk has no room for more log.", static status => status.IsStorageFull ? 1 : 0);
        Gauge("healthy", "{replica}", "0 once this replica has stopped with a sentence.", static status => status.Fault is null ? 1 : 0);
        Count("apply.commands", apply.Commands, "{command}", "Commands and session entries applied.");
        Count("snapshots.captured", apply.Captures, "{snapshot}", "States captured at a snapshot point.");
        Count("snapshots.skipped", apply.CapturesSkipped, "{snapshot}", "Snapshot points passed by because the last state was still being saved.");
        Count("snapshots.saved", replica.Policy.Saved, "{snapshot}", "Captured states that are on disk.");
        _meter.CreateObservableGauge("raftstream.raft.sessions.open", () => sessions.Counters.Open.Value, "{session}", "Client sessions.");
        _meter.CreateObservableGauge("raftstream.raft.sessions.bytes", () => sessions.Counters.ReplyBytes.Value, "By", "What all sessions and their replies are charged.");
        var outbox = replica.Outbox.Board;
        _meter.CreateObservableGauge("raftstream.raft.outbox.pending", () => (long)outbox.Pending.Count, "{command}", "Commands accepted here that this node has not seen in the log yet.");
        _meter.CreateObservableGauge("raftstream.raft.outbox.bytes", () => (long)outbox.Pending.Bytes, "By", "The bytes of those.");
        Count("outbox.drained", outbox.Drained, "{command}", "Accepted commands that came into the log.");
        Count("outbox.lost", outbox.Lost, "{command}", "Accepted commands that never will, because the disk was put back to an older copy.");
        Count("sessions.opened", sessions.Counters.Opened, "{session}", "Sessions opened.");
        Count("sessions.closed", sessions.Counters.Closed, "{session}", "Sessions that their clients closed.");
        Count("sessions.expired", sessions.Counters.Expired, "{session}", "Sessions that were idle for too long.");
        Count("sessions.evicted", sessions.Counters.Evicted, "{session}", "Sessions that made room for another one.");
        Count("sessions.commands.repeated", sessions.Counters.Repeated, "{command}", "Commands that came again and were answered, not run.");
        Count("sessions.commands.window_full", sessions.Counters.WindowFull, "{command}", "Commands refused because too much of their session was not acknowledged.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Gauge(string name, string unit, string description, Func<RaftStatus, long> read) =>
        _meter.CreateObservableGauge("raftstream.raft." + name, () => read(_status()), unit, description);

    private void Count(string name, Tally tally, string unit, string description) =>
        _meter.CreateObservableCounter("raftstream.raft." + name, () => tally.Value, unit, description);
}
