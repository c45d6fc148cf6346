namespace RaftStream.Raft.Core;

/// <summary>
/// Which configuration is in force: the newest in the log, committed or not (dissertation 4.1), rolled back when its entry is
/// truncated.
/// </summary>
/// <remarks>
/// Kept true: configurations stand in the order of their entries; the oldest one kept is in force at the log's base or before.
/// Not "the newest committed one": a leader that commits a joint entry by a majority of both sets would be deposed by one elected by
/// a majority of the old set alone, from followers that hold the entry and do not act on it.
/// </remarks>
internal sealed class Membership(NodeId self)
{
    private readonly List<Placed> _history = [];

    /// <summary>The configuration in force.</summary>
    public Configuration Current { get; private set; } = Configuration.Empty;

    /// <summary>The index of its entry; zero for the one a cluster begins with, before its leader wrote it into the log.</summary>
    public LogIndex Index { get; private set; }

    /// <summary>This node's slot in it, or -1.</summary>
    public int Self { get; private set; } = -1;

    /// <summary>Whether this node has a vote in it.</summary>
    public bool Votes => Current.Votes(Self);

    /// <summary>
    /// Whether this node may stand for election: with a vote, and also where its newest configuration, which need not be committed, leaves out a node
    /// that voted before (dissertation 4.2.2). Counter-example without this: 4 of {1, 4} leads a change to {1, 7} and appends the entry that
    /// leaves the joint configuration, on its own disk alone, when it loses leadership. The others need its vote, and its log is longer than theirs.
    /// </summary>
    public bool MayStand { get; private set; }

    /// <summary>
    /// Whether it tells with which data folder each voter came. [safety] It does not only before a cluster has formed, and then an election needs
    /// every voter. Counter-example with a majority: nodes 1 and 2 form the cluster and commit, while 3 hears nothing; the disk of 1 is wiped and 2 is
    /// down; 3, which knows nothing yet, takes the empty node 1 for a new one, is elected with its vote, and what was committed is overwritten.
    /// </summary>
    public bool IsFormed { get; private set; }

    /// <summary>Whether a learner's data folder is not known yet.</summary>
    public bool HasUnbound { get; private set; }

    /// <summary>Whether some voter should rather lead than this node.</summary>
    public bool HasPreferred { get; private set; }

    /// <summary>At the start: what the snapshot says, or what the cluster begins with.</summary>
    public void Recover(LogIndex index, Configuration configuration)
    {
        _history.Clear();
        Append(index, configuration);
    }

    /// <summary>A configuration's entry was appended: it is in force.</summary>
    public void Append(LogIndex index, Configuration configuration)
    {
        Invariant.Check(_history.Count == 0 || index > _history[^1].Index, "configurations follow each other along the log");
        _history.Add(new(index, configuration));
        Take();
    }

    /// <summary>The entries from an index on are gone, and with them the configurations that they held.</summary>
    public void TruncateFrom(LogIndex index)
    {
        if (_history[^1].Index < index)
            return;
        _history.RemoveAll(placed => placed.Index >= index);
        Invariant.Check(_history.Count > 0, "what is truncated is not committed, and a committed configuration stands before it");
        Take();
    }

    /// <summary>The configuration in force at an index, and the index of its entry.</summary>
    public (LogIndex Index, Configuration Configuration) At(LogIndex index)
    {
        var place = _history.Count - 1;
        while (place > 0 && _history[place].Index > index)
            place--;
        return (_history[place].Index, _history[place].Configuration);
    }

    /// <summary>Nobody will ask about what was before an index.</summary>
    public void Forget(LogIndex before)
    {
        var keep = _history.Count - 1;
        while (keep > 0 && _history[keep].Index > before)
            keep--;
        _history.RemoveRange(0, keep);
    }

    public void CopyTo(Membership other)
    {
        other._history.Clear();
        other._history.AddRange(_history);
        (other.Index, other.Current, other.Self) = (Index, Current, Self);
        (other.HasUnbound, other.IsFormed, other.MayStand, other.HasPreferred) = (HasUnbound, IsFormed, MayStand, HasPreferred);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (index, configuration) in _history)
        {
            fingerprint.Add(index.Value);
            for (var slot = 0; slot < configuration.Count; slot++)
                fingerprint.Add(configuration.IdAt(slot).Value);
            fingerprint.Add(configuration.Incoming);
            fingerprint.Add(configuration.Outgoing);
        }
    }

    private void Take()
    {
        (Index, Current) = (_history[^1].Index, _history[^1].Configuration);
        Self = Current.SlotOf(self);
        HasUnbound = Current.Members.Any(static member => member.Disk == 0);
        IsFormed = !Current.Members.Any(static member => member.Disk == 0 && !member.IsLearner);
        MayStand = Votes || (Self < 0 && _history.Count > 1 && _history[^2].Configuration is var before && before.Votes(before.SlotOf(self)));
        HasPreferred = Votes && Current.HasPreferred(Self);
    }

    private readonly record struct Placed(LogIndex Index, Configuration Configuration);
}
