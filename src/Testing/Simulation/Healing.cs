using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>
/// The end of a run: everything is mended, and within bounds of simulated time a leader appears, the load is brought to its end and all replicas
/// agree. Then follows a stretch in which nothing is asked for, and in which nothing may happen but heartbeats.
/// </summary>
internal sealed class Healing(Simulation simulation)
{
    /// <summary>Events after which a mended cluster must have come to rest.</summary>
    private const int MaxSteps = 200_000;

    /// <summary>Election timeouts until some leader can serve. See docs/simulation.md for what was measured.</summary>
    private const int MaxToLeader = 100;

    /// <summary>Election timeouts until the load has come to its end, and all replicas are equal.</summary>
    private const int MaxToRest = 150;

    /// <summary>Terms that may begin before all is at rest.</summary>
    private const int MaxElections = 12;

    /// <summary>Election timeouts that everything still has to settle: frames that are under way, entries that the apply agents have.</summary>
    private const int Settling = 10;

    /// <summary>
    /// Election timeouts in which leadership must have gone to the voter that should have it, if that one is in service: more than the 256 that a leader may
    /// pause between two hand-overs of its own accord, by the slowest clock.
    /// </summary>
    private const int MaxToPreferred = 400;

    /// <summary>Election timeouts in which nothing may happen.</summary>
    private const int Quiet = 20;

    /// <summary>What may wait in a queue when nothing but heartbeats goes round.</summary>
    private const int MaxQueued = 64;

    /// <summary>Two snapshots, each with the older files that it shares chunks with, and one that is being received with those that it may share with.</summary>
    private const int MaxSnapshots = 3 * (1 + SnapshotLayout.MaxBases);

    private long _mendedAt;
    private long _leaderAt = -1;

    /// <summary>What it took.</summary>
    public HealingTimes Times { get; private set; }

    private static long Timeout => Simulation.ElectionTimeout.Ticks * 100;

    /// <summary>From the moment when everything was mended to rest.</summary>
    public void ComeToRest()
    {
        _mendedAt = simulation.Now;
        var (deadline, term) = (simulation.Steps + MaxSteps, HighestTerm());
        while (!IsAtRest())
        {
            if (_leaderAt < 0 && Leader() is not null)
                _leaderAt = simulation.Now;
            ViolationException.Require(
                simulation.Steps < deadline && simulation.Now - _mendedAt < MaxToRest * Timeout,
                "Liveness",
                $"{Since()} after everything was mended the cluster has not come to rest: {Describe()}");
            ViolationException.Require(_leaderAt >= 0 || simulation.Now - _mendedAt < MaxToLeader * Timeout, "Liveness", $"{Since()} after everything was mended there is no leader: {Describe()}");
            ViolationException.Require(HighestTerm() - term <= MaxElections, "TermGrowth", $"{HighestTerm() - term} terms began since everything was mended: {Describe()}");
            simulation.Step();
        }

        if (_leaderAt < 0)
            _leaderAt = simulation.Now;
        Times = new(new((_leaderAt - _mendedAt) / 100), new((simulation.Now - _mendedAt) / 100), HighestTerm() - term);
    }

