using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>How far the changes in a page of a watch reach.</summary>
internal enum WatchPage : byte
{
    /// <summary>There are more of them: ask again.</summary>
    Partial = 0,

    /// <summary>Up to the state that the answer is of.</summary>
    UpToDate = 1,

    /// <summary>The changes asked for are no longer, or were never, known here: only the rows as they are can help.</summary>
    OutOfReach = 2,
}

/// <summary>
/// Asks for the changes behind a place and, where all rows are being listed, for those among the rows that were listed already, and for the next rows:
/// [8, kind, key or prefix, bytes of a page, entry, number, hash or nil, key]. All of an answer is of one state.
/// </summary>
/// <remarks>
/// So the rows of a store that does not fit into one page are listed without holding it still: what was listed and has changed since stands among the changes, what was
/// not listed yet comes later as it is then. Behind the last page the two add up to the state of that page's index.
/// </remarks>
internal readonly ref struct WatchQuery(WatchFilterKind kind, ReadOnlySpan<byte> text, int pageBytes, ChangePlace seen, bool isListing, RowCursor listed)
{
    /// <summary>The largest page.</summary>
    public const int MaxPageBytes = 64 * 1024;

    /// <summary>Or behind so many bytes of changes, or slots of rows, that were looked at, so that a query stays a matter of a millisecond.</summary>
    public const int ScanLimit = 512 * 1024;

    private const int ItemBytes = 16;

    /// <summary>How a filter chooses.</summary>
    public WatchFilterKind Kind { get; } = kind;

    /// <summary>The filter's key or prefix.</summary>
    public ReadOnlySpan<byte> Text { get; } = text;

    /// <summary>A page ends behind so many bytes of keys and values, and one item more.</summary>
    public int PageBytes { get; } = pageBytes;

    /// <summary>Changes up to here are not wanted.</summary>
    public ChangePlace Seen { get; } = seen;

    /// <summary>Whether rows are being listed.</summary>
    public bool IsListing { get; } = isListing;

    /// <summary>The rows that were listed.</summary>
    public RowCursor Listed { get; } = listed;

    /// <summary>Writes the query.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(8);
        writer.Write((ulong)QueryOpcode.Watch);
        writer.Write((ulong)Kind);
        writer.WriteString(Text);
        writer.Write(PageBytes);
        writer.Write(Seen.Index.Value);
        writer.Write(Seen.Number);
        WriteCursor(writer, IsListing, Listed);
    }

    /// <summary>Reads what follows the opcode.</summary>
    public static StoreProblem TryRead(ref MessagePackReader reader, out WatchQuery query)
    {
        query = default;
        if (!reader.TryReadUInt64(out var kind) || kind > (ulong)WatchFilterKind.Prefix || !reader.TryReadStringBytes(out var text))
            return StoreProblem.Malformed;
        if (kind != (ulong)WatchFilterKind.All && !StoreLimits.IsKey(text))
            return StoreProblem.InvalidKey;
        if (!reader.TryReadInt64(out var bytes) || bytes is < 1 or > MaxPageBytes || !reader.TryReadInt64(out var index) || index < 0 || !reader.TryReadInt64(out var number) || number is < 0 or > ChangePlace.Whole)
            return StoreProblem.Malformed;
        if (!TryReadCursor(ref reader, out var isListing, out var listed) || reader.Remaining > 0)
            return StoreProblem.Malformed;
        query = new((WatchFilterKind)kind, text, (int)bytes, new(new(index), (int)number), isListing, listed);
        return StoreProblem.None;
    }

    /// <summary>
    /// Writes [problem, <see cref="WatchPage"/>, entry, number, [[entry, key, value or nil] ...], [[key, value] ...], hash or nil, key]: the changes up to the place, and
    /// rows up to the key, with nil once all are listed. The value of a key that holds bytes is true.
    /// </summary>
    public void Answer(CountTable counters, ChangeRing changes, IBufferWriter<byte> reply)
    {
        var isFirst = IsListing && Listed.Hash == 0 && Listed.Key.IsEmpty;
        var page = isFirst ? WatchPage.UpToDate : WatchPage.OutOfReach;
        var (found, rows) = (new Items(), new Items());
        var mark = Seen;
        if (!isFirst && Seen >= changes.Floor)
            (page, mark) = ReadChanges(changes, found);
        var hasMore = IsListing;
        var upTo = Listed;
        if (IsListing && page == WatchPage.UpToDate)
            hasMore = !ReadRows(counters, found.Bytes, rows, out upTo);
        var writer = ReplyCode.Begin(reply, StoreProblem.None, 8);
        writer.Write((ulong)page);
        writer.Write(mark.Index.Value);
        writer.Write(mark.Number);
        found.CopyTo(writer, reply);
        rows.CopyTo(writer, reply);
        WriteCursor(writer, hasMore, upTo);
    }

    /// <summary>Writes how far rows were listed; nil where none are being listed.</summary>
    private static void WriteCursor(MessagePackWriter writer, bool isListing, RowCursor listed)
    {
        if (isListing)
            writer.Write(listed.Hash);
        else
            writer.WriteNil();
        writer.WriteString(listed.Key);
    }

    /// <summary>Reads how far rows were listed.</summary>
    public static bool TryReadCursor(ref MessagePackReader reader, out bool isListing, out RowCursor listed)
    {
        isListing = !reader.TryReadNil();
        listed = default;
        var hash = 0UL;
        if (isListing && !reader.TryReadUInt64(out hash))
            return false;
        if (!reader.TryReadStringBytes(out var key) || key.Length > StoreLimits.MaxKeyBytes)
            return false;
        listed = new(hash, key);
        return true;
    }

    private (WatchPage Page, ChangePlace Mark) ReadChanges(ChangeRing changes, Items found)
    {
        var reader = changes.ReadBehind(Seen);
        while (found.Bytes < PageBytes && reader.Scanned < ScanLimit)
        {
            if (!reader.TryRead(out var change))
                return (WatchPage.UpToDate, reader.Mark);
            if (!WatchFilter.Matches(Kind, Text, change.Key) || (IsListing && !Listed.Covers(change.Key)))
                continue;
            var writer = found.Next(3, change.Key.Length + ItemBytes);
            writer.Write(change.Place.Index.Value);
            writer.WriteString(change.Key);
            if (change.Value is { } value)
                writer.Write(value);
            else if (change.HoldsBytes)
                writer.Write(true);
            else
                writer.WriteNil();
        }

        return (WatchPage.Partial, reader.Mark);
    }

    /// <summary>Lists rows until the page is full; whether all are listed now.</summary>
    private bool ReadRows(CountTable counters, int used, Items rows, out RowCursor listed)
    {
        listed = default;
        if (Kind == WatchFilterKind.Key)
        {
            var number = counters.Find(Text);
            if (number >= 0)
                WriteRow(rows, Text, counters, number);
            return true;
        }

        var walk = new RowWalk(counters, Listed);
        while (!walk.IsComplete && used + rows.Bytes < PageBytes && walk.Scanned < ScanLimit / sizeof(ulong))
        {
            if (walk.TryNext(out var number) && WatchFilter.Matches(Kind, Text, counters.KeyAt(number)))
                WriteRow(rows, counters.KeyAt(number), counters, number);
        }

        listed = walk.IsComplete ? default : walk.Cursor;
        return walk.IsComplete;
    }

    private static void WriteRow(Items rows, ReadOnlySpan<byte> key, CountTable counters, int number)
    {
        var writer = rows.Next(2, key.Length + ItemBytes);
        writer.WriteString(key);
        if (counters.HoldsBytes(number))
            writer.Write(true);
        else
            writer.Write(counters.ValueAt(number));
    }

    /// <summary>Items of a list whose length is known only at its end.</summary>
    private sealed class Items
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();
        private int _count;

        /// <summary>Bytes of all items, about.</summary>
        public int Bytes { get; private set; }

        public MessagePackWriter Next(int fields, int size)
        {
            _count++;
            Bytes += size;
            var writer = new MessagePackWriter(_bytes);
            writer.WriteArrayHeader(fields);
            return writer;
        }

        public void CopyTo(MessagePackWriter writer, IBufferWriter<byte> output)
        {
            writer.WriteArrayHeader(_count);
            output.Write(_bytes.WrittenSpan);
        }
    }
}
