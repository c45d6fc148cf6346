using System.Runtime.InteropServices;

namespace RaftStream.Testing.Linearizability;

/// <summary>
/// The configurations that a search has been in: which answered operations were taken, which open ones, and the state. Compared
/// exactly; the hash only finds the place.
/// </summary>
/// <remarks>
/// <para>A configuration is left out if one is here with the same answered operations and the same state that took the same or fewer open
/// ones. Whatever goes on from the former goes on from the latter: the same operations can be taken, and no open one that the former has
/// left is used up in the latter. Without this every set of open operations would be tried beside every order of the others.</para>
/// <para>Of the bits only the words between the first operation not taken and the end of the window are kept: before it all are taken,
/// behind it none. Every byte is counted.</para>
/// </remarks>
internal sealed class ConfigurationMemo
{
    private const int HeaderWords = 4;
    private const int FirstChunkWords = 256;
    private const int LargestChunkWords = 1 << 16;
    private const int FirstBuckets = 64;
    private const int OffsetBits = 24;

    private readonly List<ulong[]> _chunks = [];
    private readonly long _limitBytes;
    private long[] _buckets = new long[FirstBuckets];
    private int _free;
    private int _count;

    /// <summary>Takes the bytes that it may use.</summary>
    public ConfigurationMemo(long limitBytes)
    {
        _limitBytes = limitBytes;
        Bytes = FirstBuckets * sizeof(long);
    }

    /// <summary>The bytes in use.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the last configuration found no room.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Remembers a configuration; false if it is there, or one that covers it.</summary>
    /// <param name="hash">A hash of the answered operations and the state.</param>
    /// <param name="state">The state.</param>
    /// <param name="tag">What else must be equal: the index of the first word and the kind of the last move.</param>
    /// <param name="done">The answered operations taken, from the first word that is not full to the last that is not empty.</param>
    /// <param name="used">The open operations taken.</param>
    public bool Add(ulong hash, long state, int tag, ReadOnlySpan<ulong> done, ReadOnlySpan<ulong> used)
    {
        var header = ((ulong)(uint)tag << 32) | (uint)done.Length;
        for (var at = _buckets[Bucket(hash)]; at != 0;)
        {
            var entry = EntryAt(at);
            if (entry[1] == hash && entry[2] == (ulong)state && entry[3] == header
                && entry.Slice(HeaderWords, done.Length).SequenceEqual(done) && IsSubset(entry.Slice(HeaderWords + done.Length, used.Length), used))
                return false;
            at = (long)entry[0];
        }
        Insert(hash, state, header, done, used);
        return true;
    }

    private static bool IsSubset(ReadOnlySpan<ulong> part, ReadOnlySpan<ulong> whole)
    {
        for (var word = 0; word < part.Length; word++)
        {
            if ((part[word] & ~whole[word]) != 0)
                return false;
        }
        return true;
    }

    private void Insert(ulong hash, long state, ulong header, ReadOnlySpan<ulong> done, ReadOnlySpan<ulong> used)
    {
        var words = HeaderWords + done.Length + used.Length;
        if (_count >= _buckets.Length && !Grow())
            return;
        if ((_chunks.Count == 0 || _free + words > _chunks[^1].Length) && !AddChunk(words))
            return;
        var entry = _chunks[^1].AsSpan(_free, words);
        ref var bucket = ref _buckets[Bucket(hash)];
        entry[0] = (ulong)bucket;
        entry[1] = hash;
        entry[2] = (ulong)state;
        entry[3] = header;
        done.CopyTo(entry[HeaderWords..]);
        used.CopyTo(entry[(HeaderWords + done.Length)..]);
        bucket = ((long)_chunks.Count << OffsetBits) | (uint)_free;
        _free += words;
        _count++;
    }

    private bool AddChunk(int words)
    {
        var size = Math.Max(words, _chunks.Count == 0 ? FirstChunkWords : Math.Min(_chunks[^1].Length * 2, LargestChunkWords));
        if (!Reserve((long)size * sizeof(ulong)))
            return false;
        _chunks.Add(new ulong[size]);
        _free = 0;
        return true;
    }

    // While it grows both tables are there; the old one is given back afterwards.
    private bool Grow()
    {
        if (!Reserve(_buckets.Length * 2L * sizeof(long)))
            return false;
        var old = _buckets;
        _buckets = new long[old.Length * 2];
        foreach (var first in old)
        {
            for (var at = first; at != 0;)
            {
                var entry = EntryAt(at);
                var next = (long)entry[0];
                ref var bucket = ref _buckets[Bucket(entry[1])];
                entry[0] = (ulong)bucket;
                bucket = at;
                at = next;
            }
        }
        Bytes -= old.Length * sizeof(long);
        return true;
    }

    private bool Reserve(long bytes)
    {
        IsFull = Bytes + bytes > _limitBytes;
        if (!IsFull)
            Bytes += bytes;
        return !IsFull;
    }

    private int Bucket(ulong hash) => (int)(hash & (ulong)(_buckets.Length - 1));

    private Span<ulong> EntryAt(long address) =>
        CollectionsMarshal.AsSpan(_chunks)[(int)(address >> OffsetBits) - 1].AsSpan((int)(address & ((1 << OffsetBits) - 1)));
}
