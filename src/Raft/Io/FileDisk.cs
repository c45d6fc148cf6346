using Microsoft.Win32.SafeHandles;

namespace RaftStream.Raft;

/// <summary>
/// A real folder. Owned by the disk agent of one replica; an exclusive lock keeps every other process (and every other replica of
/// this one) out of the folder for as long as it is open.
/// </summary>
/// <remarks>
/// Synchronous <see cref="RandomAccess"/> throughout: asynchronous file I/O on Linux is a thread of the pool doing the same call.
/// </remarks>
internal sealed class FileDisk : IDisk, IDisposable
{
    /// <summary>The name of the lock file: not part of <see cref="List"/>, never deleted (a deleted lock can be held twice).</summary>
    public const string LockName = ".lock";

    private readonly string _folder;
    private readonly SafeFileHandle _lock;

    private FileDisk(string folder, SafeFileHandle held)
    {
        _folder = folder;
        _lock = held;
    }

    /// <summary>Opens a folder, making it if it is missing.</summary>
    /// <exception cref="IOException">It cannot be made or read, or another process has it open: one sentence.</exception>
    public static FileDisk OpenFolder(string folder)
    {
        var full = Path.GetFullPath(folder);
        return Reach(full, () =>
        {
            // Each folder made is a name in the one above it, which a power cut can take like any other.
            var touched = new List<string>();
            for (var below = full; !Directory.Exists(below) && Path.GetDirectoryName(below) is { } above; below = above)
            {
                if (File.Exists(below))
                    throw new IOException($"'{below}' is a file where a folder is needed: move it away.");
                touched.Add(above);
            }

            Directory.CreateDirectory(full);
            touched.ForEach(Posix.SyncFolder);
            return new FileDisk(full, TakeLock(full));
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => Reach(_folder, () =>
    {
        var names = new List<string>();
        foreach (var path in Directory.EnumerateFiles(_folder))
        {
            var name = Path.GetFileName(path);
            if (!string.Equals(name, LockName, StringComparison.Ordinal))
                names.Add(name);
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    });

    /// <inheritdoc/>
    public IDiskFile Create(string name) => OpenFile(name, FileMode.CreateNew);

    /// <inheritdoc/>
    public IDiskFile Open(string name) => OpenFile(name, FileMode.Open);

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        var (source, target) = (PathOf(from), PathOf(to));
        _ = Reach(source, () =>
        {
            File.Move(source, target, overwrite: true);
            return true;
        });
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        var path = PathOf(name);
        _ = Reach(path, () =>
        {
            File.Delete(path);
            return true;
        });
    }

    /// <inheritdoc/>
    public void SyncFolder() => Posix.SyncFolder(_folder);

    /// <summary>Gives the folder free. Files opened from it stay their owners' to close.</summary>
    public void Dispose() => _lock.Dispose();

    private static SafeFileHandle TakeLock(string folder)
    {
        try
        {
            return File.OpenHandle(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException held) when (held is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new IOException($"The data folder '{folder}' is in use by another process: stop it, or give this node a folder of its own.", held);
        }
    }

    private DiskFile OpenFile(string name, FileMode mode)
    {
        var path = PathOf(name);
        return Reach(path, () =>
            new DiskFile(path, File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete)));
    }

    private string PathOf(string name)
    {
        if (name.Length == 0 || name.AsSpan().IndexOfAny('/', '\\') >= 0 || string.Equals(name, LockName, StringComparison.Ordinal))
            throw new ArgumentException($"'{name}' is no name of a file in a flat data folder.", nameof(name));
        return Path.Combine(_folder, name);
    }

    // A folder without permission is a fault of the medium to those above, who know only IOException.
    private static T Reach<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException($"'{path}' cannot be used: {refused.Message}", refused);
        }
        catch (IOException full) when (Posix.IsOutOfSpace(full))
        {
            throw new DiskFullException($"There is no room for '{path}': {full.Message}", full);
        }
    }
}
