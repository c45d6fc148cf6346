namespace RaftStream.Raft.Log;

/// <summary>Whose log it is: a folder of another cluster or node is refused, because its votes are not ours.</summary>
/// <param name="ClusterId">The cluster.</param>
/// <param name="Node">The node, at least 1.</param>
internal sealed record LogIdentity(Guid ClusterId, NodeId Node);

/// <summary>Sizes of the log on disk. All are multiples of <see cref="Sectors.Size"/>.</summary>
internal sealed record LogOptions
{
    /// <summary>The smallest segment allowed, in bytes.</summary>
    public const int SmallestSegment = 4 * 1024;

    /// <summary>The first segment in bytes, from 4 KiB on: small, so that an empty log is made in a moment.</summary>
    public int FirstSegmentSize { get; init; } = 256 * 1024;

    /// <summary>Segments double up to this many bytes, at most 1 GiB. Only a batch that is larger by itself makes a larger one.</summary>
    public int MaxSegmentSize { get; init; } = 64 * 1024 * 1024;

    /// <summary>What may be staged for one commit, in bytes, at most 1 GiB.</summary>
    public int MaxBatchSize { get; init; } = 64 * 1024 * 1024;

    /// <summary>How own snapshots are cut into chunks: the same on all replicas.</summary>
    public ChunkSizes Chunks { get; init; } = ChunkSizes.Standard;

    /// <summary>The size of the segment to build after one of <paramref name="size"/> bytes.</summary>
    public int SizeAfter(int size) => size >= MaxSegmentSize / 2 ? MaxSegmentSize : Math.Max(FirstSegmentSize, size * 2);

    /// <summary>Stops a configuration that the format cannot hold.</summary>
    public void Check()
    {
        const int largest = 1024 * 1024 * 1024;
        Invariant.Check(FirstSegmentSize >= SmallestSegment && FirstSegmentSize <= MaxSegmentSize, "a first segment lies between 4 KiB and the largest");
        Invariant.Check(MaxSegmentSize <= largest && MaxBatchSize <= largest, "segments and batches are at most 1 GiB");
        Invariant.Check(FirstSegmentSize % Sectors.Size == 0 && MaxSegmentSize % Sectors.Size == 0, "segments are whole sectors");
    }
}
