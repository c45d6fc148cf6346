using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// The records of the newest entries, so that sending and applying seldom read the disk. Holds a contiguous run that ends at the
/// log's last entry; bounded in bytes, but never drops what is not on disk yet. Owned by the consensus agent.
/// </summary>
/// <remarks>Kept true: an entry here is byte for byte the entry of the log at its index; a truncation of the log truncates here first.</remarks>
internal sealed class EntryCache(long maxBytes)
{
    private ReadOnlyMemory<byte>[] _ring = new ReadOnlyMemory<byte>[256];
    private int _start;
    private int _count;
    private long _bytes;

    /// <summary>The first index held; one behind the last while nothing is held.</summary>
    public LogIndex First { get; private set; } = new(1);

    /// <summary>The last index held.</summary>
    public LogIndex Last => First + (_count - 1);

    /// <summary>How many bytes are held.</summary>
    public long Bytes => _bytes;

    /// <summary>Forgets everything; the next entry is <paramref name="next"/>.</summary>
    public void Reset(LogIndex next)
    {
        DropFirst(_count);
        First = next;
    }

    /// <summary>Adds concatenated records that begin at <paramref name="first"/>; what is held from there on is replaced.</summary>
    public void Add(LogIndex first, int count, ReadOnlyMemory<byte> records)
    {
        TruncateFrom(first);
        Invariant.Check(first == Last.Next, "the cache has no gap");
        for (var i = 0; i < count; i++)
        {
            var read = LogRecord.TryReadHeader(records.Span, out var record);
            Invariant.Check(read && record.Position.Index == first + i, "a cached record is the log's entry");
            if (_count == _ring.Length)
                Grow();
            _ring[(_start + _count++) & (_ring.Length - 1)] = records[..record.Size];
            _bytes += record.Size;
            records = records[record.Size..];
        }
    }

    /// <summary>Drops the oldest entries beyond the bound, as far as they are on disk.</summary>
    public void Trim(LogIndex durable)
    {
        while (_count > 0 && _bytes > maxBytes && First <= durable)
            DropFirst(1);
    }

    /// <summary>Whether the entry at an index is held.</summary>
    public bool Holds(LogIndex index) => index >= First && index <= Last;

    /// <summary>The record of an entry that is held.</summary>
    public ReadOnlyMemory<byte> RecordAt(LogIndex index)
    {
        Invariant.Check(Holds(index), "a cached entry is asked for within the cache");
        return _ring[(_start + (int)(index - First)) & (_ring.Length - 1)];
    }

    private void TruncateFrom(LogIndex index)
    {
        if (index < First)
        {
            Reset(index);
            return;
        }

        while (Last >= index)
        {
            ref var last = ref _ring[(_start + --_count) & (_ring.Length - 1)];
            _bytes -= last.Length;
            last = default;
        }
    }

    private void DropFirst(int count)
    {
        for (; count > 0; count--)
        {
            ref var first = ref _ring[_start];
            _bytes -= first.Length;
            first = default;
            _start = (_start + 1) & (_ring.Length - 1);
            _count--;
            First = First.Next;
        }
    }

    private void Grow()
    {
        var larger = new ReadOnlyMemory<byte>[_ring.Length * 2];
        for (var i = 0; i < _count; i++)
            larger[i] = _ring[(_start + i) & (_ring.Length - 1)];
        _ring = larger;
        _start = 0;
    }
}