    /// <summary>Nothing is asked for: no term begins, nothing piles up.</summary>
    public void StayQuiet()
    {
        simulation.Operator.Leave();
        simulation.Workload.Leave();
        RunFor(Settling);
        for (var more = Settling; more < MaxToPreferred && Leader() is null or { Membership.HasPreferred: true }; more++)
            RunFor(1);
        ViolationException.Require(Leader() is not null, "Liveness", $"Nothing disturbs the cluster, and it is without a leader again: {Describe()}");
        var term = HighestTerm();
        var last = Members().Max(static node => node.Replica?.Consensus.Core.Log.Last.Index ?? default);
        var snapshots = Members().Select(static node => (node, node.Replica?.Consensus.Core.Snapshot.Index)).ToList();
        var end = simulation.Now + (Quiet * Timeout);
        while (simulation.Now < end)
        {
            simulation.Step();
            ViolationException.Require(HighestTerm() == term, "QuietTerm", $"Term {HighestTerm()} begins while a leader of term {term} is there and nothing disturbs it: {Describe()}");
            foreach (var node in simulation.Nodes)
            {
                if (node.Replica is { } replica)
                    ViolationException.Require(Fullest(replica.Queues) <= MaxQueued, "QuietQueues", $"Queues of node {node.Id} grow while nothing is asked for: {replica.Queues.Describe()}.");
            }
        }

        foreach (var (node, snapshot) in snapshots)
        {
            var core = node.Replica!.Consensus.Core;
            ViolationException.Require(core.Log.Last.Index == last, "QuietLog", $"The log of node {node.Id} goes from entry {last} to {core.Log.Last.Index} while nothing is asked for.");
            ViolationException.Require(core.Snapshot.Index == snapshot, "QuietSnapshots", $"Node {node.Id} takes a snapshot at {core.Snapshot} while nothing is asked for.");
            var kept = node.Disk.List().Count(static name => name.StartsWith("snapshot-", StringComparison.Ordinal));
            ViolationException.Require(kept <= MaxSnapshots, "QuietSnapshots", $"Node {node.Id} keeps {kept} files of snapshots.");
        }
    }

    /// <summary>The members of the leader's configuration that are still in service.</summary>
    public IEnumerable<SimNode> Members() => Leader() is { } leader
        ? leader.Membership.Current.Members.Select(member => simulation.Nodes[member.Id.Value - 1]).Where(static node => !node.IsRetired)
        : [];

    private static int Fullest(Raft.Runtime.ReplicaQueues queues) =>
        Math.Max(Math.Max(queues.Frames.Count, queues.Requests.Count), Math.Max(Math.Max(queues.Disk.Count, queues.DiskDone.Count), Math.Max(queues.Apply.Count, queues.ApplyDone.Count)));

    /// <summary>A leader is ready, its configuration is settled, and every member has applied everything, with one result, and would apply a snapshot point that comes now.</summary>
    private bool IsAtRest()
    {
        if (!simulation.Workload.IsAtRest)
            return false;
        if (Leader() is not { } leader || leader.Membership.Current.IsJoint || leader.Membership.Index > leader.Commit)
            return false;
        ulong? hash = null;
        foreach (var member in leader.Membership.Current.Members)
        {
            var node = simulation.Nodes[member.Id.Value - 1];
            if (node.IsRetired)
                continue;
            if (node.Replica is not { } replica || replica.Consensus.Applied.Position.Index != simulation.Checker.Committed || node.IsApplyHung)
                return false;
            if ((hash ??= replica.Consensus.Applied.StateHash) != replica.Consensus.Applied.StateHash)
                return false;
        }

        return true;
    }

    private void RunFor(int timeouts)
    {
        var end = simulation.Now + (timeouts * Timeout);
        while (simulation.Now < end)
            simulation.Step();
    }

    private long HighestTerm()
    {
        var highest = 0L;
        foreach (var node in simulation.Nodes)
            highest = Math.Max(highest, node.Replica?.Consensus.Core.Term.Value ?? 0);
        return highest;
    }

    private RaftCore? Leader() => simulation.Nodes.Find(static node => node.Replica?.Consensus.IsReady == true)?.Replica!.Consensus.Core;

    private string Since() => FormattableString.Invariant($"{(simulation.Now - _mendedAt) / 1e9:0.0} s and {simulation.Steps} events");

    private string Describe() => string.Join("; ", simulation.Nodes.Select(static node => node.Replica is { } replica
        ? $"node {node.Id} is {replica.Consensus.Core.Role} in term {replica.Consensus.Core.Term}, log to {replica.Consensus.Core.Log.Last}, commit {replica.Consensus.Core.Commit}, applied {replica.Consensus.Applied.Position}, members of {replica.Consensus.Core.Membership.Index}: {string.Join(',', replica.Consensus.Core.Membership.Current.Members.Select(static member => $"{member.Id}{(member.IsLearner ? "l" : member.WasVoter ? "o" : "")}"))}"
        : $"node {node.Id} is {(node.IsRetired ? "retired" : "down")}"));
}
