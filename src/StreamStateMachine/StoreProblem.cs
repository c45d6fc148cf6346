namespace RaftStream.StreamStateMachine;

/// <summary>Why the store declined a command or a query. Part of the reply format: numbers are never given to something else.</summary>
internal enum StoreProblem : byte
{
    /// <summary>It did not.</summary>
    None = 0,

    /// <summary>The bytes are no command or query of this release.</summary>
    Malformed = 1,

    /// <summary>A key is empty, too long or not UTF-8.</summary>
    InvalidKey = 2,

    /// <summary>The name of a job or partition is empty, too long or has a control character.</summary>
    InvalidName = 3,

    /// <summary>A sum would leave the range of 64 bits.</summary>
    Overflow = 4,

    /// <summary>The store has as many keys, or bytes of keys or of values, as it takes.</summary>
    Full = 5,

    /// <summary>There are as many partitions as the store takes.</summary>
    TooManyPartitions = 6,

    /// <summary>The partition was never opened with that epoch.</summary>
    NotOpened = 7,

    /// <summary>A newer reader has opened the partition.</summary>
    Superseded = 8,

    /// <summary>The command does not start where the partition stands: it was applied before, or one in front of it was not.</summary>
    WrongOffset = 9,

    /// <summary>A key holds bytes where a counter is meant.</summary>
    WrongType = 10,

    /// <summary>The answer would take more bytes than one may.</summary>
    TooLarge = 11,
}

/// <summary>Problems in words.</summary>
internal static class StoreProblems
{
    /// <summary>One sentence for a person, null where there is no problem.</summary>
    public static string? Sentence(StoreProblem problem) => problem switch
    {
        StoreProblem.None => null,
        StoreProblem.InvalidKey => $"A key takes 1 to {StoreLimits.MaxKeyBytes} bytes of valid UTF-8: give another one.",
        StoreProblem.InvalidName => $"The name of a job or partition has 1 to {StoreLimits.MaxNameChars} characters and no control character: give another one.",
        StoreProblem.Overflow => "The sum would leave the range of 64 bits, so nothing was changed: lower the counter first.",
        StoreProblem.Full => $"The store holds all it takes ({StoreLimits.MaxCounters} keys, {StoreLimits.MaxTotalKeyBytes} bytes of keys, {StoreLimits.MaxTotalValueBytes} bytes of values), so nothing was changed: delete some first.",
        StoreProblem.TooManyPartitions => $"The store takes {StoreLimits.MaxPartitions} partitions of all jobs and has them: use one that exists.",
        StoreProblem.NotOpened => "The partition was never opened with that epoch: open it first.",
        StoreProblem.Superseded => "A newer reader has opened the partition: this one may stop.",
        StoreProblem.WrongOffset => "The command does not start at the partition's committed offset, so nothing was changed: go on from the committed offset.",
        StoreProblem.WrongType => "A key holds bytes, which are no counter, and nothing was changed: delete it first, or use another key.",
        StoreProblem.TooLarge => $"The answer would take more than {StoreLimits.MaxReadBytes} bytes: ask for fewer keys at a time.",
        _ => "The bytes are no request that this release knows: use the encoding of the same release.",
    };
}
