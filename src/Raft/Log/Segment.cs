using System.Globalization;

namespace RaftStream.Raft.Log;

/// <summary>One file of the log, open. Owned by the log.</summary>
internal sealed class Segment(SegmentHeader header, IDiskFile file) : IDisposable
{
    private const string Prefix = "log-";
    private const string Suffix = ".seg";

    /// <summary>Its number, counted from 1 and never used again.</summary>
    public long Number => header.Number;

    /// <summary>Its size in bytes; what is not yet written is zeros.</summary>
    public int Size => header.FileSize;

    /// <summary>What the checksums of its batches start from.</summary>
    public ulong Salt => header.Salt;

    /// <summary>Where it takes up.</summary>
    public Checkpoint Checkpoint => header.Checkpoint;

    /// <summary>Its file.</summary>
    public IDiskFile File => file;

    /// <summary>Its file's name.</summary>
    public string Name => NameOf(header.Number);

    /// <summary>
    /// The lowest index among its entries, replaced ones included. While it is not above the checkpoint's base, an entry here
    /// replaced one of an older segment and the checkpoint tells nothing true about the log.
    /// </summary>
    public LogIndex Lowest { get; set; } = new(long.MaxValue);

    /// <summary>The name of the segment with that number.</summary>
    public static string NameOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:x16}{Suffix}");

    /// <summary>Whether a file is a segment by its name, and which.</summary>
    public static bool TryParse(string name, out long number)
    {
        number = 0;
        return name.Length == Prefix.Length + 16 + Suffix.Length
            && name.StartsWith(Prefix, StringComparison.Ordinal)
            && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(Prefix.Length, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            && number > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    /// <summary>The place of the first segment that must stay when entries up to an index are dropped.</summary>
    /// <remarks>
    /// A segment may become the first only if no entry in it or behind it has replaced one of an older segment: its checkpoint would
    /// name as base an entry that is no longer in the log. The replaced tail of an older segment thus stays until a later segment has
    /// been begun.
    /// </remarks>
    public static int FirstToKeep(IReadOnlyList<Segment> segments, LogIndex index)
    {
        var keep = segments.Count - 1;
        var lowest = new LogIndex(long.MaxValue);
        for (; keep > 0; keep--)
        {
            lowest = LogIndex.Min(lowest, segments[keep].Lowest);
            var start = segments[keep].Checkpoint.Base.Index;
            if (start <= index && lowest > start)
                break;
        }

        return keep;
    }
}
