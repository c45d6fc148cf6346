namespace RaftStream.StreamStateMachine;

/// <summary>
/// A place among all changes of counters: the log entry, and which of the changes that it made, from 0. As a mark it stands for everything up to and with that change.
/// </summary>
internal readonly record struct ChangePlace(LogIndex Index, int Number) : IComparable<ChangePlace>
{
    /// <summary>Everything that an entry changed: behind all places of it.</summary>
    public const int Whole = int.MaxValue;

    /// <summary>Behind everything that happened up to and with an entry.</summary>
    public static ChangePlace Behind(LogIndex index) => new(index, Whole);

    /// <inheritdoc/>
    public int CompareTo(ChangePlace other)
    {
        var order = Index.CompareTo(other.Index);
        return order != 0 ? order : Number.CompareTo(other.Number);
    }

    /// <summary>In front of.</summary>
    public static bool operator <(ChangePlace left, ChangePlace right) => left.CompareTo(right) < 0;

    /// <summary>Behind.</summary>
    public static bool operator >(ChangePlace left, ChangePlace right) => left.CompareTo(right) > 0;

    /// <summary>Not behind.</summary>
    public static bool operator <=(ChangePlace left, ChangePlace right) => left.CompareTo(right) <= 0;

    /// <summary>Not in front of.</summary>
    public static bool operator >=(ChangePlace left, ChangePlace right) => left.CompareTo(right) >= 0;
}
