namespace RaftStream.StreamStateMachine;

/// <summary>One record of a source, or why the bytes that stand there are none.</summary>
/// <typeparam name="T">What a record is.</typeparam>
/// <param name="Value">The record; the default of its type where there is a problem.</param>
/// <param name="Problem">
/// Why there is no record, in one sentence with the place: such bytes go to the dead letters. Null where there is a record.
/// </param>
/// <param name="Raw">With a problem, the bytes that stand there, the first 1,024 at most; empty otherwise.</param>
public readonly record struct SourceRecord<T>(T Value, string? Problem, ReadOnlyMemory<byte> Raw)
{
    /// <summary>The most bytes of <see cref="Raw"/>.</summary>
    internal const int MaxRawBytes = 1_024;

    /// <summary>A record.</summary>
    internal static SourceRecord<T> Of(T value) => new(value, null, default);

    /// <summary>Bytes that are none.</summary>
    internal static SourceRecord<T> Malformed(string problem, ReadOnlySpan<byte> raw) =>
        new(default!, problem, raw[..Math.Min(raw.Length, MaxRawBytes)].ToArray());
}
