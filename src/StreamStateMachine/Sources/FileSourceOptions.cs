namespace RaftStream.StreamStateMachine;

/// <summary>How files are read as a source.</summary>
public sealed record FileSourceOptions
{
    /// <summary>
    /// Whether the end of a file is waited at for more (and for the file that follows after a rotation) instead of ending the partition.
    /// False by default.
    /// </summary>
    public bool Follow { get; init; }

    /// <summary>How long to wait before a followed file is looked at again: 1 ms to 1 hour, 250 ms by default.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Which files of a folder are partitions, by name: <c>*</c> stands for any characters, <c>?</c> for one. All by default; without
    /// meaning where the path is a file.
    /// </summary>
    public string Pattern { get; init; } = "*";

    /// <summary>
    /// The longest record in bytes without its line end: 1 to 16 MiB, 64 KiB by default. A longer one becomes a problem and is skipped
    /// without being held in memory.
    /// </summary>
    public int MaxRecordBytes { get; init; } = 64 * 1024;

    /// <summary>
    /// The name of the one partition where the path is a file, instead of the file's name: 1 to 200 characters, no control character. A
    /// file whose start has changed is always refused under the name it was read by; under another name it is read from its start.
    /// </summary>
    public string? PartitionName { get; init; }

    /// <summary>What the poll interval is measured by: the system's clock by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Refuses values out of range.</summary>
    /// <exception cref="ArgumentException">One is: the sentence names it.</exception>
    internal void Check()
    {
        if (PollInterval < TimeSpan.FromMilliseconds(1) || PollInterval > TimeSpan.FromHours(1))
            throw new ArgumentException($"{nameof(PollInterval)} is {PollInterval}: give 1 ms to 1 hour.");
        if (MaxRecordBytes is < 1 or > 16 * 1024 * 1024)
            throw new ArgumentException($"{nameof(MaxRecordBytes)} is {MaxRecordBytes}: give 1 to {16 * 1024 * 1024}.");
        if (string.IsNullOrEmpty(Pattern) || Pattern.AsSpan().IndexOfAny('/', '\\') >= 0)
            throw new ArgumentException($"{nameof(Pattern)} is '{Pattern}': give a pattern of file names without a folder, like '*.log'.");
        if (PartitionName is not null && !StoreLimits.IsName(PartitionName))
            throw new ArgumentException($"{nameof(PartitionName)} has {PartitionName.Length} characters or a control character: give 1 to {StoreLimits.MaxNameChars} characters without one.");
        if (TimeProvider is null)
            throw new ArgumentException($"{nameof(TimeProvider)} is null: leave it out for the system's clock.");
    }
}
