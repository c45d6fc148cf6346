namespace RaftStream.Raft;

/// <summary>A number with one writer that anybody may read.</summary>
internal sealed class Tally
{
    private long _value;

    /// <summary>The number.</summary>
    public long Value => Volatile.Read(ref _value);

    /// <summary>Counts on. By the owner's thread alone.</summary>
    public void Add(long count) => Volatile.Write(ref _value, _value + count);

    /// <summary>Sets it. By the owner's thread alone.</summary>
    public void Set(long value) => Volatile.Write(ref _value, value);
}

/// <summary>
/// What a replica's session table has done since the replica started; entries that it replayed from its log are counted again. Written
/// by the thread that applies.
/// </summary>
internal sealed class SessionCounters
{
    /// <summary>Sessions open now.</summary>
    public Tally Open { get; } = new();

    /// <summary>What all sessions and their replies together are charged now, in bytes.</summary>
    public Tally ReplyBytes { get; } = new();

    /// <summary>Sessions opened.</summary>
    public Tally Opened { get; } = new();

    /// <summary>Sessions that their clients closed.</summary>
    public Tally Closed { get; } = new();

    /// <summary>Sessions that were idle for too long.</summary>
    public Tally Expired { get; } = new();

    /// <summary>Sessions that made room for another one.</summary>
    public Tally Evicted { get; } = new();

    /// <summary>Commands that came again and were answered, not run.</summary>
    public Tally Repeated { get; } = new();

    /// <summary>Commands refused because too much of their session was not acknowledged.</summary>
    public Tally WindowFull { get; } = new();
}
