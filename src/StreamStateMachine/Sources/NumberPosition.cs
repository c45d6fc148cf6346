using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The position of a source whose records have numbers: how many were read, as a MessagePack integer.</summary>
internal static class NumberPosition
{
    /// <summary>As the position that goes into the log; no record read is the start.</summary>
    public static SourcePosition Of(long records)
    {
        if (records == 0)
            return default;
        var buffer = new ArrayBufferWriter<byte>(9);
        new MessagePackWriter(buffer).Write(records);
        return new(buffer.WrittenSpan);
    }

    /// <summary>Reads a position that such a source gave out.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static long Read(SourcePosition position)
    {
        if (position.IsStart)
            return 0;
        var reader = new MessagePackReader(position.Bytes.Span);
        if (reader.TryReadInt64(out var records) && records > 0 && reader.Remaining == 0)
            return records;
        throw new ArgumentException($"The position {position} is none of a source of numbered records: give one that this source gave out, or the start.", nameof(position));
    }
}
