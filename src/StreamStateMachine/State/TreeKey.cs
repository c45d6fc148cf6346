using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>A piece of a key that fits a register.</summary>
internal static class TreeKey
{
    /// <summary>
    /// Four bytes of a key from an offset on, with zeros behind its end: of keys that are equal up to there, one with a smaller start is smaller. Equal starts decide nothing.
    /// </summary>
    public static uint Start(ReadOnlySpan<byte> key, int offset)
    {
        var rest = key[offset..];
        if (rest.Length >= sizeof(uint))
            return BinaryPrimitives.ReadUInt32BigEndian(rest);
        var start = 0U;
        for (var i = 0; i < rest.Length; i++)
            start |= (uint)rest[i] << (24 - (8 * i));
        return start;
    }
}
