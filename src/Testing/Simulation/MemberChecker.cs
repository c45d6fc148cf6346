using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// The invariants of membership, stated anew and from the outside: which configuration may follow which, that two which follow each other never
/// have quorums that do not meet, and that each node acts on the newest one in its log.
/// </summary>
internal sealed class MemberChecker(Simulation simulation, Swarm swarm)
{
    private readonly Dictionary<LogPosition, byte[]> _written = [];
    private readonly Seen[] _seen = new Seen[Simulation.MaxMachines + 1];
    private LogIndex _committedIndex;
    private Configuration _committed = simulation.Configuration;

    /// <summary>Whether a node has left for good: a committed configuration is without it, and ids are never used again.</summary>
    public bool IsGone(NodeId node) => _committed.Find(node) is null && node <= _committed.Highest;

    /// <summary>The newest configuration known to be committed.</summary>
    public Configuration Committed => _committed;

    /// <summary>Every configuration that some log holds, or held, at an index or behind it.</summary>
    public IEnumerable<Configuration> Since(LogIndex index) =>
        _written.Where(written => written.Key.Index >= index).Select(static written => ConfigurationFormat.TryRead(written.Value)!);

    /// <summary>Whether some log holds, or held, a configuration at an index.</summary>
    public bool Stands(LogIndex index) => index == LogIndex.Zero || _written.Keys.Any(position => position.Index == index);

    /// <summary>The configurations that may be, or come, in force: the newest committed one and all behind it.</summary>
    public IEnumerable<Configuration> InUse() =>
        _written.Where(written => written.Key.Index > _committedIndex).Select(static written => ConfigurationFormat.TryRead(written.Value)!).Append(_committed);

    /// <summary>
    /// What was in force on a leader at some moment since an entry: it may have gone on to the next configuration in the very turn in which it
    /// committed.
    /// </summary>
    public static IEnumerable<Configuration> InForceSince(RaftCore core, LogIndex since)
    {
        var first = core.Membership.At(since).Index;
        var (index, configuration) = (core.Membership.Index, core.Membership.Current);
        yield return configuration;
        while (index > first)
        {
            (index, configuration) = core.Membership.At(index.Previous);
            yield return configuration;
        }
    }

    /// <summary>A configuration reached a disk: one content at an index and term, for all time.</summary>
    public void OnWritten(LogPosition position, byte[] bytes)
    {
        if (!_written.TryAdd(position, bytes))
            ViolationException.Require(_written[position].AsSpan().SequenceEqual(bytes), "ConfigSafety", $"Configuration {position} has two contents.");
    }

    /// <summary>After an event on a node.</summary>
    public void After(SimNode node, RaftCore core)
    {
        var membership = core.Membership;
        var last = core.Log.Last;
        var seen = _seen[node.Id.Value];
        if (seen.Last == last && seen.Index == membership.Index && seen.Life == node.Life)
            return;
        var newest = Newest(core.Log, seen);

        _seen[node.Id.Value] = new(node.Life, last, membership.Index, newest);
        ViolationException.Require(
            newest == membership.Index || (newest == LogIndex.Zero && membership.Index <= core.Log.Base.Index),
            "ConfigSafety",
            $"Node {node.Id} acts on configuration {membership.Index}, and the newest in its log is {newest}.");
        if (newest == LogIndex.Zero || (membership.Index == seen.Index && seen.Life == node.Life))
            return;
        if (_written.TryGetValue(core.Log.At(membership.Index), out var bytes))
            ViolationException.Require(bytes.AsSpan().SequenceEqual(ConfigurationFormat.ToBytes(membership.Current)), "ConfigSafety", $"Node {node.Id} acts on another configuration than the one it holds at {membership.Index}.");
        if (core.Role == Role.Leader)
            CheckStep(node, core);
    }

    /// <summary>
    /// The newest configuration in a log. Where the last entry that was seen before still stands, so do all before it (that is the business of
    /// LogMatching), and only what came behind it is looked at.
    /// </summary>
    private static LogIndex Newest(LogShape log, in Seen seen)
    {
        var known = seen.Last.Index > LogIndex.Zero && log.Holds(seen.Last);
        var end = known ? LogIndex.Max(seen.Last.Index, log.Base.Index) : log.Base.Index;
        for (var index = log.Last.Index; index > end; index = index.Previous)
        {
            if (log.ShapeAt(index).Kind == EntryKind.Configuration)
                return index;
        }

        return known && seen.Newest > log.Base.Index ? seen.Newest : LogIndex.Zero;
    }

