using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>
/// Where a watch stands between two pages; it says the same at every node: [entry, number, hash or nil, key]. Clients hand it back as a page told it.
/// </summary>
/// <param name="Entry">The log entry of the last change that was told.</param>
/// <param name="Number">Which of the entry's changes that was, from 0; <see cref="Whole"/> for all of them.</param>
/// <param name="Hash">How far rows were listed; null where none are being listed.</param>
/// <param name="Key">As the hash.</param>
internal readonly record struct WatchMark(long Entry, int Number, ulong? Hash, string Key)
{
    /// <summary>All changes of an entry.</summary>
    public const int Whole = int.MaxValue;

    /// <summary>Above the index of any entry, and such that the next one is a number, too.</summary>
    public const long MaxEntry = long.MaxValue - 1;

    /// <summary>Writes its four values, without a head.</summary>
    public void Write(MessagePackWriter writer)
    {
        writer.Write(Entry);
        writer.Write(Number);
        if (Hash is { } hash)
            writer.Write(hash);
        else
            writer.WriteNil();
        writer.WriteString(Key);
    }

    /// <summary>Reads the four values.</summary>
    public static bool TryRead(ref MessagePackReader reader, out WatchMark mark)
    {
        mark = default;
        if (!reader.TryReadInt64(out var entry) || entry is < 0 or > MaxEntry || !reader.TryReadInt64(out var number) || number is < 0 or > Whole)
            return false;
        ulong? hash = null;
        if (!reader.TryReadNil())
        {
            if (!reader.TryReadUInt64(out var given))
                return false;
            hash = given;
        }

        if (!reader.TryReadString(RequestMessage.MaxKeyBytes, out var key))
            return false;
        mark = new(entry, (int)number, hash, key);
        return true;
    }
}

/// <summary>
/// Where a watch goes on: [incarnation, index] behind an index, told at once where it stands, or [incarnation, entry, number, hash or nil, key] behind a page.
/// </summary>
/// <param name="Incarnation">Which life of the cluster.</param>
/// <param name="Mark">Where.</param>
/// <param name="IsNew">Whether nothing was told yet: only the entry of the mark counts.</param>
internal readonly record struct WatchFrom(uint Incarnation, WatchMark Mark, bool IsNew)
{
    /// <summary>Behind an index.</summary>
    public static WatchFrom Behind(ReadToken token) => new(token.Incarnation, new(token.Index, WatchMark.Whole, null, ""), IsNew: true);
}

/// <summary>What a watch is about, and how long to wait for something to happen: [wait in ms, filter, key or prefix, from or nil].</summary>
internal sealed record WatchTerms(ClientFilterKind Filter, string Text, long WaitMs, WatchFrom? From)
{
    /// <summary>The longest wait, in milliseconds.</summary>
    public const long MaxWaitMs = 60_000;

    /// <summary>Writes its values, without a head.</summary>
    public void Write(MessagePackWriter writer)
    {
        writer.Write(WaitMs);
        writer.Write((ulong)Filter);
        writer.WriteString(Text);
        if (From is not { } from)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(from.IsNew ? 2 : 5);
        writer.Write((ulong)from.Incarnation);
        if (from.IsNew)
            writer.Write(from.Mark.Entry);
        else
            from.Mark.Write(writer);
    }

    /// <summary>Reads the values; null and a sentence where they are none.</summary>
    public static WatchTerms? TryRead(ref MessagePackReader reader, out string? problem)
    {
        problem = null;
        if (!reader.TryReadInt64(out var wait) || wait is < 1 or > MaxWaitMs)
            problem = $"The wait is no number of milliseconds from 1 to {MaxWaitMs}.";
        else if (!reader.TryReadUInt64(out var filter) || filter > (ulong)ClientFilterKind.Prefix
            || !reader.TryReadString(RequestMessage.MaxKeyBytes, out var text) || (text.Length == 0) != (filter == (ulong)ClientFilterKind.All))
            problem = $"The filter is none of 0 and an empty string, 1 and a key, and 2 and a prefix of 1 to {RequestMessage.MaxKeyBytes} bytes of UTF-8.";
        else if (!TryReadFrom(ref reader, out var from))
            problem = "What to go on behind is none of nil, [incarnation, index] and [incarnation, and what the last page told].";
        else
            return new((ClientFilterKind)filter, text, wait, from);
        return null;
    }

    private static bool TryReadFrom(ref MessagePackReader reader, out WatchFrom? from)
    {
        from = null;
        if (reader.TryReadNil())
            return true;
        if (!reader.TryReadArrayHeader(out var count) || count is not (2 or 5) || !reader.TryReadInt64(out var incarnation) || incarnation is < 0 or > uint.MaxValue)
            return false;
        if (count == 5)
        {
            if (!WatchMark.TryRead(ref reader, out var mark))
                return false;
            from = new((uint)incarnation, mark, IsNew: false);
            return true;
        }

        if (!reader.TryReadInt64(out var index) || index is < 0 or > WatchMark.MaxEntry)
            return false;
        from = WatchFrom.Behind(new((uint)incarnation, index));
        return true;
    }
}

/// <summary>One event on its way: [kind, index, key, value, index to resume at or nil], five values in a row.</summary>
internal readonly record struct WatchItem(ClientWatchKind Kind, long Index, string Key, long Value, long? Resume);

/// <summary>What a watch is answered with: [[entry, number, hash or nil, key], [five values for each event]].</summary>
internal sealed record EventPage(WatchMark Mark, IReadOnlyList<WatchItem> Items)
{
    /// <summary>The most events of a page: more than one of <see cref="MaxBytes"/> can hold.</summary>
    public const int MaxItems = 4_096;

    /// <summary>A page ends behind so many bytes of keys and values, and one event more.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int ItemValues = 5;

    /// <summary>Writes its two values, without a head.</summary>
    public void Write(MessagePackWriter writer)
    {
        writer.WriteArrayHeader(4);
        Mark.Write(writer);
        writer.WriteArrayHeader(ItemValues * Items.Count);
        foreach (var item in Items)
        {
            writer.Write((ulong)item.Kind);
            writer.Write(item.Index);
            writer.WriteString(item.Key);
            writer.Write(item.Value);
            if (item.Resume is { } resume)
                writer.Write(resume);
            else
                writer.WriteNil();
        }
    }

    /// <summary>Reads the two values; null where they are none.</summary>
    public static EventPage? TryRead(ref MessagePackReader reader)
    {
        if (!reader.TryReadArrayHeader(out var values) || values != 4 || !WatchMark.TryRead(ref reader, out var mark))
            return null;
        if (!reader.TryReadArrayHeader(out var count) || count % ItemValues != 0 || count > ItemValues * MaxItems)
            return null;
        var items = new WatchItem[count / ItemValues];
        for (var i = 0; i < items.Length; i++)
        {
            if (!TryReadItem(ref reader, out items[i]))
                return null;
        }

        return new(mark, items);
    }

    private static bool TryReadItem(ref MessagePackReader reader, out WatchItem item)
    {
        item = default;
        if (!reader.TryReadUInt64(out var kind) || kind > (ulong)ClientWatchKind.Bytes
            || !reader.TryReadInt64(out var index) || index < 0
            || !reader.TryReadString(RequestMessage.MaxKeyBytes, out var key)
            || !reader.TryReadInt64(out var value))
            return false;
        long? resume = null;
        if (!reader.TryReadNil())
        {
            if (!reader.TryReadInt64(out var given) || given < 0)
                return false;
            resume = given;
        }

        item = new((ClientWatchKind)kind, index, key, value, resume);
        return true;
    }
}
