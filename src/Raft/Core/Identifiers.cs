using System.Globalization;

namespace RaftStream.Raft;

/// <summary>A term: the logical clock of leadership (dissertation 3.3). Zero is "before any election".</summary>
public readonly record struct Term(long Value) : IComparable<Term>
{
    /// <summary>The term before any election.</summary>
    public static Term Zero => default;

    /// <summary>The term that follows this one.</summary>
    public Term Next => new(Value + 1);

    /// <inheritdoc/>
    public int CompareTo(Term other) => Value.CompareTo(other.Value);

    /// <summary>Earlier than.</summary>
    public static bool operator <(Term left, Term right) => left.Value < right.Value;

    /// <summary>Later than.</summary>
    public static bool operator >(Term left, Term right) => left.Value > right.Value;

    /// <summary>Not later than.</summary>
    public static bool operator <=(Term left, Term right) => left.Value <= right.Value;

    /// <summary>Not earlier than.</summary>
    public static bool operator >=(Term left, Term right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The position of an entry in the log, counted from 1. Zero is "before the first entry".</summary>
public readonly record struct LogIndex(long Value) : IComparable<LogIndex>
{
    /// <summary>The place before the first entry.</summary>
    public static LogIndex Zero => default;

    /// <summary>The index that follows this one.</summary>
    public LogIndex Next => new(Value + 1);

    /// <summary>The index before this one.</summary>
    public LogIndex Previous => new(Value - 1);

    /// <summary>The later of two indexes.</summary>
    public static LogIndex Max(LogIndex left, LogIndex right) => left.Value >= right.Value ? left : right;

    /// <summary>The earlier of two indexes.</summary>
    public static LogIndex Min(LogIndex left, LogIndex right) => left.Value <= right.Value ? left : right;

    /// <inheritdoc/>
    public int CompareTo(LogIndex other) => Value.CompareTo(other.Value);

    /// <summary>How many entries lie between two indexes.</summary>
    public static long operator -(LogIndex left, LogIndex right) => left.Value - right.Value;

    /// <summary>The index that many entries further on.</summary>
    public static LogIndex operator +(LogIndex left, long right) => new(left.Value + right);

    /// <summary>The index that many entries back.</summary>
    public static LogIndex operator -(LogIndex left, long right) => new(left.Value - right);

    /// <summary>Before.</summary>
    public static bool operator <(LogIndex left, LogIndex right) => left.Value < right.Value;

    /// <summary>Behind.</summary>
    public static bool operator >(LogIndex left, LogIndex right) => left.Value > right.Value;

    /// <summary>Not behind.</summary>
    public static bool operator <=(LogIndex left, LogIndex right) => left.Value <= right.Value;

    /// <summary>Not before.</summary>
    public static bool operator >=(LogIndex left, LogIndex right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A member of the cluster, from 1 to 65,535, never used again once its member is gone. Zero is "nobody".</summary>
public readonly record struct NodeId(int Value) : IComparable<NodeId>
{
    /// <summary>The largest id a node may have.</summary>
    public const int MaxValue = 65_535;

    /// <summary>Nobody: no leader known, no vote given.</summary>
    public static NodeId None => default;

    /// <inheritdoc/>
    public int CompareTo(NodeId other) => Value.CompareTo(other.Value);

    /// <summary>Smaller than.</summary>
    public static bool operator <(NodeId left, NodeId right) => left.Value < right.Value;

    /// <summary>Larger than.</summary>
    public static bool operator >(NodeId left, NodeId right) => left.Value > right.Value;

    /// <summary>Not larger than.</summary>
    public static bool operator <=(NodeId left, NodeId right) => left.Value <= right.Value;

    /// <summary>Not smaller than.</summary>
    public static bool operator >=(NodeId left, NodeId right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>An entry's place and the term that proposed it: what the log matching property compares (dissertation 3.5).</summary>
public readonly record struct LogPosition(LogIndex Index, Term Term)
{
    /// <summary>The place before the first entry.</summary>
    public static LogPosition Zero => default;

    /// <summary>
    /// Whether a log that ends here is at least as complete as one that ends at <paramref name="other"/>: terms decide,
    /// length only between equal terms (dissertation 3.6.1).
    /// </summary>
    public bool IsAtLeastAsUpToDateAs(LogPosition other) =>
        Term > other.Term || (Term == other.Term && Index >= other.Index);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}@{Term}");
}

/// <summary>What a node must never forget: its term and the vote it gave in it (dissertation figure 3.1, "persistent state").</summary>
public readonly record struct HardState(Term Term, NodeId Vote);

/// <summary>What an entry holds.</summary>
public enum EntryKind : byte
{
    /// <summary>Nothing: the entry with which a leader opens its term.</summary>
    Noop = 0,

    /// <summary>A command for the state machine.</summary>
    Command = 1,

    /// <summary>Who the members are from here on (dissertation chapter 4). In force as soon as it is in the log.</summary>
    Configuration = 2,

    /// <summary>Here every replica takes a snapshot, so that all have the same ones, byte by byte.</summary>
    SnapshotPoint = 3,

    /// <summary>Opens or closes a client session, or carries a command within one, or one out of a node's outbox.</summary>
    Session = 4,
}

/// <summary>All that the core knows of an entry: never its bytes.</summary>
/// <param name="Term">The term that proposed it.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Length">The payload in bytes, at least 0.</param>
public readonly record struct EntryShape(Term Term, EntryKind Kind, int Length);
