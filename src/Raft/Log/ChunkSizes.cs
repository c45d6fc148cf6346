namespace RaftStream.Raft.Log;

/// <summary>How large the chunks are into which a replica cuts its own state. Whoever reads or receives a snapshot takes any sizes.</summary>
/// <param name="Min">No chunk but the last is shorter, in bytes.</param>
/// <param name="TailBits">Behind <paramref name="Min"/> each byte ends the chunk with a chance of one in 2 to this power.</param>
/// <param name="Max">No chunk is longer, in bytes; at most <see cref="SnapshotChunk.MaxLength"/>.</param>
internal sealed record ChunkSizes(int Min, int TailBits, int Max)
{
    /// <summary>
    /// 256 KiB on average. Part of the format's version 2: replicas that cut in other places take snapshots of other bytes.
    /// </summary>
    public static readonly ChunkSizes Standard = new(128 * 1024, 17, SnapshotChunk.MaxLength);

    /// <summary>Stops sizes that make no chunks.</summary>
    public void Check()
    {
        Invariant.Check(Min > 0 && Min <= Max && Max <= SnapshotChunk.MaxLength, "a chunk has at least a byte and at most 1 MiB");
        Invariant.Check(TailBits is > 0 and < 32, "behind its least length a chunk ends at one of 2 to 2^31 bytes");
    }
}
