using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>
/// One log entry as bytes, the same on the wire and on disk: a header of 40 bytes, the payload, zeros up to a multiple of 8.
/// </summary>
/// <remarks>
/// Little-endian. 0: payload length (u32). 4: group (u32, zero: one group today). 8: index (i64). 16: term (i64). 24: log time in
/// nanoseconds (i64). 32: kind (u8), three zero bytes. 36: CRC32C (u32) of bytes 0 to 35 and the payload.
/// </remarks>
internal readonly record struct LogRecord(LogPosition Position, long Time, EntryKind Kind, int Length)
{
    /// <summary>The header's size in bytes.</summary>
    public const int HeaderSize = 40;

    /// <summary>Records start at multiples of this many bytes.</summary>
    public const int Alignment = 8;

    /// <summary>The largest payload, in bytes: 8 MiB.</summary>
    public const int MaxPayload = 8 * 1024 * 1024;

    /// <summary>What the core needs to know of the entry.</summary>
    public EntryShape Shape => new(Position.Term, Kind, Length);

    /// <summary>The record's size in bytes, with header and padding.</summary>
    public int Size => SizeOf(Length);

    /// <summary>The size in bytes of a record with that payload.</summary>
    public static int SizeOf(int payloadLength) => (HeaderSize + payloadLength + Alignment - 1) & ~(Alignment - 1);

    /// <summary>Writes the record and returns its size; <paramref name="destination"/> must have room for it.</summary>
    public int Write(Span<byte> destination, ReadOnlySpan<byte> payload)
    {
        Invariant.Check(payload.Length == Length, "a record's length is its payload's");
        var size = Size;
        var header = destination[..HeaderSize];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], Position.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], Position.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], Time);
        BinaryPrimitives.WriteUInt32LittleEndian(header[32..], (byte)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(header[36..], Checksum(header, payload));
        payload.CopyTo(destination[HeaderSize..]);
        destination[(HeaderSize + Length)..size].Clear();
        return size;
    }

    /// <summary>
    /// Reads the record at the start of <paramref name="source"/>. False: too short, out of range or damaged; nothing is thrown
    /// for any bytes.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out LogRecord record) =>
        TryReadHeader(source, out record)
        && Checksum(source, source.Slice(HeaderSize, record.Length)) == BinaryPrimitives.ReadUInt32LittleEndian(source[36..]);

    /// <summary>The same without the checksum, for bytes that were checked before.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> source, out LogRecord record)
    {
        record = default;
        if (source.Length < HeaderSize)
            return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(source);
        if (length > MaxPayload || BinaryPrimitives.ReadUInt32LittleEndian(source[4..]) != 0)
            return false;
        var kind = BinaryPrimitives.ReadUInt32LittleEndian(source[32..]);
        var index = BinaryPrimitives.ReadInt64LittleEndian(source[8..]);
        var term = BinaryPrimitives.ReadInt64LittleEndian(source[16..]);
        if (kind > (uint)EntryKind.Session || index < 1 || term < 1 || source.Length < SizeOf((int)length))
            return false;
        record = new(new(new(index), new(term)), BinaryPrimitives.ReadInt64LittleEndian(source[24..]), (EntryKind)kind, (int)length);
        return true;
    }

    /// <summary>The bytes behind the first <paramref name="count"/> of whole records that stand one behind the other.</summary>
    public static ReadOnlyMemory<byte> Skip(ReadOnlyMemory<byte> records, long count)
    {
        for (; count > 0; count--)
        {
            var isWhole = TryReadHeader(records.Span, out var record);
            Invariant.Check(isWhole, "records that are passed over are whole");
            records = records[record.Size..];
        }

        return records;
    }

    private static uint Checksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload) =>
        Crc32C.Append(Crc32C.Append(Crc32C.Start, header[..36]), payload) ^ Crc32C.Start;
}
