using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>
/// The record of term and vote, which shares batches with entries so that the order of votes and appends on disk is the order in
/// which they were made.
/// </summary>
/// <remarks>
/// Little-endian, 32 bytes. 0: marker 0xFFFFFFFF (u32), where an entry has a length of at most 8 MiB. 4: group (u32, zero). 8: term
/// (i64). 16: vote (u32). 20: zeros. 28: CRC32C (u32) of bytes 0 to 27.
/// </remarks>
internal static class HardStateRecord
{
    /// <summary>The record's size in bytes.</summary>
    public const int Size = 32;

    /// <summary>The first four bytes, which no entry can have.</summary>
    public const uint Marker = 0xFFFF_FFFF;

    private const int ChecksumOffset = 28;

    /// <summary>Writes the record.</summary>
    public static void Write(Span<byte> destination, HardState state)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Marker);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], state.Term.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[16..], (uint)state.Vote.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[ChecksumOffset..], Crc32C.Of(destination[..ChecksumOffset]));
    }

    /// <summary>Reads a record. False: too short, out of range or damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out HardState state)
    {
        state = default;
        if (source.Length < Size
            || BinaryPrimitives.ReadUInt32LittleEndian(source) != Marker
            || BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]) != Crc32C.Of(source[..ChecksumOffset]))
            return false;
        var term = BinaryPrimitives.ReadInt64LittleEndian(source[8..]);
        var vote = BinaryPrimitives.ReadUInt32LittleEndian(source[16..]);
        if (term < 0 || vote > NodeId.MaxValue)
            return false;
        state = new(new(term), new((int)vote));
        return true;
    }
}

/// <summary>Walks the records of a batch from the first to the last.</summary>
internal ref struct BatchCursor(ReadOnlySpan<byte> body)
{
    private readonly ReadOnlySpan<byte> _body = body;
    private int _next;

    /// <summary>Where the record under the cursor starts in the body.</summary>
    public int Offset { get; private set; }

    /// <summary>The record under the cursor, where it is an entry.</summary>
    public LogRecord Entry { get; private set; }

    /// <summary>The record under the cursor, where it is a term and a vote.</summary>
    public HardState HardState { get; private set; }

    /// <summary>Whether the record under the cursor is a term and a vote.</summary>
    public bool IsHardState { get; private set; }

    /// <summary>Whether the walk ended at something that is no record.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Goes to the next record. False: at the end, or <see cref="IsDamaged"/>.</summary>
    public bool MoveNext()
    {
        Offset = _next;
        var rest = _body[_next..];
        if (rest.IsEmpty)
            return false;
        IsHardState = rest.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(rest) == HardStateRecord.Marker;
        if (IsHardState && HardStateRecord.TryRead(rest, out var state))
        {
            HardState = state;
            _next += HardStateRecord.Size;
            return true;
        }

        if (!IsHardState && LogRecord.TryRead(rest, out var entry))
        {
            Entry = entry;
            _next += entry.Size;
            return true;
        }

        IsDamaged = true;
        return false;
    }
}
