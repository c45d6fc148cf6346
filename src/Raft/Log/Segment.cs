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

    /// <summary>Which log it is a part of.</summary>
    public ulong LogId => header.LogId;

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
}
