using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Where one partition of a source stands, as a query tells it (<see cref="JobQueryOpcode.Partition"/>): its size is that of one position, however many partitions there are.</summary>
internal static class PartitionAnswer
{
    /// <summary>Reads it: the start for a partition that is not known; null where the job has not begun.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static SourcePosition? Read(ReadOnlySpan<byte> reply)
    {
        var reader = new MessagePackReader(reply);
        if (!reader.TryReadArrayHeader(out var parts) || !reader.TryReadUInt64(out var problem))
            throw JobStatus.Broken();
        if (problem == (ulong)JobProblem.NotFound)
            return null;
        if (problem != (ulong)JobProblem.None)
            throw JobStatus.Broken();
        if (parts == 1)
            return default(SourcePosition);
        return parts == 2 && reader.TryReadBinary(out var position) && position.Length <= SourcePosition.MaxBytes ? new SourcePosition(position) : throw JobStatus.Broken();
    }
}
