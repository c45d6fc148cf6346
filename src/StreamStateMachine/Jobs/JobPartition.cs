using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Where one partition of a source stands.</summary>
/// <param name="Epoch">How often a reader opened it: the newest reader's epoch.</param>
/// <param name="Position">Behind which record the next is read.</param>
/// <param name="Watermark">No record of a time up to it is to come; <see cref="long.MinValue"/> at first, <see cref="long.MaxValue"/> at the end of the source.</param>
/// <param name="IsIdle">Whether it holds back no watermark, because nothing came for long.</param>
/// <param name="LastLogTime">The log time in nanoseconds at which it moved last.</param>
/// <param name="Records">How many records of it were taken in by commands.</param>
/// <param name="Holder">The node that has the lease of reading it; 0: none.</param>
internal sealed record JobPartition(long Epoch, SourcePosition Position, long Watermark, bool IsIdle, long LastLogTime, long Records, int Holder)
{
    private const int Fields = 7;

    public static JobPartition New(long logTime) => new(0, default, long.MinValue, false, logTime, 0, 0);

    public static JobPartition Read(ReadOnlySpan<byte> stored)
    {
        var reader = new MessagePackReader(stored);
        if (!reader.TryReadArrayHeader(out var count) || count != Fields || !reader.TryReadInt64(out var epoch) || !reader.TryReadBinary(out var position)
            || !reader.TryReadInt64(out var watermark) || !reader.TryReadBoolean(out var isIdle) || !reader.TryReadInt64(out var last) || !reader.TryReadInt64(out var records) || !reader.TryReadInt64(out var holder))
            throw new InvalidDataException("The position of a partition cannot be read: the state is that of another release.");
        return new(epoch, new(position.ToArray()), watermark, isIdle, last, records, (int)holder);
    }

    public void Write(IBufferWriter<byte> output)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(Fields);
        writer.Write(Epoch);
        writer.WriteBinary(Position.Bytes.Span);
        writer.Write(Watermark);
        writer.Write(IsIdle);
        writer.Write(LastLogTime);
        writer.Write(Records);
        writer.Write((long)Holder);
    }
}
