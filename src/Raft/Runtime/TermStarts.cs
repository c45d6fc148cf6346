using System.Buffers.Binary;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Where each term begins in the log as far as it is applied: enough to tell of any position ever given out whether the entry there is the one that it was
/// given for. Replicated state: it follows from the log alone, and is a part of every snapshot.
/// </summary>
/// <remarks>
/// Little-endian in a snapshot. 0: magic (u64). 8: terms (u32). 12: zero (u32). Then each term: term (i64), index of its first entry (i64), both ever greater.
/// </remarks>
internal sealed class TermStarts
{
    /// <summary>So many terms are kept, the newest; of older positions nothing is told.</summary>
    public const int Max = 4096;

    private const ulong Magic = 0x3130_4D52_4554_5352; // "RSTERM01"
    private const int StartSize = 16;
    private const int PairSize = 16;

    private readonly LogPosition[] _starts = new LogPosition[Max];
    private int _first;

    /// <summary>How many terms are kept.</summary>
    public int Count { get; private set; }

    /// <summary>Grows with each term that is new here, so that whoever waits for one need not look at each entry.</summary>
    public int Begun { get; private set; }

    /// <summary>An entry was applied. That of a term known already tells nothing new.</summary>
    public void Add(LogPosition position)
    {
        if (Count > 0 && position.Term <= At(Count - 1).Term)
            return;
        if (Count == Max)
            (_first, Count) = ((_first + 1) % Max, Count - 1);
        _starts[(_first + Count++) % Max] = position;
        Begun++;
    }

    /// <summary>
    /// What became of the entry that was given <paramref name="position"/>, by a log that is applied up to <paramref name="applied"/> and, so that nothing made up is taken for
    /// lost, up to an entry of whoever led when the question came; null as long as that is not decided.
    /// </summary>
    /// <remarks>
    /// [safety] A committed entry of a higher term at or before the index: the log that everybody agrees on went on without it (<see cref="Outcome.Lost"/>). Else, once the index is
    /// applied, the entry there tells: a term has one entry at an index. One of a lower term has overtaken it, if a higher term began behind it: a leader of the higher term held
    /// the older entry there, and committed it with its own (as in figure 8 of the paper). If none did, nobody of the term of the position gave it out, for whoever led last had no such entry.
    /// </remarks>
    public (Outcome Outcome, Refusal Refusal)? Judge(LogPosition position, LogIndex applied)
    {
        var place = LastAtOrBefore(position.Index);
        if (place < 0)
            return Count == 0 ? null : (Outcome.Unknown, Refusal.TooOld);
        var start = At(place);
        if (start.Term > position.Term)
            return (Outcome.Lost, Refusal.None);
        if (applied < position.Index)
            return null;
        if (start.Term == position.Term)
            return (Outcome.Applied, Refusal.None);
        return At(Count - 1).Term > position.Term ? (Outcome.Lost, Refusal.None) : (Outcome.Rejected, Refusal.NoSuchEntry);
    }

    /// <summary>All of it as bytes for a snapshot.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[StartSize + (Count * PairSize)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), (uint)Count);
        for (var place = 0; place < Count; place++)
        {
            var pair = bytes.AsSpan(StartSize + (place * PairSize));
            BinaryPrimitives.WriteInt64LittleEndian(pair, At(place).Term.Value);
            BinaryPrimitives.WriteInt64LittleEndian(pair[8..], At(place).Index.Value);
        }

        return bytes;
    }

    /// <summary>Replaces everything by what a snapshot holds, and leaves the source behind it.</summary>
    /// <exception cref="InvalidDataException">It holds no such list, or one that no log could have led to.</exception>
    public void Restore(ISnapshotReader source)
    {
        Span<byte> bytes = stackalloc byte[StartSize];
        Fill(source, bytes);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic)
            throw new InvalidDataException("The snapshot does not begin with the terms of its log: it was written by another release, use the one that wrote it.");
        if (count > Max || BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) != 0)
            throw Damaged("their number");
        (_first, Count) = (0, 0);
        var before = LogPosition.Zero;
        for (var place = 0; place < count; place++)
        {
            Fill(source, bytes);
            var start = new LogPosition(new(BinaryPrimitives.ReadInt64LittleEndian(bytes[8..])), new(BinaryPrimitives.ReadInt64LittleEndian(bytes)));
            if (start.Term <= before.Term || start.Index <= before.Index)
                throw Damaged($"term {start.Term}");
            Add(start);
            before = start;
        }
    }

    private LogPosition At(int place) => _starts[(_first + place) % Max];

    private int LastAtOrBefore(LogIndex index)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (At(middle).Index <= index)
                low = middle + 1;
            else
                high = middle;
        }

        return low - 1;
    }

    private static void Fill(ISnapshotReader source, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = source.Read(destination);
            if (read == 0)
                throw Damaged("where they end");
            destination = destination[read..];
        }
    }

    private static InvalidDataException Damaged(string what) => new($"The snapshot's terms are damaged at {what}: restore another copy of it.");
}
