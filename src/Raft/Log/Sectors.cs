namespace RaftStream.Raft.Log;

/// <summary>
/// What a power cut can do to a write: of the 512-byte sectors it touches, any subset arrives, each whole. Segments are zeros before
/// they are written, so a sector that did not arrive reads as zeros from where the write began in it.
/// </summary>
/// <remarks>
/// That is what tells a torn write from rot: a torn batch has a sector without a single bit set that was written with some. A batch
/// all of whose sectors arrived and whose checksum fails was damaged later, and was perhaps acknowledged.
/// </remarks>
internal static class Sectors
{
    /// <summary>The unit that a disk writes whole or not at all, in bytes.</summary>
    public const int Size = 512;

    /// <summary>Rounds up to whole sectors.</summary>
    public static int RoundUp(int bytes) => checked(bytes + Size - 1) / Size * Size;

    /// <summary>
    /// How many of the sectors that <paramref name="bytes"/>, standing at <paramref name="offset"/>, touch hold nothing but zeros in
    /// the part touched.
    /// </summary>
    public static int CountBlank(int offset, ReadOnlySpan<byte> bytes)
    {
        var blank = 0;
        while (!bytes.IsEmpty)
        {
            var part = Math.Min(Size - (offset % Size), bytes.Length);
            if (IsZero(bytes[..part]))
                blank++;
            bytes = bytes[part..];
            offset += part;
        }

        return blank;
    }

    /// <summary>Whether there is no bit set.</summary>
    public static bool IsZero(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept((byte)0) < 0;
}
