using System.Text;

namespace RaftStream.Raft.Core;

/// <summary>
/// From a configuration and a wish to the next configuration (dissertation 4.3). A change of voters leads through a joint
/// configuration; everything else is one step.
/// </summary>
internal static class ChangeRules
{
    /// <summary>The configuration that the change leads to first, or why it leads nowhere.</summary>
    public static Refusal Plan(Configuration current, MemberChange change, out Configuration next)
    {
        next = current;
        var refusal = Judge(current, change);
        if (refusal != Refusal.None)
            return refusal;
        next = change.Kind switch
        {
            MemberChangeKind.Add => new(
                current.Members.Add(new() { Id = change.Id, Address = change.Address!, Priority = change.Priority ?? Member.UsualPriority }), current.Highest),
            MemberChangeKind.Promote => Joint(current, default, change.Id),
            MemberChangeKind.Replace => Joint(current, change.Id, change.With),
            MemberChangeKind.Remove when current.Find(change.Id)!.IsVoter => Joint(current, change.Id, default),
            MemberChangeKind.Remove => new(current.Members.Where(member => member.Id != change.Id), current.Highest),
            _ => With(current, change.Id, member => member with { Address = change.Address ?? member.Address, Priority = change.Priority ?? member.Priority }),
        };
        return Refusal.None;
    }

    /// <summary>The same configuration with the data folders that have become known; the same object if there is nothing to add.</summary>
    public static Configuration Bind(Configuration current, Func<NodeId, ulong> diskOf)
    {
        if (!current.Members.Any(member => member.Disk == 0 && diskOf(member.Id) != 0))
            return current;
        return new(current.Members.Select(member => member.Disk == 0 ? member with { Disk = diskOf(member.Id) } : member), current.Highest);
    }

    private static Refusal Judge(Configuration current, MemberChange change)
    {
        var member = current.Find(change.Id);
        switch (change.Kind)
        {
            case MemberChangeKind.Add:
                if (change.Id.Value is < 1 or > NodeId.MaxValue || change.Id <= current.Highest)
                    return Refusal.IdUsed;
                return current.Count < Configuration.MaxMembers && IsAddress(change.Address) && IsPriority(change.Priority) ? Refusal.None : Refusal.InvalidChange;
            case MemberChangeKind.Promote:
                return member is null ? Refusal.NoSuchMember : !member.IsLearner || VoterCount(current) == Configuration.MaxVoters ? Refusal.InvalidChange : Refusal.None;
            case MemberChangeKind.Remove:
                return member is null ? Refusal.NoSuchMember : member.IsVoter && VoterCount(current) == 1 ? Refusal.InvalidChange : Refusal.None;
            case MemberChangeKind.Replace:
                if (member is null || current.Find(change.With) is not { } with)
                    return Refusal.NoSuchMember;
                return member.IsVoter && with.IsLearner ? Refusal.None : Refusal.InvalidChange;
            case MemberChangeKind.Update:
                if (member is null)
                    return Refusal.NoSuchMember;
                return (change.Address is null || IsAddress(change.Address)) && IsPriority(change.Priority) ? Refusal.None : Refusal.InvalidChange;
            default:
                return Refusal.InvalidChange;
        }
    }

    private static Configuration Joint(Configuration current, NodeId leaves, NodeId comes) => new(
        current.Members.Select(member => member with
        {
            WasVoter = member.IsVoter,
            IsVoter = member.Id == comes || (member.IsVoter && member.Id != leaves),
        }),
        current.Highest);

    private static Configuration With(Configuration current, NodeId id, Func<Member, Member> change) =>
        new(current.Members.Select(member => member.Id == id ? change(member) : member), current.Highest);

    private static int VoterCount(Configuration configuration) => System.Numerics.BitOperations.PopCount(configuration.Incoming);

    private static bool IsAddress(string? address) => !string.IsNullOrWhiteSpace(address) && Encoding.UTF8.GetByteCount(address) <= Member.MaxAddress;

    private static bool IsPriority(int? priority) => priority is null or (>= 0 and <= Member.MaxPriority);
}
