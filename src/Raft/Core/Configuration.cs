using System.Collections.Immutable;
using System.Numerics;

namespace RaftStream.Raft.Core;

/// <summary>
/// Who the members are and who of them votes (dissertation chapter 4). Members stand in slots, smallest id first, so that what is
/// kept about each lies in arrays. Immutable.
/// </summary>
/// <remarks>
/// While voters change, two sets count at once, the one that leaves and the one that comes (joint consensus, dissertation 4.3):
/// every decision needs a majority of both, so no moment has two majorities that do not meet.
/// </remarks>
internal sealed class Configuration
{
    /// <summary>More voters than this make every quorum slow and are refused.</summary>
    public const int MaxVoters = 9;

    /// <summary>Members at the most, learners and those that leave included.</summary>
    public const int MaxMembers = 20;

    private readonly NodeId[] _ids;

    /// <summary>A configuration of these members, in any order.</summary>
    /// <param name="members">At most <see cref="MaxMembers"/>, with distinct ids.</param>
    /// <param name="highest">The highest id ever used, if it is not among them.</param>
    public Configuration(IEnumerable<Member> members, NodeId highest = default)
    {
        Members = [.. members.OrderBy(static member => member.Id)];
        _ids = [.. Members.Select(static member => member.Id)];
        Invariant.Check(_ids.Length <= MaxMembers, "a configuration has at most 20 members");
        for (var slot = 0; slot < _ids.Length; slot++)
        {
            Invariant.Check(_ids[slot] > NodeId.None && (slot == 0 || _ids[slot - 1] < _ids[slot]), "members have distinct ids above zero");
            if (Members[slot].IsVoter)
                Incoming |= 1u << slot;
            if (Members[slot].WasVoter)
                Outgoing |= 1u << slot;
        }

        Invariant.Check(BitOperations.PopCount(Incoming) <= MaxVoters && BitOperations.PopCount(Outgoing) <= MaxVoters, "a configuration has at most 9 voters");
        Highest = _ids.Length > 0 && _ids[^1] > highest ? _ids[^1] : highest;
    }

    /// <summary>A configuration in which all of these vote.</summary>
    public Configuration(IEnumerable<NodeId> voters)
        : this(voters.Select(static id => new Member { Id = id, IsVoter = true }))
    {
    }

    /// <summary>Nobody: what a node knows that waits to be added to a cluster.</summary>
    public static Configuration Empty { get; } = new(Enumerable.Empty<Member>());

    /// <summary>The members by slot.</summary>
    public ImmutableArray<Member> Members { get; }

    /// <summary>How many members.</summary>
    public int Count => _ids.Length;

    /// <summary>The slots that vote now or, in a joint configuration, from now on.</summary>
    public uint Incoming { get; }

    /// <summary>The slots that voted before; none unless the configuration is joint.</summary>
    public uint Outgoing { get; }

    /// <summary>Whether two sets of voters count at once.</summary>
    public bool IsJoint => Outgoing != 0;

    /// <summary>The highest id ever used in this cluster: a new member's must be higher.</summary>
    public NodeId Highest { get; }

    /// <summary>The slot of a member, or -1.</summary>
    public int SlotOf(NodeId member) => Math.Max(-1, Array.BinarySearch(_ids, member));

    /// <summary>The member's id in a slot.</summary>
    public NodeId IdAt(int slot) => _ids[slot];

    /// <summary>Whether the member in a slot has a vote in either set; false for -1.</summary>
    public bool Votes(int slot) => slot >= 0 && (((Incoming | Outgoing) >> slot) & 1) != 0;

    /// <summary>The member, or null.</summary>
    public Member? Find(NodeId member) => SlotOf(member) is >= 0 and var slot ? Members[slot] : null;

    /// <summary>Whether some other voter has a higher priority than the member in a slot.</summary>
    public bool HasPreferred(int slot)
    {
        for (var other = 0; other < _ids.Length; other++)
        {
            if (((Incoming >> other) & 1) != 0 && Members[other].Priority > Members[slot].Priority)
                return true;
        }

        return false;
    }

    /// <summary>The configuration behind a joint one: those who only voted before are gone.</summary>
    public Configuration Leave()
    {
        Invariant.Check(IsJoint, "only a joint configuration is left");
        return new(Members.Where(static member => member.IsVoter || member.IsLearner).Select(static member => member with { WasVoter = false }), Highest);
    }

    /// <summary>Whether both have the same voters, so that one entry leads from one to the other.</summary>
    public bool HasVotersOf(Configuration other) => VoterIds().SequenceEqual(other.VoterIds());

    private IEnumerable<NodeId> VoterIds() => Members.Where(static member => member.IsVoter).Select(static member => member.Id);
}
