using System.Buffers.Binary;
using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The hash that places keys in the table and that state hashes are made of. Part of the snapshot format: the same on every replica,
/// machine and release, which is why neither <see cref="string.GetHashCode()"/> nor a per-process seed will do.
/// </summary>
/// <remarks>
/// The seed is public, so someone who may write keys can choose many with equal hashes and slow the table down to a walk; the store
/// trusts those who may write to it that far.
/// </remarks>
internal static class KeyHash
{
    private const ulong Seed = 0x9E37_79B9_7F4A_7C15;
    private const ulong Multiplier = 0xD6E8_FEB8_6659_FD93;

    /// <summary>The hash of a key's bytes. Each step is a bijection of the state, so keys of up to eight bytes and equal length never collide.</summary>
    public static ulong Of(ReadOnlySpan<byte> key)
    {
        var state = Seed ^ ((ulong)key.Length * Multiplier);
        while (key.Length >= sizeof(ulong))
        {
            state = Step(state, BinaryPrimitives.ReadUInt64LittleEndian(key));
            key = key[sizeof(ulong)..];
        }

        if (!key.IsEmpty)
            state = Step(state, Tail(key));
        return Mix(state);
    }

    /// <summary>The hash of a name's UTF-8 bytes.</summary>
    public static ulong Of(string name)
    {
        Span<byte> bytes = stackalloc byte[512];
        return Encoding.UTF8.TryGetBytes(name, bytes, out var size) ? Of(bytes[..size]) : Of(Encoding.UTF8.GetBytes(name));
    }

    /// <summary>Scatters 64 bits; a bijection (the finalizer of MurmurHash3).</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xFF51_AFD7_ED55_8CCD;
        value = (value ^ (value >> 33)) * 0xC4CE_B9FE_1A85_EC53;
        return value ^ (value >> 33);
    }

    /// <summary>The hash of a sequence so far, and one value more: order matters.</summary>
    public static ulong Combine(ulong state, ulong value) => Mix(Step(state, value));

    private static ulong Step(ulong state, ulong value)
    {
        state = (state ^ value) * Multiplier;
        return state ^ (state >> 32);
    }

    private static ulong Tail(ReadOnlySpan<byte> key) => key.Length switch
    {
        >= 4 => BinaryPrimitives.ReadUInt32LittleEndian(key) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(key[^4..]) << 32),
        >= 2 => BinaryPrimitives.ReadUInt16LittleEndian(key) | ((ulong)key[^1] << 16),
        _ => key[0],
    };
}
