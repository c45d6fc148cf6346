using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// The operator of a random cluster: adds, promotes, removes and replaces members, hands leadership over, fills disks, and loses one. Does
/// nothing that no cluster could survive: a lost disk is the only one, and nobody else is removed while it counts.
/// </summary>
internal sealed class RandomOperator(List<CoreHost> hosts, int maxNodes, Func<int, int> below)
{
    private bool _hasLost;

    /// <summary>Changes that a leader took.</summary>
    public int Changes { get; private set; }

    /// <summary>Hand-overs that a leader took.</summary>
    public int Transfers { get; private set; }

    /// <summary>A wish for this leader's members; null if there is none now. A member that is to be added must be there before.</summary>
    public MemberChange? Wish(CoreHost leader)
    {
        var current = leader.Core.Membership.Current;
        var learners = current.Members.Where(static member => member.IsLearner).ToArray();
        var any = current.Members[below(current.Count)];
        LogIndex? expected = below(3) == 0 ? leader.Core.Membership.Index - below(2) : null;
        var change = below(10) switch
        {
            < 3 when current.Highest.Value < maxNodes => MemberChange.Add(new(current.Highest.Value + 1), "a:1", below(2) == 0 ? null : 50 + below(100)),
            < 6 when learners.Length > 0 => MemberChange.Promote(learners[below(learners.Length)].Id),
            6 when MayRemove(current, any) => MemberChange.Remove(any.Id),
            7 or 8 when learners.Length > 0 && MayRemove(current, any) => MemberChange.Replace(any.Id, learners[0].Id),
            9 => MemberChange.Update(any.Id, null, 50 + below(100)),
            _ => null,
        };
        return change is null ? null : change with { Expected = expected };
    }

    /// <summary>Counts what was taken.</summary>
    public void Took(Refusal change) => Changes += change == Refusal.None ? 1 : 0;

    /// <summary>To whom this leader should hand over; nobody means the best.</summary>
    public NodeId Heir(CoreHost leader) => below(3) == 0 ? NodeId.None : leader.Core.Membership.Current.IdAt(below(leader.Core.Membership.Current.Count));

    /// <summary>Counts what was taken.</summary>
    public void HandedOver(Refusal transfer) => Transfers += transfer == Refusal.None ? 1 : 0;

    /// <summary>
    /// Loses a disk, once: of a node that is down, that a committed configuration knows with its folder, and that every configuration in any
    /// log can do without.
    /// </summary>
    public bool TryLoseDisk(CoreHost host, int committed)
    {
        var isKnown = hosts.Exists(other => other != host && other.Disk.Durable.Members() is { } members && members.Index.Value <= committed && members.Configuration.Find(host.Id) is { Disk: not 0 });
        if (_hasLost || !isKnown || host.IsUp || hosts.SelectMany(ConfigurationsOf).Any(IsSmall))
            return false;
        host.Disk.Wipe();
        _hasLost = true;
        return true;
    }

    private static IEnumerable<Configuration> ConfigurationsOf(CoreHost host) =>
        new[] { host.Memory, host.Disk.Durable }.SelectMany(image =>
            image.ConfigurationsBehind(LogIndex.Zero).Select(static placed => placed.Configuration).Append(image.SnapshotMembers?.Configuration ?? host.Initial));

    private static bool IsSmall(Configuration configuration) =>
        configuration.Count > 0 && (uint.PopCount(configuration.Incoming) < 3 || (configuration.IsJoint && uint.PopCount(configuration.Outgoing) < 3));

    /// <summary>Two voters must stay, and while a voter's disk is lost only that one may go.</summary>
    private bool MayRemove(Configuration current, Member member)
    {
        var lost = hosts.Find(static host => host.Disk.Lost is not null)?.Id ?? NodeId.None;
        var isLostCounting = current.Find(lost) is { IsLearner: false };
        return (uint.PopCount(current.Incoming) > 2 || !member.IsVoter) && (!isLostCounting || member.Id == lost);
    }
}