    /// <summary>A node committed further: its configurations up to there are committed.</summary>
    public void OnCommit(RaftCore core)
    {
        var (index, configuration) = core.Membership.At(core.Commit);
        if (index <= _committedIndex)
            return;
        (_committedIndex, _committed) = (index, configuration);
        simulation.Happened(configuration.IsJoint ? "joint configuration committed" : "configuration committed", null);
    }

    /// <summary>Whether these nodes are a quorum of the configuration: a definition of its own.</summary>
    public static bool IsQuorum(Configuration configuration, Func<NodeId, bool> holds)
    {
        var (incoming, outgoing, hold, held) = (0, 0, 0, 0);
        foreach (var member in configuration.Members)
        {
            if (!member.IsVoter && !member.WasVoter)
                continue;
            var one = holds(member.Id) ? 1 : 0;
            if (member.IsVoter)
                (incoming, hold) = (incoming + 1, hold + one);
            if (member.WasVoter)
                (outgoing, held) = (outgoing + 1, held + one);
        }

        return hold * 2 > incoming && (outgoing == 0 || held * 2 > outgoing);
    }

    /// <summary>A leader went from one configuration to the next.</summary>
    private void CheckStep(SimNode node, RaftCore core)
    {
        var (beforeIndex, before) = core.Membership.At(core.Membership.Index.Previous);
        var next = core.Membership.Current;
        var had = Voters(before, static member => member.IsVoter);
        var has = Voters(next, static member => member.IsVoter);
        var isSound = before.IsJoint
            ? !next.IsJoint && has.SetEquals(had)
            : next.IsJoint ? Voters(next, static member => member.WasVoter).SetEquals(had) : has.SetEquals(had);
        ViolationException.Require(isSound, "ConfigSafety", $"Leader {node.Id} goes from voters {string.Join(',', had)} to {string.Join(',', has)} without a joint configuration between.");
        if (core.Log.TermAt(core.Membership.Index) == core.Term)
        {
            ViolationException.Require(beforeIndex <= core.Commit, "ConfigSafety", $"Leader {node.Id} appends configuration {core.Membership.Index} while {beforeIndex} is not committed.");
            var opensTerm = core.Log.TermAt(core.Membership.Index.Previous) != core.Term;
            ViolationException.Require(opensTerm || core.OwnTermCommitted, "ConfigSafety", $"Leader {node.Id} appends configuration {core.Membership.Index} before an entry of its own term is committed.");
            CheckCaughtUp(node, core, next);
        }

        ViolationException.Require(next.Highest >= before.Highest, "ConfigSafety", $"Leader {node.Id} forgets that ids up to {before.Highest} were used.");
    }

    /// <summary>
    /// Who gets a vote lacks, by what is on its disk, no more than is allowed or than it took in lately within an election timeout: where one that has
    /// nothing yet gets one and another voter fails, nothing is committed until it has everything (dissertation 4.2.1).
    /// </summary>
    private void CheckCaughtUp(SimNode node, RaftCore core, Configuration next)
    {
        foreach (var member in next.Members)
        {
            var comes = simulation.Nodes[member.Id.Value - 1];
            if (!next.IsJoint || !member.IsVoter || member.WasVoter || comes.HasLostDisk)
                continue;
            var held = comes.Shadow.Durable;
            var lacks = core.Log.BytesBetween(held, core.Membership.Index.Previous);
            var allowed = Math.Max(swarm.CaughtUpBytes, core.ProgressOf(member.Id).Intake.BytesPerSecond * Simulation.ElectionTimeout.TotalSeconds);
            ViolationException.Require(lacks <= allowed, "LearnerCaughtUp", $"Leader {node.Id} promotes node {member.Id}, which holds entries up to {held} and lacks {lacks} bytes, where {(long)allowed} are allowed.");
        }
    }

    private static HashSet<NodeId> Voters(Configuration configuration, Func<Member, bool> votes) =>
        [.. configuration.Members.Where(votes).Select(static member => member.Id)];

    /// <summary>What was last seen of a node.</summary>
    private readonly record struct Seen(int Life, LogPosition Last, LogIndex Index, LogIndex Newest);
}
