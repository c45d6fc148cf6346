using System.Buffers.Binary;

namespace RaftStream.Raft;

/// <summary>A command under an idempotency key: the payload of an entry of kind <see cref="EntryKind.Session"/>.</summary>
/// <remarks>Little-endian. 0: operation (u8), <see cref="Operation"/>. 1: zeros (7). 8: digest of the key (u128). 24: the bytes for the state machine, to the end.</remarks>
internal readonly record struct KeyedEntry(IdempotencyKey Key)
{
    /// <summary>The first byte, behind those of <see cref="SessionOperation"/> and <see cref="OutboxEntry"/>.</summary>
    public const byte Operation = 5;

    /// <summary>Where the command's own bytes begin.</summary>
    public const int HeaderSize = 24;

    /// <summary>The entry for a command.</summary>
    /// <exception cref="ArgumentException">The key was made of no text.</exception>
    public byte[] ToBytes(ReadOnlySpan<byte> command)
    {
        if (Key == default)
            throw new ArgumentException("The key was made of no text: all who forget it would share it. Make it of one.");
        var bytes = new byte[HeaderSize + command.Length];
        bytes[0] = Operation;
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(8), Key.Digest);
        command.CopyTo(bytes.AsSpan(HeaderSize));
        return bytes;
    }

    /// <summary>Reads a payload. False: it is none; nothing is thrown for any bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out KeyedEntry entry)
    {
        entry = default;
        if (payload.Length < HeaderSize || BinaryPrimitives.ReadUInt64LittleEndian(payload) != Operation)
            return false;
        entry = new(new IdempotencyKey(BinaryPrimitives.ReadUInt128LittleEndian(payload[8..])));
        return true;
    }
}
