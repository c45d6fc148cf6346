namespace RaftStream.Testing;

/// <summary>What the checker says of a history.</summary>
public enum Verdict
{
    /// <summary>An order of all operations exists that explains every answer: the checker has one.</summary>
    Linearizable = 0,

    /// <summary>No order explains the answers: all were tried, or ruled out by an argument that holds for all.</summary>
    Illegal = 1,

    /// <summary>Time or memory ended first: nothing is claimed.</summary>
    Undecided = 2,
}

/// <summary>How much a check may take. A history can cost exponential time: there is no check without bounds.</summary>
public sealed record CheckBounds
{
    /// <summary>For the whole history, all keys and the explanation together; at the default half a minute.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes for the configurations remembered, of one key at a time; at the default 512 MiB. At least 1 MiB is used.</summary>
    public long MemoryBytes { get; init; } = 512L << 20;

    /// <summary>Whether an illegal key gets its shortest illegal prefix, which takes about as long again; at the default it does.</summary>
    public bool Explain { get; init; } = true;
}

/// <summary>The verdict on a history.</summary>
public sealed class CheckResult
{
    internal CheckResult(IReadOnlyList<KeyResult> keys, TimeSpan elapsed)
    {
        Keys = keys;
        Elapsed = elapsed;
        Verdict = keys.Any(static key => key.Verdict == Verdict.Illegal) ? Verdict.Illegal
            : keys.Any(static key => key.Verdict == Verdict.Undecided) ? Verdict.Undecided : Verdict.Linearizable;
    }

    /// <summary>Illegal if one key is, else undecided if one key is.</summary>
    public Verdict Verdict { get; }

    /// <summary>The keys, in the order of their first calls.</summary>
    public IReadOnlyList<KeyResult> Keys { get; }

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>How many configurations were looked at.</summary>
    public long Steps => Keys.Sum(static key => key.Steps);

    /// <summary>The first illegal key; null if none is.</summary>
    public KeyResult? FirstIllegal => Keys.FirstOrDefault(static key => key.Verdict == Verdict.Illegal);
}

/// <summary>The verdict on one key: a history is linearizable exactly if each of its keys is.</summary>
public sealed class KeyResult
{
    internal KeyResult(string key, IReadOnlyList<Operation> operations, Verdict verdict, long steps, long memoryBytes)
    {
        Key = key;
        Operations = operations;
        Verdict = verdict;
        Steps = steps;
        MemoryBytes = memoryBytes;
    }

    /// <summary>The key.</summary>
    public string Key { get; }

    /// <summary>Its operations, in the order of their calls.</summary>
    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>The verdict.</summary>
    public Verdict Verdict { get; }

    /// <summary>How many configurations were looked at.</summary>
    public long Steps { get; }

    /// <summary>The most bytes that the configurations remembered took.</summary>
    public long MemoryBytes { get; }

    /// <summary>
    /// The order that explains the answers, if the verdict is <see cref="Verdict.Linearizable"/>; else the longest part of one that was
    /// found. Open operations that do not take effect are not in it.
    /// </summary>
    public IReadOnlyList<Operation> Linearization { get; internal init; } = [];

    /// <summary>Which bound ended the search; null unless the verdict is <see cref="Verdict.Undecided"/>.</summary>
    public string? EndedBy { get; internal init; }

    /// <summary>Why it is illegal; null unless it is, and an explanation was asked for.</summary>
    public IllegalPrefix? Illegal { get; internal init; }
}

/// <summary>The shortest beginning of one key's history that no order explains.</summary>
public sealed class IllegalPrefix
{
    internal IllegalPrefix(IReadOnlyList<Operation> operations, Operation last, IReadOnlyList<Operation> linearization, bool isShortest)
    {
        Operations = operations;
        Last = last;
        Linearization = linearization;
        IsShortest = isShortest;
        var ordered = linearization.ToHashSet();
        Unordered = [.. operations.Where(operation => operation == last || (operation.Returned < last.Returned && !ordered.Contains(operation)))];
    }

    /// <summary>The operations called before the prefix ends. Those answered after its end count as open in it.</summary>
    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>The operation with whose answer the prefix ends: without that answer an order exists.</summary>
    public Operation Last { get; }

    /// <summary>
    /// An order of all that was answered before, in which <see cref="Last"/> counts as open; if <see cref="IsShortest"/> is false, the
    /// longest part of an order that was found.
    /// </summary>
    public IReadOnlyList<Operation> Linearization { get; }

    /// <summary>The answered operations that cannot be ordered with it: <see cref="Last"/>, and what it leaves out.</summary>
    public IReadOnlyList<Operation> Unordered { get; }

    /// <summary>Whether no shorter prefix is illegal. False if a bound ended the search for one.</summary>
    public bool IsShortest { get; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var answered = Operations.Count(operation => operation.Returned < Last.Returned);
        return IsShortest
            ? $"Nothing explains the answer to {Last}: the {answered} operations answered before fit one order, and with that answer none fits."
            : $"No order explains all answers up to that to {Last}; of the {answered} before it {answered - Unordered.Count + 1} were found to fit one. A shorter beginning may be illegal, too.";
    }
}
