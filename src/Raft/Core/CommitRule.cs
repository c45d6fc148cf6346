namespace RaftStream.Raft.Core;

/// <summary>How far the log is committed (dissertation 3.6.2). Never goes back.</summary>
internal sealed class CommitRule(LogShape log)
{
    /// <summary>The log is committed up to here, as far as this node knows.</summary>
    public LogIndex Commit { get; private set; }

    /// <summary>
    /// The leader's rule. [safety] Only an entry of the leader's own term is committed by counting copies; earlier ones are
    /// committed with it. Counter-example without this: dissertation figure 3.7, an entry of term 2 on a majority is overwritten by
    /// the leader of term 3. True: the index advanced.
    /// </summary>
    public bool ByLeader(LogIndex matchedByMajority, Term term) =>
        matchedByMajority > Commit && log.TermAt(matchedByMajority) == term && Advance(matchedByMajority);

    /// <summary>
    /// The follower's rule. [safety] The leader's index counts only as far as this message proved our log to match: behind that, we
    /// may hold another history. True: the index advanced.
    /// </summary>
    public bool ByFollower(LogIndex leaderCommit, LogIndex matched)
    {
        var commit = LogIndex.Min(leaderCommit, matched);
        return commit > Commit && Advance(commit);
    }

    /// <summary>A snapshot holds only what is committed.</summary>
    public void BySnapshot(LogIndex snapshot) => Commit = LogIndex.Max(Commit, snapshot);

    public void CopyTo(CommitRule other) => other.Commit = Commit;

    public void AddTo(ref Fingerprint fingerprint) => fingerprint.Add(Commit.Value);

    private bool Advance(LogIndex commit)
    {
        Invariant.Check(commit <= log.Last.Index, "what is committed is held");
        Commit = commit;
        return true;
    }
}
