using System.Buffers.Binary;
using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// Changes frames: bits, whole fields, ends, splices. Then, most of the time, mends what would keep the core from seeing the change: the
/// checksums and the numbers of records. Owned by one sender.
/// </summary>
internal sealed class Mutator(Random random)
{
    private const int CountOffset = 8;
    private const int TermOffset = 16;
    private const long FarTerm = 1L << 30;
    private const int PositionOffset = 24;
    private const int MatchOffset = 48;
    private const int RecordChecksumOffset = 36;

    private static readonly long[] Telling =
    [
        0, 1, -1, 2, long.MaxValue, long.MinValue, long.MaxValue - 1, 1L << 62, (1L << 62) - 1, 1L << 32, uint.MaxValue, int.MaxValue, int.MinValue, 4096, 4097, LogRecord.MaxPayload,
    ];

    /// <summary>A changed copy; <paramref name="other"/> is for splices.</summary>
    public byte[] Change(byte[] frame, byte[] other)
    {
        var changed = (byte[])frame.Clone();
        for (var times = random.Next(1, 4); times > 0 && changed.Length >= Frame.HeadSize; times--)
            changed = Once(changed, other);
        if (changed.Length < Frame.HeadSize)
            changed = new byte[Frame.HeadSize];
        if (changed[0] == (byte)PeerFrameType.Message && changed.Length >= PeerFrame.MessageSize)
            Mend(changed, frame.Length >= PeerFrame.MessageSize ? BinaryPrimitives.ReadInt64LittleEndian(frame.AsSpan(TermOffset)) : 1);
        else if (changed[0] == (byte)PeerFrameType.Forward && changed.Length > PeerFrame.ForwardHeaderSize + OutboxEntry.HeaderSize && random.Next(8) != 0)
            MendEntry(changed.AsSpan(PeerFrame.ForwardHeaderSize));
        return changed;
    }

    private static bool IsForward(ReadOnlySpan<byte> frame) => PeerFrame.IsForward(frame) && frame.Length >= PeerFrame.ForwardHeaderSize + OutboxEntry.HeaderSize;

    /// <summary>Makes it an entry of an outbox again, whatever its place and command have become: any other is dropped before it is looked at.</summary>
    private static void MendEntry(Span<byte> entry)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(entry, OutboxEntry.Operation);
        if (BinaryPrimitives.ReadInt64LittleEndian(entry[8..]) is < 1 or > NodeId.MaxValue)
            BinaryPrimitives.WriteInt64LittleEndian(entry[8..], FuzzNode.Self.Value + 1);
    }

    private byte[] Once(byte[] frame, byte[] other)
    {
        var span = frame.AsSpan();
        switch (random.Next(9))
        {
            case 0:
                span[random.Next(span.Length)] ^= (byte)(1 << random.Next(8));
                return frame;
            case 1:
                span[random.Next(span.Length)] = (byte)random.Next(256);
                return frame;
            case 2 when IsForward(span):
                BinaryPrimitives.WriteInt64LittleEndian(span[(PeerFrame.ForwardHeaderSize + (8 * random.Next(1, 6)))..], Telling[random.Next(Telling.Length)]);
                return frame;
            case 2 when span.Length >= PeerFrame.MessageSize:
                BinaryPrimitives.WriteInt64LittleEndian(span[(8 * random.Next(1, 8))..], Telling[random.Next(Telling.Length)]);
                return frame;
            case 3 when IsForward(span) || span.Length >= PeerFrame.MessageSize:
                var field = IsForward(span) ? span[(PeerFrame.ForwardHeaderSize + (8 * random.Next(1, 6)))..] : span[(8 * random.Next(1, 8))..];
                BinaryPrimitives.WriteInt64LittleEndian(field, BinaryPrimitives.ReadInt64LittleEndian(field) + random.Next(-2, 3));
                return frame;
            case 4:
                return frame[..random.Next(span.Length + 1)];
            case 5:
                var tail = new byte[random.Next(1, 80)];
                random.NextBytes(tail);
                return [.. frame, .. tail];
            case 6:
                return [.. frame[..random.Next(span.Length + 1)], .. other[random.Next(other.Length + 1)..]];
            case 7:
                span[0] = (byte)random.Next(0, 7);
                return frame;
            default:
                span[Math.Min(4, span.Length - 1)] = (byte)random.Next(0, 10);
                return frame;
        }
    }

    /// <summary>
    /// Makes the message whole again, nearly always: the count is that of the records, the records follow each other from the position on, and
    /// their checksums are right. And it keeps the changes from ending every run at once: what the leader says to know of the node's log is
    /// mostly put to zero, since a node that is told of entries it lost rightly falls silent; and a term that would use up all terms is
    /// mostly put back.
    /// </summary>
    private void Mend(Span<byte> frame, long term)
    {
        if (BinaryPrimitives.ReadInt64LittleEndian(frame[TermOffset..]) > FarTerm && random.Next(5000) != 0)
            BinaryPrimitives.WriteInt64LittleEndian(frame[TermOffset..], term);
        if (random.Next(50_000) != 0)
            BinaryPrimitives.WriteInt64LittleEndian(frame[MatchOffset..], 0);
        if (random.Next(8) == 0)
            return;
        var index = BinaryPrimitives.ReadInt64LittleEndian(frame[PositionOffset..]);
        var records = frame[PeerFrame.MessageSize..];
        var count = 0;
        while (records.Length >= LogRecord.HeaderSize)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(records);
            if (length > records.Length || LogRecord.SizeOf((int)length) > records.Length)
                break;
            index = unchecked(index + 1);
            BinaryPrimitives.WriteInt64LittleEndian(records[8..], index);
            var checksum = Crc32C.Append(Crc32C.Append(Crc32C.Start, records[..RecordChecksumOffset]), records.Slice(LogRecord.HeaderSize, (int)length)) ^ Crc32C.Start;
            BinaryPrimitives.WriteUInt32LittleEndian(records[RecordChecksumOffset..], checksum);
            records = records[LogRecord.SizeOf((int)length)..];
            count++;
        }

        if (random.Next(8) != 0)
            BinaryPrimitives.WriteInt64LittleEndian(frame[CountOffset..], count);
    }
}
