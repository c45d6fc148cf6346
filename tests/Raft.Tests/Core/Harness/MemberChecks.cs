using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// What membership must keep true (dissertation chapter 4): the configuration in force is the newest in the log; quorums of one and the
/// next share a node; one change at a time, behind an entry of the leader's own term; only voters lead, by the votes of a quorum.
/// </summary>
internal sealed class MemberChecks
{
    private readonly Dictionary<(NodeId Voter, ulong Disk, Term Term), NodeId> _votes = [];
    private readonly HashSet<NodeId> _gone = [];

    /// <summary>Configurations that leaders appended.</summary>
    public int Appended { get; private set; }

    /// <summary>Joint ones among them.</summary>
    public int Joint { get; private set; }

    /// <summary>Whether a committed configuration tells that the node is a member no more.</summary>
    public bool IsGone(NodeId node) => _gone.Contains(node);

    /// <summary>A vote leaves a node, or a candidate's own with its request. One folder votes once a term.</summary>
    public void Voted(NodeId voter, in Message message, NodeId candidate)
    {
        var key = (voter, message.Disk, message.Term);
        if (!_votes.TryAdd(key, candidate) && _votes[key] != candidate)
            throw new AssertionException($"{voter} votes in term {message.Term} for {_votes[key]} and for {candidate}.");
    }

    /// <summary>A configuration was committed.</summary>
    public void Committed(Configuration before, Configuration members)
    {
        foreach (var member in before.Members)
        {
            if (members.Find(member.Id) is null)
                _gone.Add(member.Id);
        }
    }

    /// <summary>After each input: what is in force is what the log says.</summary>
    public static void InForce(CoreHost host)
    {
        var membership = host.Core.Membership;
        var told = host.Memory.Members() ?? new(LogIndex.Zero, host.Initial);
        if (membership.Index != told.Index || !ReferenceEquals(membership.Current, told.Configuration))
            throw new AssertionException($"{host.Id} acts by the members of {membership.Index}, {CoreText.Members(membership.Current)}, and its log tells those of {told.Index}, {CoreText.Members(told.Configuration)}.");
    }

    /// <summary>A node begins to lead.</summary>
    public void Leads(CoreHost host, Configuration by)
    {
        var votes = 0u;
        for (var slot = 0; slot < by.Count; slot++)
        {
            var member = by.Members[slot];
            var isVote = member.Id == host.Id || (member.Disk != 0
                ? _votes.GetValueOrDefault((member.Id, member.Disk, host.Core.Term)) == host.Id
                : _votes.Any(vote => vote.Key.Voter == member.Id && vote.Key.Term == host.Core.Term && vote.Value == host.Id));
            votes |= isVote ? 1u << slot : 0;
        }

        // A node that its own newest configuration leaves out may be needed until that is committed; it does not count itself.
        if (!by.Votes(by.SlotOf(host.Id)) && (by.Find(host.Id) is not null || host.Core.Membership.Index <= host.Core.Commit))
            throw new AssertionException($"{host.Id} leads term {host.Core.Term} without a vote in {CoreText.Members(by)}.");
        if (!HasQuorum(by, votes))
            throw new AssertionException($"{host.Id} leads term {host.Core.Term} by the votes of slots {votes:b} of {CoreText.Members(by)}.");
    }

    /// <summary>A leader appends a configuration behind the one that was in force, while its commit index was this.</summary>
    public void Append(CoreHost host, PlacedConfiguration before, Configuration next)
    {
        var core = host.Core;
        Appended++;
        Joint += next.IsJoint ? 1 : 0;
        var isFirst = before.Configuration.Members.Any(static member => member.Disk == 0 && !member.IsLearner);
        if (!isFirst && core.Log.TermAt(core.Commit) != core.Term)
            throw new AssertionException($"{host.Id} changes the members in term {core.Term} before an entry of it is committed.");
        if (before.Index > core.Commit)
            throw new AssertionException($"{host.Id} changes the members while those of {before.Index} are not committed.");
        foreach (var member in next.Members.Where(member => member.Id > before.Configuration.Highest && !member.IsLearner))
            throw new AssertionException($"{host.Id} lets {member.Id} vote, which was no learner.");
        var (small, large) = (Quorums(before.Configuration), Quorums(next));
        if (small.Any(left => large.Any(right => (left & right) == 0)))
            throw new AssertionException($"{CoreText.Members(before.Configuration)} and {CoreText.Members(next)} have quorums that share nobody.");
    }

    /// <summary>Whether these slots are a quorum; counted by hand, not by the code under test.</summary>
    public static bool HasQuorum(Configuration members, uint slots)
    {
        return IsMajority(static member => member.IsVoter) && (!members.Members.Any(static member => member.WasVoter) || IsMajority(static member => member.WasVoter));

        bool IsMajority(Func<Member, bool> votes)
        {
            var yes = Enumerable.Range(0, members.Count).Count(slot => votes(members.Members[slot]) && (slots >> slot & 1) != 0);
            return 2 * yes > members.Members.Count(votes);
        }
    }

    /// <summary>Every quorum, as a set of ids; counted by hand, too.</summary>
    private static List<ulong> Quorums(Configuration configuration)
    {
        var before = configuration.Members.Where(static member => member.WasVoter).Select(static member => 1UL << member.Id.Value).ToArray();
        var after = configuration.Members.Where(static member => member.IsVoter).Select(static member => 1UL << member.Id.Value).ToArray();
        var all = before.Union(after).ToArray();
        var found = new List<ulong>();
        for (var set = 0; set < 1 << all.Length; set++)
        {
            var ids = all.Where((_, place) => (set >> place & 1) != 0).Aggregate(0UL, static (sum, id) => sum | id);
            if (IsMajority(after) && (before.Length == 0 || IsMajority(before)))
                found.Add(ids);

            bool IsMajority(ulong[] voters) => 2 * voters.Count(voter => (ids & voter) != 0) > voters.Length;
        }

        return found;
    }
}
