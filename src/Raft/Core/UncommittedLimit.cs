using RaftStream.Raft.Log;

namespace RaftStream.Raft.Core;

/// <summary>Bounds what a leader has proposed and not committed: one that is cut off from its majority must not fill its memory.</summary>
internal sealed class UncommittedLimit(CoreOptions options, LogShape log)
{
    private LogIndex _committed;
    private long _bytes;

    /// <summary>A term of leadership begins: counts what it inherits.</summary>
    public void Start(LogIndex commit)
    {
        (_committed, _bytes) = (commit, 0);
        for (var index = commit.Next; index <= log.Last.Index; index = index.Next)
            _bytes += log.LengthAt(index);
    }

    /// <summary>Takes these entries into account, or refuses them all.</summary>
    public Refusal Admit(ReadOnlySpan<Proposal> proposals)
    {
        var bytes = _bytes;
        foreach (var proposal in proposals)
        {
            if ((uint)proposal.Length > LogRecord.MaxPayload)
                return Refusal.TooLarge;
            bytes += proposal.Length;
        }

        if (log.Last.Index - _committed + proposals.Length > options.MaxUncommittedEntries || bytes > options.MaxUncommittedBytes)
            return Refusal.Overloaded;
        _bytes = bytes;
        return Refusal.None;
    }

    /// <summary>The leader appended an entry of its own, whatever the limit: what a commit takes off must have been put on.</summary>
    public void Own(int length) => _bytes += length;

    /// <summary>The commit index advanced.</summary>
    public void Committed(LogIndex commit)
    {
        for (; _committed < commit; _committed = _committed.Next)
            _bytes -= log.LengthAt(_committed.Next);
    }

    public void CopyTo(UncommittedLimit other) => (other._committed, other._bytes) = (_committed, _bytes);
}
