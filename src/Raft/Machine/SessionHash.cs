using System.Buffers.Binary;

namespace RaftStream.Raft;

/// <summary>
/// 64-bit hashes of sessions and replies. The table's hash is their sum, so that it is kept up to date one part at a time and does not
/// depend on how the state came about. Against accidents, not against people.
/// </summary>
internal static class SessionHash
{
    /// <summary>Mixes a number into a hash.</summary>
    public static ulong Add(ulong hash, long value)
    {
        var high = Math.BigMul(hash ^ (ulong)value ^ 0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93, out var low);
        return (high ^ low) + 0xA076_1D64_78BD_642F;
    }

    /// <summary>Mixes bytes into a hash; mix their number in before.</summary>
    public static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(long); bytes = bytes[sizeof(long)..])
            hash = Add(hash, BinaryPrimitives.ReadInt64LittleEndian(bytes));
        var rest = 0L;
        foreach (var value in bytes)
            rest = (rest << 8) | value;
        return bytes.IsEmpty ? hash : Add(hash, rest);
    }
}
