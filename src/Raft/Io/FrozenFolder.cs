using Microsoft.Win32.SafeHandles;

namespace RaftStream.Raft;

/// <summary>
/// A real data folder that is looked at and never changed: what a recovery writes, renames and deletes happens in memory alone, and is
/// forgotten with this object. Used from one thread, while no node runs over the folder.
/// </summary>
internal sealed class FrozenFolder : IDisk, IDisposable
{
    private const int BlockSize = 4096;

    private readonly SortedDictionary<string, FrozenFile> _files = new(StringComparer.Ordinal);
    private readonly SafeFileHandle? _lock;

    private FrozenFolder(string folder, SafeFileHandle? held)
    {
        _lock = held;
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            var name = Path.GetFileName(path);
            if (!string.Equals(name, FileDisk.LockName, StringComparison.Ordinal))
                _files.Add(name, new(path));
        }
    }

    /// <summary>Opens a folder that exists.</summary>
    /// <exception cref="IOException">It is not there, cannot be read, or a node runs over it: one sentence.</exception>
    public static FrozenFolder Open(string folder)
    {
        var full = Path.GetFullPath(folder);
        if (!Directory.Exists(full))
            throw new IOException($"There is no folder '{full}': give the data folder of a node.");
        try
        {
            return new(full, TakeLock(full));
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException($"'{full}' cannot be read: {refused.Message}", refused);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => [.. _files.Keys];

    /// <inheritdoc/>
    public IDiskFile Create(string name)
    {
        var file = new FrozenFile(null);
        _files.Add(name, file);
        return file;
    }

    /// <inheritdoc/>
    IDiskFile IDisk.Open(string name) =>
        _files.TryGetValue(name, out var file) ? file : throw new FileNotFoundException($"There is no file '{name}'.", name);

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        if (!_files.Remove(from, out var file))
            throw new FileNotFoundException($"There is no file '{from}'.", from);
        _files[to] = file;
    }

    /// <inheritdoc/>
    public void Delete(string name) => _files.Remove(name);

    /// <inheritdoc/>
    public void SyncFolder()
    {
        // Nothing leaves the memory.
    }

    /// <summary>Gives the folder free.</summary>
    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Close();
        _lock?.Dispose();
    }

    // A copy of a folder may have no lock file, and none is made: then nothing can run over it unseen.
    private static SafeFileHandle? TakeLock(string folder)
    {
        var path = Path.Combine(folder, FileDisk.LockName);
        if (!File.Exists(path))
            return null;
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None);
        }
        catch (IOException held)
        {
            throw new IOException($"The data folder '{folder}' is in use by a running node: stop the node, or look at a copy of the folder.", held);
        }
    }

    /// <summary>A file, with the blocks that were changed in memory. Stays open until the folder is closed, because it may be opened again.</summary>
    private sealed class FrozenFile(string? path) : IDiskFile
    {
        private readonly Dictionary<long, byte[]> _changed = [];
        private SafeFileHandle? _handle;
        private long _grownTo;

        public long Length => Math.Max(_grownTo, RealLength);

        private long RealLength => path is null ? 0 : RandomAccess.GetLength(Handle);

        private SafeFileHandle Handle => _handle ??= File.OpenHandle(path!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

        public int Read(long offset, Span<byte> destination)
        {
            var count = (int)Math.Clamp(Length - offset, 0, destination.Length);
            var bytes = destination[..count];
            ReadReal(offset, bytes);
            foreach (var (block, content) in _changed)
            {
                var start = Math.Max(offset, block * BlockSize);
                var end = Math.Min(offset + count, (block + 1) * BlockSize);
                if (start < end)
                    content.AsSpan((int)(start - (block * BlockSize)), (int)(end - start)).CopyTo(bytes[(int)(start - offset)..]);
            }

            return count;
        }

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            _grownTo = Math.Max(Length, offset + source.Length);
            while (!source.IsEmpty)
            {
                var (block, place) = (offset / BlockSize, (int)(offset % BlockSize));
                if (!_changed.TryGetValue(block, out var content))
                {
                    _changed.Add(block, content = new byte[BlockSize]);
                    ReadReal(block * BlockSize, content);
                }

                var part = Math.Min(source.Length, BlockSize - place);
                source[..part].CopyTo(content.AsSpan(place));
                source = source[part..];
                offset += part;
            }
        }

        public void SyncData()
        {
            // Nothing leaves the memory.
        }

        public void Dispose()
        {
            // Closed with the folder.
        }

        public void Close() => _handle?.Dispose();

        private void ReadReal(long offset, Span<byte> destination)
        {
            var total = 0;
            while (path is not null && total < destination.Length)
            {
                var count = RandomAccess.Read(Handle, destination[total..], offset + total);
                if (count == 0)
                    break;
                total += count;
            }

            destination[total..].Clear();
        }
    }
}
