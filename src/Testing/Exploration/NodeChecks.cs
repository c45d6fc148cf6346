using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>What one node must keep true by itself, from one input to the next.</summary>
/// <param name="Term">The term after the last input.</param>
/// <param name="Commit">The commit index after the last input.</param>
/// <param name="Members">The members in force after the last input.</param>
internal record struct NodeChecks(Term Term, LogIndex Commit, PlacedConfiguration Members)
{
    public static NodeChecks Of(RaftCore core) => new(core.Term, core.Commit, new(core.Membership.Index, core.Membership.Current));

    /// <summary>After an input, before what it asks for is done.</summary>
    public void AfterInput(RaftCore core)
    {
        var output = core.Output;
        ViolationException.Require(output.Fault is CoreFault.None or CoreFault.Removed, "Healthy", $"{core.Self} halts: {output.Fault}");
        ViolationException.Require(core.Term >= Term, "TermMonotonic", $"{core.Self} goes from term {Term} to {core.Term}");
        ViolationException.Require(core.Commit >= Commit, "CommitMonotonic", $"{core.Self} goes from commit index {Commit} to {core.Commit}");
        ViolationException.Require(
            output.AppendCount == 0 || output.AppendFirst > Commit, "CommittedStays", $"{core.Self} rewrites {output.AppendFirst}, which is committed up to {Commit}");
        ViolationException.Require(core.Commit <= core.Log.Last.Index, "CommitContiguous", $"{core.Self} commits {core.Commit} with a log that ends at {core.Log.Last}");
        if (core.Role == Role.Leader && core.Commit > Commit)
        {
            ViolationException.Require(
                core.Log.TermAt(core.Commit) == core.Term, "OwnTermCommit", $"{core.Self} commits {core.Log.At(core.Commit)} by counting, as leader of term {core.Term}");
        }

        if (output.Configuration is { } next)
            Appended(core, next);
        this = Of(core);
    }

    /// <summary>A message leaves: what it says must be on disk.</summary>
    public static void Leaves(int node, in Message message, DiskImage disk)
    {
        var state = disk.HardState;
        switch (message.Kind)
        {
            case MessageKind.Vote:
                ViolationException.Require(
                    state == new HardState(message.Term, message.From) || state.Term > message.Term, "VotePersistence", $"{node} asks for votes in term {message.Term} with {state} on disk");
                break;
            case MessageKind.VoteReply when message.Accepted:
                ViolationException.Require(
                    state == new HardState(message.Term, message.To) || state.Term > message.Term, "VotePersistence", $"{node} votes for {message.To} in term {message.Term} with {state} on disk");
                break;
            case MessageKind.AppendReply when message.Accepted:
                ViolationException.Require(
                    state.Term > message.Term || (state.Term == message.Term && disk.Last.Index >= message.Position.Index),
                    "AckAfterSync",
                    $"{node} acknowledges {message.Position.Index} in term {message.Term} with {state} and a log to {disk.Last} on disk");
                break;
            default:
                break;
        }
    }

    /// <summary>All that followed from an input is done. <paramref name="disk"/> is given when no write is under way.</summary>
    public static void AtRest(RaftCore core, DiskImage? disk)
    {
        var newest = core.Log.Last.Index;
        while (newest > core.Log.Base.Index && core.Log.ShapeAt(newest).Kind != EntryKind.Configuration)
            newest = newest.Previous;
        ViolationException.Require(core.Membership.Index == newest, "ConfigSafety", $"{core.Self} acts by the members of {core.Membership.Index}, its log tells those of {newest}");
        if (disk is null)
            return;
        ViolationException.Require(
            disk.HardState == new HardState(core.Term, core.Vote) && disk.Last == core.Log.Last && core.Durable == core.Log.Last.Index,
            "DurableIsDurable",
            $"{core.Self} in term {core.Term} with vote {core.Vote} and a log to {core.Log.Last}, durable to {core.Durable}, has {disk.HardState} and {disk.Last} on a disk at rest");
        for (var index = core.Log.Base.Index.Next; index <= core.Log.Last.Index; index = index.Next)
        {
            ViolationException.Require(
                disk.At(index).Shape == core.Log.ShapeAt(index), "DurableIsDurable", $"{core.Self} has {disk.At(index).Shape} at {index} on disk and {core.Log.ShapeAt(index)} in its log");
        }
    }

    private readonly void Appended(RaftCore core, Configuration next)
    {
        ViolationException.Require(
            core.Log.TermAt(Commit) == core.Term || core.Log.TermAt(core.Commit) == core.Term, "ConfigSafety", $"{core.Self} changes the members in term {core.Term} before an entry of it is committed");
        ViolationException.Require(Members.Index <= core.Commit, "ConfigSafety", $"{core.Self} changes the members while those of {Members.Index} are not committed");
        ViolationException.Require(
            Overlap(Members.Configuration, next), "ConfigSafety", $"{CoreText.Members(Members.Configuration)} and {CoreText.Members(next)} have quorums that share nobody");
    }

    /// <summary>Whether each quorum of one shares a node with each of the other: no set of nodes and the rest are both quorums.</summary>
    private static bool Overlap(Configuration before, Configuration next)
    {
        for (uint set = 0; set < 1u << 6; set++)
        {
            var (left, right) = (set, ~set);
            if (HasQuorum(before, left) && HasQuorum(next, right))
                return false;
        }

        return true;
    }

    /// <summary>Whether these nodes, a bit each by id, are a quorum; counted here, not by the code under test.</summary>
    public static bool HasQuorum(Configuration members, uint nodes)
    {
        var (voters, yes, old, oldYes) = (0, 0, 0, 0);
        foreach (var member in members.Members)
        {
            var isIn = (int)(nodes >> member.Id.Value) & 1;
            voters += member.IsVoter ? 1 : 0;
            yes += member.IsVoter ? isIn : 0;
            old += member.WasVoter ? 1 : 0;
            oldYes += member.WasVoter ? isIn : 0;
        }

        return 2 * yes > voters && (old == 0 || 2 * oldYes > old);
    }
}
