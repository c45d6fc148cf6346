namespace RaftStream.StreamStateMachine;

/// <summary>How a file sink cuts what it is given into files. Part of the topology: equal on all nodes.</summary>
public sealed record FileSinkOptions
{
    /// <summary>The least of <see cref="RotateBytes"/>: 64 KiB.</summary>
    public const long MinRotateBytes = 64 * 1024;

    /// <summary>The most of <see cref="RotateBytes"/>: 1 GiB.</summary>
    public const long MaxRotateBytes = 1024L * 1024 * 1024;

    /// <summary>The most of <see cref="Keep"/>.</summary>
    public const int MaxKeep = 1000;

    /// <summary>
    /// A line that would make its file larger begins the next one: 64 KiB to 1 GiB, 64 MiB unless said otherwise. Only a line that is larger itself makes a larger file, in which it stands alone.
    /// </summary>
    public long RotateBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How many files are kept, the one that is written among them: 1 to 1,000, 4 unless said otherwise. Snapshots carry all of these.</summary>
    public int Keep { get; init; } = 4;

    internal void Check()
    {
        if (RotateBytes is < MinRotateBytes or > MaxRotateBytes)
            throw new ArgumentException($"A file of a sink has 64 KiB to 1 GiB, not {RotateBytes} bytes: set {nameof(RotateBytes)} between these.");
        if (Keep is < 1 or > MaxKeep)
            throw new ArgumentException($"A sink keeps 1 to {MaxKeep} files, not {Keep}: set {nameof(Keep)} between these.");
    }
}
