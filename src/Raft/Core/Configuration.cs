namespace RaftStream.Raft.Core;

/// <summary>
/// Who votes. Members stand in slots, smallest id first, so that what is kept about each lies in arrays.
/// Immutable.
/// </summary>
internal sealed class Configuration
{
    /// <summary>More voters than this make every quorum slow and are refused.</summary>
    public const int MaxVoters = 9;

    private readonly NodeId[] _voters;

    /// <summary>A configuration of the given voters, in any order.</summary>
    public Configuration(IEnumerable<NodeId> voters)
    {
        _voters = [.. voters.Order()];
        Invariant.Check(_voters.Length is > 0 and <= MaxVoters, "a configuration has 1 to 9 voters");
        for (var i = 0; i < _voters.Length; i++)
            Invariant.Check(_voters[i] > NodeId.None && (i == 0 || _voters[i - 1] < _voters[i]), "voters have distinct ids above zero");
    }

    /// <summary>The voters by slot.</summary>
    public ReadOnlySpan<NodeId> Voters => _voters;

    /// <summary>How many voters make a majority.</summary>
    public int Majority => (_voters.Length / 2) + 1;

    /// <summary>The slot of a member, or -1.</summary>
    public int SlotOf(NodeId member) => Array.BinarySearch(_voters, member);
}
