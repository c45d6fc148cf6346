using System.Buffers.Binary;

namespace RaftStream.Raft;

/// <summary>Where a command stands in the outbox of its node, the one name that it has for all time.</summary>
/// <param name="Start">The number of the outbox's epoch: each start of the node's process begins a new one, from 1.</param>
/// <param name="Epoch">A random number of that epoch, which tells two apart that were given one number, as after a disk was put back to an older copy.</param>
/// <param name="Sequence">The command's number in its epoch, from 1, without gaps.</param>
public readonly record struct OutboxPlace(long Start, UInt128 Epoch, long Sequence);

/// <summary>A command on its way from a node's outbox into the log: the payload of an entry of kind <see cref="EntryKind.Session"/>.</summary>
/// <remarks>
/// Little-endian. 0: operation (u8), <see cref="Operation"/>. 1: zeros (7). 8: node (i64). 16: start (i64). 24: epoch (u128). 40: sequence (i64). 48: the bytes for the
/// state machine, to the end.
/// </remarks>
internal readonly record struct OutboxEntry(NodeId Node, OutboxPlace Place)
{
    /// <summary>The first byte, behind those of <see cref="SessionOperation"/>.</summary>
    public const byte Operation = 4;

    /// <summary>Where the command's own bytes begin.</summary>
    public const int HeaderSize = 48;

    /// <summary>The largest command that an outbox takes, in bytes.</summary>
    public const int MaxCommandBytes = 64 * 1024;

    /// <summary>The entry for a command.</summary>
    public byte[] ToBytes(ReadOnlySpan<byte> command)
    {
        var bytes = new byte[HeaderSize + command.Length];
        bytes[0] = Operation;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), Node.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Place.Start);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(24), Place.Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), Place.Sequence);
        command.CopyTo(bytes.AsSpan(HeaderSize));
        return bytes;
    }

    /// <summary>Reads a payload. False: it is none, or out of range; nothing is thrown for any bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out OutboxEntry entry)
    {
        entry = default;
        if (payload.Length is < HeaderSize or > HeaderSize + MaxCommandBytes || BinaryPrimitives.ReadUInt64LittleEndian(payload) != Operation)
            return false;
        var node = BinaryPrimitives.ReadInt64LittleEndian(payload[8..]);
        var place = new OutboxPlace(
            BinaryPrimitives.ReadInt64LittleEndian(payload[16..]), BinaryPrimitives.ReadUInt128LittleEndian(payload[24..]), BinaryPrimitives.ReadInt64LittleEndian(payload[40..]));
        if (node is < 1 or > NodeId.MaxValue || place.Start < 1 || place.Sequence < 1)
            return false;
        entry = new(new((int)node), place);
        return true;
    }
}
