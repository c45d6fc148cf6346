namespace RaftStream.Raft.Log;

/// <summary>
/// Says where a chunk ends, by the content alone: where a rolling hash of the last 64 bytes has zeros on top. What is put in or taken
/// out of a state changes the chunk it falls into and seldom the next; behind that the cuts are where they were (Xia et al., "FastCDC",
/// ATC 2016, of which this is the gear hash with a least and a largest length).
/// </summary>
/// <remarks>
/// Owned by a writer, used for one chunk after another. Kept true: the places do not depend on the portions in which the bytes come, nor
/// on anything but the bytes from the chunk's start on.
/// </remarks>
internal sealed class ChunkCutter
{
    /// <summary>A byte leaves the hash after so many others.</summary>
    private const int Window = 64;

    private static readonly ulong[] Gear = MakeGear();

    private readonly ChunkSizes _sizes;
    private readonly ulong _mask;
    private ulong _hash;
    private int _place;

    public ChunkCutter(ChunkSizes sizes)
    {
        sizes.Check();
        _sizes = sizes;
        _mask = ((1UL << sizes.TailBits) - 1) << (64 - sizes.TailBits);
        Begin();
    }

    /// <summary>
    /// The length of the chunk that these bytes begin with, or 0 where more of them are needed to tell. Asked again with the same bytes
    /// and more behind them it goes on where it was.
    /// </summary>
    public int Find(ReadOnlySpan<byte> bytes)
    {
        var end = Math.Min(bytes.Length, _sizes.Max);
        var (hash, place) = (_hash, _place);
        for (; place < end; place++)
        {
            hash = (hash << 1) + Gear[bytes[place]];
            if ((hash & _mask) != 0 || place < _sizes.Min - 1)
                continue;
            Begin();
            return place + 1;
        }

        if (end == _sizes.Max)
        {
            Begin();
            return end;
        }

        (_hash, _place) = (hash, place);
        return 0;
    }

    // No byte more than a window before the first possible end can be in the hash there.
    private void Begin() => (_hash, _place) = (0, Math.Max(0, _sizes.Min - Window));

    // Any fixed numbers without a pattern will do: these are those of SplitMix64 from 1 on.
    private static ulong[] MakeGear()
    {
        var gear = new ulong[256];
        var state = 1UL;
        for (var value = 0; value < gear.Length; value++)
        {
            state += 0x9E37_79B9_7F4A_7C15;
            var mixed = (state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
            gear[value] = mixed ^ (mixed >> 31);
        }

        return gear;
    }
}
