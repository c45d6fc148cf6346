using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// A backup: a snapshot file, exactly as the replicas hold it, under any name. Owned by whoever opened it.
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

    /// <summary>The pieces: the chunks, then the manifest.</summary>
    public int Pieces => _file.Pieces;

    /// <summary>Opens a backup and reads its manifest; <see cref="Verify"/> looks at the rest.</summary>
    /// <exception cref="ReplicaException">It is none, or a damaged one.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static BackupFile Open(string path)
    {
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        var file = SnapshotFile.Open(new DiskFile(path, handle), path, expected: null, out var problem);
        if (file is null)
            throw Useless(problem!.Sentence);
        if (SnapshotMembers.TryRead(file.Manifest.Description.Members.Span) is { } members)
            return new(path, file, members);
        file.Dispose();
        throw Useless($"'{path}' does not tell who the members are");
    }

    /// <summary>Opens the newest snapshot of a running replica that stands at an index or behind it; null where there is none.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static FileStream? OpenNewest(string folder, LogIndex atLeast)
    {
        for (var attempt = 1; ; attempt++)
        {
            var newest = Directory.EnumerateFiles(folder)
                .Where(path => SnapshotFile.TryParse(Path.GetFileName(path), out var position) && position.Index >= atLeast)
                .MaxBy(static path => Path.GetFileName(path), StringComparer.Ordinal);
            try
            {
                // The replica may delete it meanwhile: what is open stays readable to its end.
                return newest is null ? null : new(newest, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan | FileOptions.Asynchronous);
            }
            catch (FileNotFoundException) when (attempt < OpenAttempts)
            {
                // Two newer ones have pushed it out between the look and the opening: look again.
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

    /// <summary>Reads a chunk and verifies it; <paramref name="buffer"/> grows as needed.</summary>
    /// <exception cref="IOException">It cannot be read, or is damaged.</exception>
    public ReadOnlySpan<byte> ReadChunk(int chunk, ref byte[] buffer)
    {
        var size = _file.SizeOf(chunk);
        if (buffer.Length < size)
            buffer = new byte[size];
        _file.ReadPiece(chunk, buffer.AsSpan(0, size));
        return buffer.AsSpan(0, size);
    }

    /// <inheritdoc/>
    public override string ToString() => _path;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static ReplicaException Useless(string damage) => new($"{damage.TrimEnd('.')}: it cannot be restored, take another backup, or use an older one.");
}
