using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// Tells in which abstract state a replica is: its role, how its log stands to what is committed, in what phase its configuration is. Asked after
/// every event of a node, so what changes seldom is kept.
/// </summary>
internal sealed class StateCoverage(Coverage coverage)
{
    private readonly Configuration?[] _configurations = new Configuration?[Simulation.MaxMachines + 1];
    private readonly ConfigurationPhase[] _phases = new ConfigurationPhase[Simulation.MaxMachines + 1];

    /// <summary>After an event on a node; <paramref name="committed"/> is the last entry that anybody committed, <paramref name="termOf"/> gives the terms of those before.</summary>
    public void After(SimNode node, RaftCore core, LogIndex committed, List<(Term Term, ulong Chain, Term CommittedIn)> termOf)
    {
        var current = core.Membership.Current;
        var id = node.Id.Value;
        if (!ReferenceEquals(_configurations[id], current))
            (_configurations[id], _phases[id]) = (current, PhaseOf(core.Membership));
        coverage.InState(core.Role, RelationOf(core.Log, committed, termOf), _phases[id]);
    }

    private static LogRelation RelationOf(LogShape log, LogIndex committed, List<(Term Term, ulong Chain, Term CommittedIn)> termOf)
    {
        var last = log.Last.Index;
        if (last == LogIndex.Zero)
            return LogRelation.Empty;

        // One entry that agrees stands for all before it: that logs match is another invariant's business.
        var common = LogIndex.Min(last, committed);
        if (common >= log.Base.Index && log.TermAt(common) != termOf[(int)common.Value].Term)
            return LogRelation.Diverged;
        return last == committed ? LogRelation.Equal : last < committed ? LogRelation.Prefix : LogRelation.Ahead;
    }

    private static ConfigurationPhase PhaseOf(Membership membership)
    {
        var current = membership.Current;
        if (membership.Self < 0 || (current.IsJoint && ((current.Incoming >> membership.Self) & 1) == 0))
            return ConfigurationPhase.Leaving;
        if (!membership.IsFormed)
            return ConfigurationPhase.Forming;
        if (current.IsJoint)
            return ConfigurationPhase.Joint;
        foreach (var member in current.Members)
        {
            if (member.IsLearner)
                return ConfigurationPhase.Learner;
        }

        return ConfigurationPhase.Stable;
    }
}
