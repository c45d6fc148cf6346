using System.Buffers;
using System.Text;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// What one watch knows: asks a replica for the next page and makes events of it. Needs neither a thread nor a clock; whoever drives it waits for the answers.
/// </summary>
/// <remarks>
/// Kept true: <see cref="Resume"/> is an index behind which nothing was told and up to which everything was; it goes on with the last change of an entry, never within.
/// </remarks>
/// <param name="filter">Which counters.</param>
/// <param name="from">All changes up to here were seen; null for the state as it is, and all changes behind it.</param>
/// <param name="pageBytes">How much is asked for at a time.</param>
internal sealed class Watcher(WatchFilter filter, LogIndex? from, int pageBytes = WatchQuery.MaxPageBytes)
{
    private ChangePlace _seen = ChangePlace.Behind(from ?? LogIndex.Zero);
    private (ulong Hash, byte[] Key)? _listed;
    private bool _isBegun = from is not null;

    /// <summary>Where another watch would go on; null where it would have to begin anew.</summary>
    public LogIndex? Resume { get; private set; } = from;

    /// <summary>The replica must have applied this before it answers.</summary>
    public LogIndex AtLeast { get; private set; } = from ?? LogIndex.Zero;

    /// <summary>Whether no replica has answered it yet.</summary>
    public bool IsNew { get; private set; } = true;

    /// <summary>Where it stands.</summary>
    public WatchPlace Place => new(_seen, _listed?.Hash, _listed is { } listed ? Encoding.UTF8.GetString(listed.Key) : "");

    /// <summary>Whether everything that the replica had was told.</summary>
    public bool IsUpToDate { get; private set; }

    /// <summary>What the watch would tell where there is nothing to tell.</summary>
    public WatchEvent Progress => new(WatchEventKind.Progress, _seen.Index, "", 0, Resume);

    /// <summary>A watch that goes on where another one stood, of this node or of another.</summary>
    /// <remarks>[safety] A replica that has not come to the place would take its own state for what follows it, and tell a part of it again: hence <see cref="AtLeast"/>.</remarks>
    public static Watcher GoingOn(WatchFilter filter, WatchPlace place, int pageBytes)
    {
        var (seen, isListing) = (place.Seen, place.Hash is not null);
        var isWhole = seen.Number == ChangePlace.Whole;
        return new(filter, seen.Index, pageBytes)
        {
            _seen = seen,
            _listed = place.Hash is { } hash ? (hash, Encoding.UTF8.GetBytes(place.Key)) : null,
            IsNew = false,
            Resume = isListing ? null : isWhole || seen.Index == LogIndex.Zero ? seen.Index : seen.Index.Previous,
            AtLeast = isWhole && !isListing ? seen.Index.Next : seen.Index,
        };
    }

    /// <summary>The next question.</summary>
    public ReadOnlyMemory<byte> NextQuery(List<WatchEvent> events)
    {
        if (!_isBegun)
            Reset(events);
        var query = new ArrayBufferWriter<byte>();
        var listed = _listed ?? (0, []);
        new WatchQuery(filter.Kind, filter.Text, pageBytes, _seen, _listed is not null, new(listed.Hash, listed.Key)).Write(query);
        return query.WrittenMemory;
    }

    /// <summary>Makes events of an answer of a replica whose state is that of <paramref name="applied"/>.</summary>
    public void Take(LogIndex applied, ReadOnlySpan<byte> reply, List<WatchEvent> events)
    {
        var reader = new MessagePackReader(reply);
        if (!ReplyCode.TryBegin(ref reader, 8, out _, out var declined) || declined
            || !reader.TryReadUInt64(out var page) || !reader.TryReadInt64(out var index) || !reader.TryReadInt64(out var number))
            throw Answers.Foreign();
        IsNew = false;
        if (page == (ulong)WatchPage.OutOfReach)
        {
            Reset(events);
            return;
        }

        var mark = page == (ulong)WatchPage.UpToDate ? ChangePlace.Behind(applied) : new ChangePlace(new(index), (int)number);
        ReadChanges(ref reader, mark, events);
        ReadRows(ref reader, applied, events);
        if (!WatchQuery.TryReadCursor(ref reader, out var isListing, out var listed))
            throw Answers.Foreign();
        var wasListing = _listed is not null;
        _seen = mark;
        _listed = isListing ? (listed.Hash, listed.Key.ToArray()) : null;
        IsUpToDate = page == (ulong)WatchPage.UpToDate && !isListing;
        if (!isListing && mark.Number == ChangePlace.Whole)
            Resume = mark.Index;
        AtLeast = IsUpToDate ? applied.Next : applied;
        if (wasListing && !isListing)
            events.Add(Progress);
    }

    private void Reset(List<WatchEvent> events)
    {
        (_isBegun, _listed, Resume, IsUpToDate) = (true, (0, []), null, false);
        events.Add(new(WatchEventKind.Reset, LogIndex.Zero, "", 0, null));
    }

    private void ReadChanges(ref MessagePackReader reader, ChangePlace mark, List<WatchEvent> events)
    {
        if (!reader.TryReadArrayHeader(out var count))
            throw Answers.Foreign();
        var first = events.Count;
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadArrayHeader(out var fields) || fields != 3 || !reader.TryReadInt64(out var index) || !reader.TryReadStringBytes(out var key))
                throw Answers.Foreign();
            if (!TryReadValue(ref reader, WatchEventKind.Changed, out var kind, out var value))
                throw Answers.Foreign();
            events.Add(new(kind, new(index), Encoding.UTF8.GetString(key), value, null));
        }

        if (_listed is not null)
            return;
        for (var i = first; i < events.Count; i++)
        {
            var change = events[i];
            var isLast = i + 1 < events.Count ? events[i + 1].Index > change.Index : mark >= ChangePlace.Behind(change.Index);

            // In the middle of an entry all of it will be told again, and nothing of those before it.
            Resume = isLast ? change.Index : new(change.Index.Value - 1);
            events[i] = change with { Resume = Resume };
        }
    }

    private static void ReadRows(ref MessagePackReader reader, LogIndex applied, List<WatchEvent> events)
    {
        if (!reader.TryReadArrayHeader(out var count))
            throw Answers.Foreign();
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadArrayHeader(out var fields) || fields != 2 || !reader.TryReadString(StoreLimits.MaxKeyBytes, out var key)
                || !TryReadValue(ref reader, WatchEventKind.Row, out var kind, out var value))
                throw Answers.Foreign();
            events.Add(new(kind, applied, key, value, null));
        }
    }

    /// <summary>Reads an integer, nil for a key that was deleted, or true for one that holds bytes.</summary>
    private static bool TryReadValue(ref MessagePackReader reader, WatchEventKind ofInteger, out WatchEventKind kind, out long value)
    {
        (kind, value) = (ofInteger, 0);
        if (reader.TryReadNil())
            kind = WatchEventKind.Deleted;
        else if (reader.TryReadBoolean(out _))
            kind = WatchEventKind.Bytes;
        else
            return reader.TryReadInt64(out value);
        return true;
    }
}
