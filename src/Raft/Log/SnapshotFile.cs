using System.Buffers.Binary;
using System.Globalization;

namespace RaftStream.Raft.Log;

/// <summary>
/// A finished snapshot, open for reading, with all files in which its chunks stand: they stay readable as long as it is open, also when
/// their names have been removed.
/// </summary>
internal sealed class SnapshotFile : IDisposable
{
    /// <summary>What every file being written ends with. At a start they are removed, but for one being received.</summary>
    public const string PartSuffix = ".part";

    private const string Prefix = "snapshot-";
    private const string Suffix = ".snap";

    private readonly List<IDiskFile> _files;
    private readonly SnapshotLayout _layout;
    private readonly string _name;

    private SnapshotFile(string name, List<IDiskFile> files, SnapshotLayout layout, bool isOld) => (_name, _files, _layout, IsOld) = (name, files, layout, isOld);

    /// <summary>What the snapshot stands for.</summary>
    public SnapshotManifest Manifest => _layout.Manifest;

    /// <summary>Which chunks, and where they stand.</summary>
    public SnapshotLayout Layout => _layout;

    /// <summary>Whether the file is of version 1.</summary>
    public bool IsOld { get; }

    /// <summary>The length of its own file in bytes.</summary>
    public long FileSize => _files[0].Length;

    /// <summary>The pieces of a transfer: the manifest, the list of chunks, the chunks.</summary>
    public int Pieces => FirstChunk + Manifest.Chunks;

    private int FirstChunk => 1 + ChunkList.PiecesOf(Manifest.Chunks);

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

    /// <summary>Opens the snapshot at a position; null and the problem where it cannot be read. The chunks are not looked at.</summary>
    public static SnapshotFile? Open(IDisk disk, LogPosition position, out OpeningProblem? problem)
    {
        try
        {
            return Open(disk.Open, NameOf(position), position, out problem);
        }
        catch (IOException failure)
        {
            problem = OpeningProblem.CannotOpen(NameOf(position), failure);
            return null;
        }
    }

    /// <summary>
    /// Opens a snapshot that has any name; its position must be the one expected, if one is. <paramref name="open"/> opens a file of its folder.
    /// </summary>
    /// <exception cref="IOException">The file of that name cannot be opened.</exception>
    public static SnapshotFile? Open(Func<string, IDiskFile> open, string name, LogPosition? expected, out OpeningProblem? problem)
    {
        var files = new List<IDiskFile> { open(name) };
        SnapshotFile? opened = null;
        try
        {
            problem = Read(open, name, expected, files, out opened);
            return opened;
        }
        finally
        {
            if (opened is null)
                files.ForEach(static file => file.Dispose());
        }
    }

    /// <summary>The size in bytes of a piece.</summary>
    public int SizeOf(int piece) =>
        piece == 0 ? Manifest.Size
        : piece < FirstChunk ? ChunkList.SizeOfPiece(Manifest.Chunks, piece - 1)
        : _layout.List[piece - FirstChunk].RecordSize;

    /// <summary>Reads a piece, which <paramref name="destination"/> must fit exactly, and verifies it.</summary>
    /// <exception cref="IOException">The medium failed or the piece is damaged.</exception>
    public void ReadPiece(int piece, Span<byte> destination)
    {
        if (piece == 0)
            Manifest.ToBytes().CopyTo(destination);
        else if (piece < FirstChunk)
            _layout.List.WritePiece(piece - 1, destination);
        else
            ReadChunk(piece - FirstChunk, destination);
    }

    /// <summary>Reads a chunk with its header, which <paramref name="destination"/> must fit exactly, and verifies it.</summary>
    /// <exception cref="IOException">The medium failed or the chunk is damaged.</exception>
    public void ReadChunk(int chunk, Span<byte> destination)
    {
        if (DamageOf(chunk, destination) is { } damage)
            throw new IOException($"{damage}; restart the node, which then uses an older snapshot where its log reaches back to it.");
    }

    /// <summary>Verifies every chunk; null, or a sentence on the first that is damaged or cannot be read.</summary>
    public string? Verify()
    {
        var buffer = Array.Empty<byte>();
        for (var chunk = 0; chunk < Manifest.Chunks; chunk++)
        {
            var size = _layout.List[chunk].RecordSize;
            if (buffer.Length < size)
                buffer = new byte[size];
            if (DamageOf(chunk, buffer.AsSpan(0, size)) is { } damage)
                return damage;
        }

        return null;
    }

