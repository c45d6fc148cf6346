using System.Buffers.Binary;
using System.Globalization;

namespace RaftStream.Raft.Log;

/// <summary>A finished snapshot file, open for reading.</summary>
internal sealed class SnapshotFile : IDisposable
{
    /// <summary>What every file being written ends with. At a start they are removed, but for one being received.</summary>
    public const string PartSuffix = ".part";

    private const string Prefix = "snapshot-";
    private const string Suffix = ".snap";

    private readonly IDiskFile _file;
    private readonly string _name;

    private SnapshotFile(string name, IDiskFile file, SnapshotManifest manifest)
    {
        _name = name;
        _file = file;
        Manifest = manifest;
    }

    /// <summary>What the snapshot stands for.</summary>
    public SnapshotManifest Manifest { get; }

    /// <summary>The pieces of a transfer: the chunks, then the manifest.</summary>
    public int Pieces => Manifest.Chunks + 1;

    /// <summary>The name of the snapshot at a position.</summary>
    public static string NameOf(LogPosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{position.Index.Value:x16}-{position.Term.Value:x16}{Suffix}");

    /// <summary>The name under which the snapshot at a position is received: it tells which one can be gone on with.</summary>
    public static string PartNameOf(LogPosition position) => NameOf(position) + PartSuffix;

    /// <summary>Whether a file is a snapshot being received by its name, and at which position.</summary>
    public static bool TryParsePart(string name, out LogPosition position)
    {
        position = default;
        return name.EndsWith(PartSuffix, StringComparison.Ordinal) && TryParse(name[..^PartSuffix.Length], out position);
    }

    /// <summary>Whether a file is a snapshot by its name, and at which position.</summary>
    public static bool TryParse(string name, out LogPosition position)
    {
        position = default;
        if (name.Length != Prefix.Length + 33 + Suffix.Length
            || !name.StartsWith(Prefix, StringComparison.Ordinal)
            || !name.EndsWith(Suffix, StringComparison.Ordinal)
            || !long.TryParse(name.AsSpan(Prefix.Length, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var index)
            || !long.TryParse(name.AsSpan(Prefix.Length + 17, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var term))
            return false;
        position = new(new(index), new(term));
        return index > 0 && term > 0 && string.Equals(NameOf(position), name, StringComparison.Ordinal);
    }

    /// <summary>Opens the snapshot at a position and reads its manifest; null and the problem where that cannot be read.</summary>
    public static SnapshotFile? Open(IDisk disk, LogPosition position, out OpeningProblem? problem)
    {
        var name = NameOf(position);
        return Open(disk.Open(name), name, position, out problem);
    }

    /// <summary>
    /// Opens a snapshot that has any name, with the file, which is closed where it is none; its position must be the one expected, if one is.
    /// </summary>
    public static SnapshotFile? Open(IDiskFile file, string name, LogPosition? expected, out OpeningProblem? problem)
    {
        SnapshotFile? opened = null;
        try
        {
            problem = ReadManifest(file, name, out var manifest);
            if (manifest is not null && expected is { } position && manifest.Position != position)
                problem = new(OpeningKind.Corrupt, $"'{name}' holds the snapshot at {manifest.Position}");
            if (problem is null)
                opened = new(name, file, manifest!);
            return opened;
        }
        finally
        {
            if (opened is null)
                file.Dispose();
        }
    }

    /// <summary>The size in bytes of a piece.</summary>
    public int SizeOf(int piece) =>
        piece == Manifest.Chunks ? Manifest.Size : (int)Math.Min(SnapshotChunk.MaxSize, Manifest.Offset - SnapshotChunk.OffsetOf(piece));

    /// <summary>Reads a piece, which <paramref name="destination"/> must fit exactly, and verifies it.</summary>
    /// <exception cref="IOException">The medium failed or the piece is damaged.</exception>
    public void ReadPiece(int piece, Span<byte> destination)
    {
        var offset = piece == Manifest.Chunks ? Manifest.Offset : SnapshotChunk.OffsetOf(piece);
        var count = _file.Read(offset, destination);
        var valid = piece == Manifest.Chunks
            ? SnapshotManifest.Read(destination[..count], out _) == HeaderState.Valid
            : SnapshotChunk.IsValid(destination[..count], piece);
        if (!valid || count < destination.Length)
            throw new IOException($"'{_name}' is damaged at byte {offset}: piece {piece} of {Pieces} does not match its checksum; restart the node, which then uses an older snapshot where its log reaches back to it.");
    }

    /// <summary>Verifies every piece; null, or a sentence on the first that is damaged or cannot be read.</summary>
    public string? Verify()
    {
        var buffer = new byte[Manifest.Chunks == 0 ? 0 : SizeOf(0)];
        for (var piece = 0; piece < Manifest.Chunks; piece++)
        {
            var chunk = buffer.AsSpan(0, SizeOf(piece));
            var offset = SnapshotChunk.OffsetOf(piece);
            int count;
            try
            {
                count = _file.Read(offset, chunk);
            }
            catch (IOException unreadable)
            {
                return $"'{_name}' cannot be read at byte {offset}: {unreadable.Message}";
            }

            if (count < chunk.Length || !SnapshotChunk.IsValid(chunk, piece))
                return $"'{_name}' is damaged at byte {offset}: chunk {piece} of {Manifest.Chunks} does not match its checksum";
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static OpeningProblem? ReadManifest(IDiskFile file, string name, out SnapshotManifest? manifest)
    {
        manifest = null;
        try
        {
            return ParseManifest(file, name, out manifest);
        }
        catch (IOException unreadable)
        {
            return new(OpeningKind.Corrupt, $"the manifest of '{name}' cannot be read: {unreadable.Message}");
        }
    }

    private static OpeningProblem? ParseManifest(IDiskFile file, string name, out SnapshotManifest? manifest)
    {
        manifest = null;
        Span<byte> trailer = stackalloc byte[SnapshotManifest.TrailerSize];
        var length = file.Length;
        if (length < trailer.Length || file.Read(length - trailer.Length, trailer) < trailer.Length)
            return new(OpeningKind.Corrupt, $"'{name}' is too short for a manifest");
        var size = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        if (size > Math.Min(length, SnapshotManifest.MaxSize))
            return new(OpeningKind.Corrupt, $"'{name}' ends with a size of its manifest that cannot be right");
        var bytes = new byte[size];
        var count = file.Read(length - size, bytes);
        var state = SnapshotManifest.Read(bytes.AsSpan(0, count), out manifest);
        if (state == HeaderState.UnsupportedVersion)
            return new(OpeningKind.UnsupportedVersion, $"'{name}' is of a version this program does not know: start the program that wrote it, or a newer one.");
        if (manifest is null)
            return new(OpeningKind.Corrupt, $"'{name}' is damaged at byte {length - size}: its manifest does not match its checksum");
        return manifest.FileSize == length
            ? null
            : new(OpeningKind.Corrupt, $"'{name}' has {length} bytes and its manifest says {manifest.FileSize}");
    }
}
