using System.Buffers.Binary;
using RaftStream.Raft.Log;

namespace RaftStream.Hosting.Http;

/// <summary>
/// How nodes protect what they pass on to each other: TCP's own sum is 16 bits wide and ends at each box on the way. A stream goes as frames of a length, a
/// CRC-32C (RFC 3720) and up to <see cref="MaxBytes"/> bytes, both numbers little-endian in four bytes; an empty frame ends it. The sum also covers the length and the
/// frame's number, so that none can be missing, cut or out of its place.
/// </summary>
internal static class CheckedFrames
{
    /// <summary>The bytes before a frame's own.</summary>
    public const int HeaderBytes = 8;

    /// <summary>The most bytes in a frame.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The sum of the frame of that number, from 0.</summary>
    public static uint Sum(uint number, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(head, number);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], (uint)bytes.Length);
        return Crc32C.Append(Crc32C.Append(Crc32C.Start, head), bytes) ^ Crc32C.Start;
    }
}

/// <summary>What came is not what was sent, or not all of it.</summary>
internal sealed class SpoiltException(Exception? cause = null) : IOException("What another node passed on was spoilt or cut off on the way.", cause);
