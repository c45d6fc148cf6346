using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// A backup: a snapshot in one file that needs no other, under any name. Owned by whoever opened it. A file of a data folder does as well,
/// as long as those that it refers to lie beside it.
/// </summary>
internal sealed class BackupFile : IDisposable
{
    private const int OpenAttempts = 3;

    private readonly SnapshotFile _file;
    private readonly string _path;

    private BackupFile(string path, SnapshotFile file, PlacedConfiguration members)
    {
        (_path, _file) = (path, file);
        Members = members.Configuration;
        Incarnation = SnapshotMembers.IncarnationOf(file.Manifest.Description.Members.Span);
    }

    /// <summary>What it stands for.</summary>
    public SnapshotManifest Manifest => _file.Manifest;

    /// <summary>The members when it was taken.</summary>
    public Configuration Members { get; }

    /// <summary>The cluster's incarnation when it was taken.</summary>
    public uint Incarnation { get; }

    /// <summary>The length of the file in bytes.</summary>
    public long FileSize => _file.FileSize;

    /// <summary>Opens a backup and reads its manifest; <see cref="Verify"/> looks at the rest.</summary>
    /// <exception cref="ReplicaException">It is none, or a damaged one.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static BackupFile Open(string path)
    {
        var file = SnapshotFile.Open(name => OpenBeside(path, name), path, expected: null, out var problem);
        if (file is null)
            throw Useless(problem!.Sentence);
        if (SnapshotMembers.TryRead(file.Manifest.Description.Members.Span) is { } members)
            return new(path, file, members);
        file.Dispose();
        throw Useless($"'{path}' does not tell who the members are");
    }

    /// <summary>
    /// Opens the newest snapshot of a running replica that stands at an index or behind it, to be read as a backup; null where there is none.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be read, or the snapshot is damaged.</exception>
    public static SnapshotExport? OpenNewest(string folder, LogIndex atLeast)
    {
        for (var attempt = 1; ; attempt++)
        {
            var newest = Directory.EnumerateFiles(folder)
                .Where(path => SnapshotFile.TryParse(Path.GetFileName(path), out var position) && position.Index >= atLeast)
                .MaxBy(static path => Path.GetFileName(path), StringComparer.Ordinal);
            if (newest is null)
                return null;
            try
            {
                if (SnapshotFile.Open(name => OpenBeside(newest, name), newest, expected: null, out var problem) is { } file)
                    return new(file);
                if (attempt == OpenAttempts)
                    throw new IOException($"The snapshot cannot be sent: {problem!.Sentence}.");
            }
            catch (FileNotFoundException) when (attempt < OpenAttempts)
            {
                // Newer ones have pushed it out, or a file that it needs, between the look and the opening: look again.
            }
        }
    }

    /// <summary>Reads every byte.</summary>
    /// <exception cref="ReplicaException">It is damaged: where.</exception>
    public void Verify()
    {
        if (_file.Verify() is { } damage)
            throw Useless(damage);
    }

    /// <summary>Reads a piece and verifies it; <paramref name="buffer"/> grows as needed.</summary>
    /// <exception cref="IOException">It cannot be read, or is damaged.</exception>
    public ReadOnlySpan<byte> ReadPiece(int piece, ref byte[] buffer)
    {
        var size = _file.SizeOf(piece);
        if (buffer.Length < size)
            buffer = new byte[size];
        _file.ReadPiece(piece, buffer.AsSpan(0, size));
        return buffer.AsSpan(0, size);
    }

    /// <inheritdoc/>
    public override string ToString() => _path;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // The replica may delete it meanwhile: what is open stays readable to its end.
    private static DiskFile OpenBeside(string path, string name)
    {
        var file = Path.IsPathRooted(name) || name == path ? name : Path.Combine(Path.GetDirectoryName(path) ?? "", name);
        return new(file, File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
    }

    private static ReplicaException Useless(string damage) => new($"{damage.TrimEnd('.')}: it cannot be restored, take another backup, or use an older one.");
}
