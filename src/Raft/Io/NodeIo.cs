namespace RaftStream.Raft;

/// <summary>What a node runs over: the one clock that everything in it reads, and how it opens its data folder.</summary>
/// <param name="Clock">Read from any thread.</param>
/// <param name="OpenDisk">Opens a folder, as <see cref="FileDisk.OpenFolder"/> does; the node disposes of a disk that can be disposed of.</param>
internal sealed record NodeIo(IClock Clock, Func<string, IDisk> OpenDisk)
{
    /// <summary>The machine's own clock and file system.</summary>
    public static NodeIo Real { get; } = new(new MonotonicClock(), FileDisk.OpenFolder);
}
