using System.Globalization;
using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>What the nodes must keep true together (dissertation figure 3.2), checked after each step of one of them.</summary>
internal sealed class ClusterChecks(NodeStates nodes, KnownMessages messages)
{
    /// <summary>
    /// A node went from one state to another, in which <paramref name="after"/> already stands. Notes in <paramref name="after"/> who leads and what is
    /// committed. Throws where a promise is broken.
    /// </summary>
    public void Check(ClusterState after, NodeFacts before, NodeFacts now)
    {
        if (now.Role == Role.Leader && (before.Role != Role.Leader || before.Term != now.Term))
            CheckNewLeader(after, now);
        else if (now.Role == Role.Leader)
            CheckMatchStays(before, now);
        if (now.Commit > before.Commit || now.Log != before.Log)
            CheckCommitted(after, now);
        foreach (var state in after.Nodes)
        {
            var other = nodes[state];
            if (other.Node == now.Node)
                continue;
            if (!now.Log.Matches(other.Log))
                throw Broken("LogMatching", $"{now.Node} has {now.Log} and {other.Node} has {other.Log}: one entry with two pasts");
            CheckMatch(now, other);
            CheckMatch(other, now);
        }
    }

    /// <summary>A message is sent into a network that holds what was sent before.</summary>
    public void CheckVote(List<int> sentBefore, int sent)
    {
        var message = messages[sent].Envelope.Message;
        if (message.Kind is not (MessageKind.Vote or MessageKind.VoteReply))
            return;
        foreach (var id in sentBefore)
        {
            var earlier = messages[id].Envelope.Message;
            if (earlier.Kind is MessageKind.Vote or MessageKind.VoteReply && earlier.From == message.From && earlier.Term == message.Term && Candidate(earlier) != Candidate(message))
                throw Broken("OneVoteATerm", $"{message.From} votes in term {message.Term} for {Candidate(earlier)} and for {Candidate(message)}");
        }
    }

    private static NodeId Candidate(in Message message) => message.Kind == MessageKind.Vote ? message.From : message.To;

    private static ViolationException Broken(string invariant, FormattableString message) => new(invariant, message.ToString(CultureInfo.InvariantCulture));

    private static void CheckNewLeader(ClusterState after, NodeFacts leader)
    {
        var earlier = after.Leaders[leader.Term];
        if (earlier != 0 && earlier != leader.Node)
            throw Broken("ElectionSafety", $"term {leader.Term} is led by {earlier} and by {leader.Node}");
        after.Leaders[leader.Term] = (byte)leader.Node;

        // A leader may be elected late, when later terms have committed already: it need not hold what they did. An entry is committed with, or by, one
        // of its leader's own term, so the last one tells the term in which all was committed.
        var isLater = after.Committed.Length > 0 && leader.Term > after.Committed.TermAt(after.Committed.Length);
        if (isLater && leader.Log.CommonWith(after.Committed) < after.Committed.Length)
            throw Broken("LeaderCompleteness", $"{leader.Node} leads term {leader.Term} with {leader.Log}, though {after.Committed} is committed");
    }

    private void CheckCommitted(ClusterState after, NodeFacts now)
    {
        var known = Math.Min(now.Commit, after.Committed.Length);
        if (now.Log.CommonWith(after.Committed) < known)
            throw Broken("StateMachineSafety", $"{now.Node} holds {now.Log.First(now.Commit)} for committed, and {after.Committed} was");
        if (now.Commit <= after.Committed.Length)
            return;
        var committed = now.Log.First(now.Commit);
        var copies = 0u;
        foreach (var state in after.Nodes)
        {
            var other = nodes[state];
            copies |= other.Durable.CommonWith(committed) == committed.Length ? 1u << other.Node : 0;
        }

        if (!NodeChecks.HasQuorum(now.Members, copies))
            throw Broken("CommittedIsDurable", $"{now.Node} commits {committed} with copies on the disks of {copies:b} (a bit each, from 0 on) of {CoreText.Members(now.Members)}");
        after.Committed = committed;
    }

    private static void CheckMatchStays(NodeFacts before, NodeFacts now)
    {
        for (var peer = 1; peer < now.Matches.Length; peer++)
        {
            if (now.Matches[peer] < before.Matches[peer] && now.Members.SlotOf(new(peer)) >= 0)
                throw Broken("MatchMonotonic", $"{now.Node} knew {peer} to hold {before.Matches[peer]} entries and now only {now.Matches[peer]}");
        }
    }

    /// <summary>What a leader counts as held by a peer of its term is on that peer's disk.</summary>
    private static void CheckMatch(NodeFacts leader, NodeFacts peer)
    {
        if (leader.Role != Role.Leader || peer.Term != leader.Term || leader.Matches[peer.Node] == 0)
            return;
        var match = leader.Log.First(leader.Matches[peer.Node]);
        if (peer.Durable.CommonWith(match) < match.Length)
            throw Broken("MatchIsDurable", $"{leader.Node} knows {peer.Node} to hold {match}, and its disk has {peer.Durable}");
    }
}
