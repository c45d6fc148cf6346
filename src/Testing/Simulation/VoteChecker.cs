using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// Who gave which vote, heard from what nodes send: a leader needs votes of its own term from a quorum, each of another node.
/// </summary>
/// <remarks>
/// Without this, a vote that is counted twice or in the wrong term shows only where a second candidate of the same term wins by honest votes,
/// which is rare: pre-votes keep candidates apart.
/// </remarks>
internal sealed class VoteChecker
{
    private readonly HashSet<(Term Term, NodeId From, NodeId To)> _given = [];

    /// <summary>A node sends the answer that grants a vote.</summary>
    public void OnGranted(Term term, NodeId from, NodeId to) => _given.Add((term, from, to));

    /// <summary>A node leads. Its own vote is judged by what is on its disk.</summary>
    public void OnElected(NodeId leader, RaftCore core) => ViolationException.Require(
        MemberChecker.IsQuorum(core.Membership.Current, id => id == leader || _given.Contains((core.Term, id, leader))),
        "VoteQuorum",
        $"Node {leader} leads term {core.Term}, and no quorum gave it a vote in that term.");
}
