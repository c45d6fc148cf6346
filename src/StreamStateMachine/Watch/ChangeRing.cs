using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>One change of a key.</summary>
internal readonly ref struct CounterChange(ChangePlace place, ReadOnlySpan<byte> key, long? value, bool holdsBytes)
{
    /// <summary>Where in the log it was made.</summary>
    public ChangePlace Place { get; } = place;

    /// <summary>The key's bytes, good until the ring is written.</summary>
    public ReadOnlySpan<byte> Key { get; } = key;

    /// <summary>The value afterwards; null where the key was deleted or holds bytes.</summary>
    public long? Value { get; } = value;

    /// <summary>Whether the key holds bytes afterwards, which are not kept.</summary>
    public bool HoldsBytes { get; } = holdsBytes;
}

/// <summary>
/// The newest changes of counters, in the order of the log, in so many bytes: what a watch reads. Owned by the <see cref="CountingStore"/> that feeds it. No part of
/// what is replicated: replicas keep more or less of it, and one that restored a snapshot nothing from before.
/// </summary>
/// <remarks>
/// Kept true: every change behind <see cref="Floor"/> is here. So whoever has seen all up to some place at or behind the floor can go on from here without a gap, and
/// nobody else can.
/// <para>
/// Chunks of 8 KiB are made as they are needed and the oldest is used again once there are as many as the bound allows: a warm ring allocates nothing. A record never crosses
/// from one chunk to the next. It is {entry, 8 bytes; value, 8; key's length, with the highest bit set where the key was deleted and the next where it holds bytes, 2; key}.
/// </para>
/// </remarks>
internal sealed class ChangeRing
{
    /// <summary>The fewest bytes: two chunks.</summary>
    public const int MinBytes = 2 * ChunkBytes;

    /// <summary>The most bytes: 1 TiB.</summary>
    public const long MaxBytes = 1L << 40;

    private const int ChunkBytes = 8 * 1024;
    private const int HeadBytes = 18;
    private const int DeletedBit = 1 << 15;
    private const int BytesBit = 1 << 14;
    private const int LengthMask = BytesBit - 1;

    private readonly Chunk[] _chunks;
    private int _first;
    private int _count;
    private ChangePlace _last;

    /// <summary>An empty ring of a store to which nothing was applied yet.</summary>
    /// <param name="bytes">The most that changes may take; at least <see cref="MinBytes"/>.</param>
    public ChangeRing(long bytes)
    {
        Invariant.Check(bytes is >= MinBytes and <= MaxBytes, "a ring of changes is within its bounds");
        _chunks = new Chunk[bytes / ChunkBytes];
        _chunks[0] = new();
        Begin(LogIndex.Zero);
    }

    /// <summary>Every change behind this place is here.</summary>
    public ChangePlace Floor { get; private set; }

    /// <summary>Forgets everything: the store's state is that of this entry, and how it came about is not known here.</summary>
    public void Begin(LogIndex index)
    {
        (_first, _count) = (0, 0);
        Floor = _last = ChangePlace.Behind(index);
    }

    /// <summary>A counter has changed; entries come in the order of the log.</summary>
    public void Add(LogIndex index, ReadOnlySpan<byte> key, long? value) => Add(index, key, value ?? 0, value is null ? DeletedBit : 0);

    /// <summary>A key holds other bytes than before; entries come in the order of the log.</summary>
    public void AddBytes(LogIndex index, ReadOnlySpan<byte> key) => Add(index, key, 0, BytesBit);

    /// <summary>Reads on behind a place that is not in front of the <see cref="Floor"/>.</summary>
    public Reader ReadBehind(ChangePlace seen)
    {
        Invariant.Check(seen >= Floor, "what is gone is not read");
        var (low, high) = (0, _count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (At(middle).Last <= seen)
                low = middle + 1;
            else
                high = middle;
        }

        return new(this, low, seen);
    }

    private void Add(LogIndex index, ReadOnlySpan<byte> key, long value, int kind)
    {
        Invariant.Check(index >= _last.Index, "changes come in the order of the log");
        _last = index == _last.Index && _last.Number != ChangePlace.Whole ? new(index, _last.Number + 1) : new(index, 0);
        var chunk = ChunkFor(HeadBytes + key.Length);
        var record = chunk.Bytes.AsSpan(chunk.Used);
        BinaryPrimitives.WriteInt64LittleEndian(record, index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], value);
        BinaryPrimitives.WriteUInt16LittleEndian(record[16..], (ushort)(key.Length | kind));
        key.CopyTo(record[HeadBytes..]);
        chunk.Used += HeadBytes + key.Length;
        chunk.Last = _last;
    }

    private Chunk At(int place) => _chunks[(_first + place) % _chunks.Length];

    private Chunk ChunkFor(int size)
    {
        if (_count > 0 && At(_count - 1) is var newest && newest.Used + size <= ChunkBytes)
            return newest;
        if (_count == _chunks.Length)
        {
            Floor = At(0).Last;
            _first = (_first + 1) % _chunks.Length;
            _count--;
        }

        ref var chunk = ref _chunks[(_first + _count++) % _chunks.Length];
        chunk ??= new();
        (chunk.First, chunk.Used) = (_last, 0);
        return chunk;
    }

    /// <summary>Reads changes one after another; good until the ring is written.</summary>
    internal ref struct Reader(ChangeRing ring, int chunk, ChangePlace seen)
    {
        private int _chunk = chunk;
        private int _offset;
        private ChangePlace _at;

        /// <summary>Bytes of records that were looked at.</summary>
        public long Scanned { get; private set; }

        /// <summary>Everything up to here was read, as a mark to go on from: a whole entry where nothing more of it follows.</summary>
        public readonly ChangePlace Mark => _offset == 0 && Scanned == 0 ? seen : IsLastOfEntry() ? ChangePlace.Behind(_at.Index) : _at;

        /// <summary>The next change behind the place; false behind the last one.</summary>
        public bool TryRead(out CounterChange change)
        {
            while (_chunk < ring._count)
            {
                var current = ring.At(_chunk);
                if (_offset == current.Used)
                {
                    (_chunk, _offset) = (_chunk + 1, 0);
                    continue;
                }

                var record = current.Bytes.AsSpan(_offset);
                var index = new LogIndex(BinaryPrimitives.ReadInt64LittleEndian(record));
                _at = _offset == 0 ? current.First : new(index, index == _at.Index ? _at.Number + 1 : 0);
                var length = BinaryPrimitives.ReadUInt16LittleEndian(record[16..]);
                var size = HeadBytes + (length & LengthMask);
                _offset += size;
                Scanned += size;
                if (_at <= seen)
                    continue;
                change = new(_at, record[HeadBytes..size], (length & ~LengthMask) != 0 ? null : BinaryPrimitives.ReadInt64LittleEndian(record[8..]), (length & BytesBit) != 0);
                return true;
            }

            change = default;
            return false;
        }

        private readonly bool IsLastOfEntry()
        {
            var (place, offset) = (_chunk, _offset);
            if (place < ring._count && offset == ring.At(place).Used)
                (place, offset) = (place + 1, 0);
            return place >= ring._count || BinaryPrimitives.ReadInt64LittleEndian(ring.At(place).Bytes.AsSpan(offset)) != _at.Index.Value;
        }
    }

    private sealed class Chunk
    {
        public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(ChunkBytes);

        public int Used { get; set; }

        /// <summary>The place of its first record.</summary>
        public ChangePlace First { get; set; }

        /// <summary>The place of its last record.</summary>
        public ChangePlace Last { get; set; }
    }
}
