using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>Where a producer that hands records in stands: behind the record of a sequence, whose first is 1.</summary>
internal static class ProducerPosition
{
    /// <summary>The position behind a sequence; the start for 0.</summary>
    public static SourcePosition Behind(long sequence)
    {
        if (sequence == 0)
            return default;
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, sequence);
        return new(bytes);
    }

    /// <summary>The sequence of a position; null where it is none of a producer's.</summary>
    public static long? SequenceOf(SourcePosition position) => position.Bytes.Length switch
    {
        0 => 0,
        sizeof(long) => BinaryPrimitives.ReadInt64BigEndian(position.Bytes.Span),
        _ => null,
    };
}