    /// <summary>Reads bytes of one of its files as they are: 0 is its own, the others count as in the layout.</summary>
    /// <exception cref="IOException">The medium failed.</exception>
    public int ReadRaw(int file, long offset, Span<byte> destination) => _files[file].Read(offset, destination);

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(static file => file.Dispose());

    // [safety] A chunk in another snapshot's file is held against its hash each time: its checksum alone would let the wrong one pass.
    private string? DamageOf(int chunk, Span<byte> record)
    {
        var place = _layout.Places[chunk];
        var file = place.File == 0 ? _name : NameOf(_layout.Bases[place.File - 1].Position);
        try
        {
            var count = _files[place.File].Read(place.Offset, record);
            if (count == record.Length && IsOld && SnapshotChunk.IsValidOld(record, chunk))
            {
                SnapshotChunk.Seal(record);
                return null;
            }

            if (count == record.Length && SnapshotChunk.IsValid(record) && (place.File == 0 || ChunkKey.Of(SnapshotChunk.DataOf(record)) == _layout.List[chunk]))
                return null;
        }
        catch (IOException unreadable)
        {
            return $"'{file}' cannot be read at byte {place.Offset}, where chunk {chunk} of {Manifest.Chunks} of '{_name}' stands: {unreadable.Message}";
        }

        return $"'{file}' is damaged at byte {place.Offset}: chunk {chunk} of {Manifest.Chunks} of '{_name}' does not match its checksum";
    }

    private static OpeningProblem? Read(Func<string, IDiskFile> open, string name, LogPosition? expected, List<IDiskFile> files, out SnapshotFile? opened)
    {
        opened = null;
        try
        {
            if (ReadManifest(files[0], name, out var manifest) is { } problem)
                return problem;
            if (expected is { } position && manifest!.Position != position)
                return new(OpeningKind.Corrupt, $"'{name}' holds the snapshot at {manifest.Position}");
            var layout = manifest!.IsOld ? OldSnapshot.Read(files[0], manifest, out var damage) : SnapshotLayout.Read(files[0], manifest, out damage);
            if (layout is null)
                return new(OpeningKind.Corrupt, $"'{name}' is damaged at byte {damage}: what stands there does not fit its manifest");
            foreach (var from in layout.Bases)
            {
                if (OpenBase(open, name, from, files) is { } missing)
                    return missing;
            }

            opened = new(name, files, layout, manifest.IsOld);
            return null;
        }
        catch (IOException unreadable)
        {
            return new(OpeningKind.Corrupt, $"'{name}' cannot be read: {unreadable.Message}");
        }
    }

    private static OpeningProblem? OpenBase(Func<string, IDiskFile> open, string name, SnapshotBase from, List<IDiskFile> files)
    {
        var opened = files.Count;
        try
        {
            files.Add(open(NameOf(from.Position)));
            return files[^1].Length >= from.Records ? null : new(OpeningKind.Corrupt, $"'{NameOf(from.Position)}', in which chunks of '{name}' stand, is too short");
        }
        catch (FileNotFoundException)
        {
            return new(OpeningKind.Corrupt, $"'{NameOf(from.Position)}', in which chunks of '{name}' stand, is not there");
        }
        catch (IOException failure) when (files.Count == opened)
        {
            // [safety] Whoever took it for damaged would go on without it, and remove it and all that only it needs.
            return OpeningProblem.CannotOpen(NameOf(from.Position), failure);
        }
    }

    private static OpeningProblem? ReadManifest(IDiskFile file, string name, out SnapshotManifest? manifest)
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
        return SnapshotManifest.Read(bytes.AsSpan(0, count), out manifest) switch
        {
            HeaderState.Valid => null,
            HeaderState.UnsupportedVersion => new(OpeningKind.UnsupportedVersion, $"'{name}' is of a version this program does not know: start the program that wrote it, or a newer one."),
            _ => new(OpeningKind.Corrupt, $"'{name}' is damaged at byte {length - size}: its manifest does not match its checksum"),
        };
    }
}
